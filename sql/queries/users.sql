-- People of a tenant.

-- name: user_list
-- lane: read
SELECT id, email, name, role, phone_e164, caller_id, locale, status, is_platform, totp_enabled, created_at, updated_at
  FROM users WHERE tenant_id = $1 AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $2;

-- name: user_get
-- lane: read
SELECT id, email, name, role, phone_e164, caller_id, locale, status, is_platform, totp_enabled, epoch, password_hash, created_at, updated_at
  FROM users WHERE tenant_id = $1 AND id = $2;

-- name: user_add
-- lane: write
WITH added AS (
    INSERT INTO users (tenant_id, email, name, role, phone_e164, locale, password_hash, caller_id)
    VALUES ($1, $2, coalesce($3, ''), $4, $5, $6, $7, $8)
    RETURNING *)
SELECT id, email, name, role, phone_e164, caller_id, locale, status, is_platform, totp_enabled, epoch, created_at, updated_at,
       outdial.audit_add($1, 'user.add', id, jsonb_build_object('role', role)) AS audited
  FROM added;

-- name: user_save
-- lane: write by $2
-- Unless it has changed since $3.  $10 NULL keeps the password; $11: tokens made before are dead.
WITH saved AS (
    UPDATE users
       SET email = $4, name = coalesce($5, ''), role = $6, phone_e164 = $7, locale = $8, status = $9,
           password_hash = coalesce($10, password_hash), epoch = epoch + CASE WHEN $11::boolean THEN 1 ELSE 0 END,
           caller_id = $13, updated_at = outdial.now()
     WHERE tenant_id = $1 AND id = $2 AND updated_at = $3
    RETURNING *)
SELECT id, email, name, role, phone_e164, caller_id, locale, status, is_platform, totp_enabled, epoch, created_at, updated_at,
       outdial.audit_add($1, 'user.update', id, $12::text::jsonb) AS audited
  FROM saved;

-- name: user_remove
-- lane: write by $2
WITH gone AS (DELETE FROM users WHERE tenant_id = $1 AND id = $2 AND updated_at = $3 RETURNING id, role)
SELECT outdial.audit_add($1, 'user.remove', id, jsonb_build_object('role', role)) FROM gone;

-- name: user_owners_besides
-- lane: read
SELECT count(*) AS others FROM users WHERE tenant_id = $1 AND role = 'owner' AND status = 'active' AND id <> $2;

-- name: operator_user_find
-- lane: own
-- For the operator's command: e-mail addresses are unique on the whole platform.
-- global
SELECT id, tenant_id, email, role FROM users WHERE email = lower($1);

-- name: operator_user_platform
-- lane: own
-- global
UPDATE users SET is_platform = $2 WHERE id = $1;
