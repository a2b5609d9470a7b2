-- Signing in and staying signed in.

-- name: login_find
-- lane: read
-- global
SELECT id, tenant_id, password_hash, role, status, epoch, failures, totp_sealed FROM outdial.login_find($1);

-- name: login_failed
-- lane: write
-- global
SELECT outdial.login_failed($1);

-- name: session_start
-- lane: write
-- A refresh token of a new family: $2 user, $3 epoch, $4 hash, $5 days, $6 browser, $7 address.
SELECT u.id, u.email, u.name, u.role, u.phone_e164, u.caller_id, u.locale, u.status, u.is_platform, u.totp_enabled, u.epoch, u.created_at, u.updated_at,
       outdial.session_start(u.id, $3, $4, $5, $6, $7) AS started
  FROM users u WHERE u.tenant_id = $1 AND u.id = $2;

-- name: session_refresh
-- lane: write by $1
-- $1 the hash shown, $2 the hash of the next one, $3 days, $4 browser, $5 address.  No row: refused.
-- global
SELECT id, tenant_id, role, epoch FROM outdial.session_refresh($1, $2, $3, $4, $5);

-- name: session_end
-- lane: write
-- $2 id and $3 end of the access token, whose id is the hash of the refresh token it came with; $4 a refresh token's hash.
SELECT outdial.session_end($2, $3, $2), outdial.session_end(NULL, NULL, $4), outdial.tenant() = $1;

-- name: session_end_all
-- lane: write
SELECT outdial.session_end_all($2), outdial.tenant() = $1;

-- name: session_list
-- lane: read
-- Sessions of user $2; $3 is the asking access token's id, $4 how many, $5 after which.
SELECT id, created_at, last_used_at, expires_at, agent, network, current FROM outdial.session_list($2, $3, $4, $5) WHERE outdial.tenant() = $1;

-- name: session_drop
-- lane: write
-- One session ($3) of user $2, or all but the one whose access token's id is $4.
SELECT outdial.session_drop($2, $3, $4) AS ended, outdial.tenant() = $1 AS entered;

-- name: totp_find
-- lane: read
SELECT email, secret_sealed, confirmed, failures FROM outdial.totp_find() WHERE outdial.tenant() = $1;

-- name: totp_begin
-- lane: write
SELECT outdial.totp_begin($2) AS begun, outdial.tenant() = $1 AS entered;

-- name: totp_confirm
-- lane: write
-- $2 the sealed secret that the code was of, $3 the code's time step, $4 hashes of recovery codes.
SELECT outdial.totp_confirm($2, $3, $4) AS confirmed, outdial.tenant() = $1 AS entered;

-- name: totp_spend
-- lane: write
SELECT outdial.totp_spend($2, $3) AS good, outdial.tenant() = $1 AS entered;

-- name: totp_remove
-- lane: write
SELECT outdial.totp_remove($2) AS removed, outdial.tenant() = $1 AS entered;

-- name: setup_finish
-- lane: write
-- $1 the link's hash, $2 the password's hash.  No row: used, expired or never made.
-- global
SELECT tenant_id, user_id, email, role, epoch FROM outdial.setup_finish($1, $2);

-- name: setup_make
-- lane: own
-- A one-time link for a user; earlier ones end.  For the operator's command.
WITH ended AS (DELETE FROM setup_links WHERE tenant_id = $1 AND user_id = $2)
INSERT INTO setup_links (token_hash, tenant_id, user_id, expires_at)
SELECT $3, u.tenant_id, u.id, outdial.now() + interval '24 hours' FROM users u WHERE u.tenant_id = $1 AND u.id = $2;
