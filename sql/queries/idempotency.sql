-- One answer per tenant, principal, route and key, for a day.

-- name: idempotency_lock
-- lane: own
-- Held by the session until idempotency_unlock.  A twin waits five seconds, then gets 55P03.
SELECT set_config('lock_timeout', '5000', true),
       pg_advisory_lock(hashtextextended($1::uuid::text || ' ' || $2::text || ' ' || $3::text || ' ' || $4::text, 11))::text;

-- name: idempotency_unlock
-- lane: own
SELECT pg_advisory_unlock(hashtextextended($1::uuid::text || ' ' || $2::text || ' ' || $3::text || ' ' || $4::text, 11));

-- name: idempotency_find
-- lane: own
SELECT body_hash, status, headers, body, attempt_id
  FROM idempotency
 WHERE tenant_id = $1 AND principal = $2 AND route = $3 AND key = $4
   AND created_at > outdial.now() - interval '24 hours';

-- name: idempotency_keep
-- lane: own
-- A row that is younger than a day is never replaced: whoever wrote it was first.
INSERT INTO idempotency (tenant_id, principal, route, key, body_hash, status, headers, body, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, outdial.now())
ON CONFLICT (tenant_id, principal, route, key) DO UPDATE
   SET body_hash = excluded.body_hash, status = excluded.status, headers = excluded.headers, body = excluded.body,
       attempt_id = NULL, created_at = excluded.created_at
 WHERE idempotency.created_at <= outdial.now() - interval '24 hours';
