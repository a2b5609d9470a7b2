-- SIP trunks of a tenant.

-- name: trunk_list
-- lane: read
SELECT id, account_id, provider, trunk_sid, name, created_at, updated_at
  FROM trunks WHERE tenant_id = $1 AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $2;

-- name: trunk_get
-- lane: read
SELECT id, account_id, provider, trunk_sid, name, created_at, updated_at FROM trunks WHERE tenant_id = $1 AND id = $2;

-- name: trunk_add
-- lane: write
WITH added AS (
    INSERT INTO trunks (tenant_id, account_id, provider, trunk_sid, name) VALUES ($1, $2::uuid, $3, $4, coalesce($5, '')) RETURNING *)
SELECT id, account_id, provider, trunk_sid, name, created_at, updated_at,
       outdial.audit_add($1, 'trunk.add', id, jsonb_build_object('trunk_sid', trunk_sid)) AS audited
  FROM added;

-- name: trunk_save
-- lane: write by $2
-- Unless it has changed since $3.  A foreign account is refused by its key.
WITH saved AS (
    UPDATE trunks SET account_id = $4::uuid, name = coalesce($5, ''), updated_at = outdial.now()
     WHERE tenant_id = $1 AND id = $2 AND updated_at = $3
    RETURNING *)
SELECT id, account_id, provider, trunk_sid, name, created_at, updated_at,
       outdial.audit_add($1, 'trunk.update', id, jsonb_build_object('name', name, 'account_id', account_id)) AS audited
  FROM saved;

-- name: trunk_remove
-- lane: write by $2
-- Unless it has changed since $3.
WITH gone AS (DELETE FROM trunks WHERE tenant_id = $1 AND id = $2 AND updated_at = $3 RETURNING id, trunk_sid)
SELECT outdial.audit_add($1, 'trunk.remove', id, jsonb_build_object('trunk_sid', trunk_sid)) FROM gone;
