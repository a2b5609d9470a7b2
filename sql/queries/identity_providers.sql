-- A tenant's own identity providers.

-- name: identity_provider_list
-- lane: read
SELECT id, tenant_id, name, issuer, audience, algorithm, public_key, keys, jwks_url, user_claim, role_claim, role_map, default_role, creates_users,
       is_active, created_at, updated_at
  FROM identity_providers WHERE tenant_id = $1 AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $2;

-- name: identity_provider_get
-- lane: read
SELECT id, tenant_id, name, issuer, audience, algorithm, public_key, keys, jwks_url, user_claim, role_claim, role_map, default_role, creates_users,
       is_active, created_at, updated_at
  FROM identity_providers WHERE tenant_id = $1 AND id = $2;

-- name: identity_provider_add
-- lane: write
-- At most twenty a tenant.
WITH added AS (
    INSERT INTO identity_providers (tenant_id, name, issuer, audience, algorithm, public_key, keys, jwks_url, user_claim, role_claim, role_map,
                                    default_role, creates_users, is_active)
    SELECT $1, $2, $3, $4, $5, $6, coalesce($7::text, '{}')::jsonb, $8, $9, $10, coalesce($11::text, '{}')::jsonb, $12, $13, $14
     WHERE (SELECT count(*) FROM identity_providers WHERE tenant_id = $1) < 20
    RETURNING *)
SELECT id, tenant_id, name, issuer, audience, algorithm, public_key, keys, jwks_url, user_claim, role_claim, role_map, default_role, creates_users,
       is_active, created_at, updated_at, outdial.audit_add($1, 'identity_provider.add', id, jsonb_build_object('name', name, 'issuer', issuer)) AS audited
  FROM added;

-- name: identity_provider_save
-- lane: write by $2
-- Unless it has changed since $3.
WITH saved AS (
    UPDATE identity_providers
       SET name = $4, issuer = $5, audience = $6, algorithm = $7, public_key = $8, keys = coalesce($9::text, '{}')::jsonb, jwks_url = $10, user_claim = $11,
           role_claim = $12, role_map = coalesce($13::text, '{}')::jsonb, default_role = $14, creates_users = $15, is_active = $16, updated_at = outdial.now()
     WHERE tenant_id = $1 AND id = $2 AND updated_at = $3
    RETURNING *)
SELECT id, tenant_id, name, issuer, audience, algorithm, public_key, keys, jwks_url, user_claim, role_claim, role_map, default_role, creates_users,
       is_active, created_at, updated_at, outdial.audit_add($1, 'identity_provider.update', id, jsonb_build_object('name', name, 'issuer', issuer)) AS audited
  FROM saved;

-- name: identity_provider_remove
-- lane: write by $2
WITH gone AS (DELETE FROM identity_providers WHERE tenant_id = $1 AND id = $2 RETURNING id, name, issuer)
SELECT outdial.audit_add($1, 'identity_provider.remove', id, jsonb_build_object('name', name, 'issuer', issuer)) FROM gone;
