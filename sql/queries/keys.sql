-- API keys: the secret's hash stands here, the secret nowhere.

-- name: key_list
-- lane: read
SELECT id, name, to_jsonb(scopes) AS scopes, role, key_hint, created_by, created_at, last_used_at, revoked_at
  FROM api_keys WHERE tenant_id = $1 AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $2;

-- name: key_get
-- lane: read
SELECT id, name, to_jsonb(scopes) AS scopes, role, key_hint, created_by, created_at, last_used_at, revoked_at
  FROM api_keys WHERE tenant_id = $1 AND id = $2;

-- name: key_add
-- lane: write
WITH added AS (
    INSERT INTO api_keys (tenant_id, name, scopes, role, key_hash, key_hint, created_by)
    VALUES ($1, $2, ARRAY(SELECT jsonb_array_elements_text(coalesce($3::text, '[]')::jsonb)), $4, $5, $6, $7)
    RETURNING *)
SELECT id, name, to_jsonb(scopes) AS scopes, role, key_hint, created_by, created_at, last_used_at, revoked_at,
       outdial.audit_add($1, 'key.add', id, jsonb_build_object('name', name, 'role', role)) AS audited
  FROM added;

-- name: key_revoke
-- lane: write by $2
WITH gone AS (
    UPDATE api_keys SET revoked_at = outdial.now(), epoch = epoch + 1
     WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL RETURNING id, name)
SELECT outdial.audit_add($1, 'key.revoke', id, jsonb_build_object('name', name)) FROM gone;
