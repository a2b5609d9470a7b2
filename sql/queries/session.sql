-- What db.c and the guard send by themselves.

-- name: session_begin
-- global
BEGIN;

-- name: session_commit
-- global
COMMIT;

-- name: session_rollback
-- global
ROLLBACK;

-- name: session_enter
-- global
SELECT outdial.enter($1, $2, $3, $4, $5);

-- name: session_hold
-- global
SELECT outdial.hold();

-- name: session_ping
-- Nothing but the credential check that travels with it.
-- global
SELECT 1;

-- name: session_key
-- global
SELECT id, tenant_id, epoch, role, scopes::text AS scopes, user_id FROM outdial.key_by_hash($1);
