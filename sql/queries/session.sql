-- What db.c and the guard send by themselves.

-- name: session_begin
-- lane: own
-- global
BEGIN;

-- name: session_commit
-- lane: own
-- global
COMMIT;

-- name: session_rollback
-- lane: own
-- global
ROLLBACK;

-- name: session_enter
-- lane: own
-- global
SELECT outdial.enter($1, $2, $3, $4, $5, $6);

-- name: session_hold
-- lane: own
-- global
SELECT outdial.hold();

-- name: session_ping
-- lane: read
-- Nothing but the credential check that travels with it.
-- global
SELECT 1;

-- name: session_platform
-- lane: read
-- The same, for platform administrators alone.
-- global
SELECT outdial.platform_only();

-- name: session_key
-- lane: write
-- global
SELECT id, tenant_id, epoch, role FROM outdial.key_by_hash($1);

-- name: session_providers
-- lane: read
-- Who may have issued a token: $1 issuer, $2 its audiences, $3 the tenant of the path or none.  Nothing is verified yet.
-- global
SELECT id, tenant_id, name, issuer, audience, algorithm, public_key, keys, jwks_url, user_claim, role_claim, role_map, default_role, creates_users,
       is_active, created_at, updated_at
  FROM outdial.providers_of($1, $2, $3);

-- name: session_external
-- lane: write
-- Whom a verified token stands for: $1 provider, $2 subject, $3 verified e-mail address, $4 when it was issued, $5 role.
-- global
SELECT id, tenant_id, role, epoch FROM outdial.external_user($1, $2, $3, $4, $5);

-- name: session_external_platform
-- lane: write
-- The same for the installation's own identity provider: $1 user id, $2 verified e-mail address, $3 tenant, $4 when it was issued.
-- global
SELECT id, tenant_id, role, epoch FROM outdial.external_platform_user($1, $2, $3, $4);

-- name: session_read_only
-- lane: own
-- global
SELECT set_config('default_transaction_read_only', 'on', false);
