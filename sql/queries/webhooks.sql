-- Outgoing webhooks: endpoints and their log as people manage them, and the dialer's part.

-- name: webhook_list
-- lane: read
SELECT id, url, description, coalesce(to_jsonb(events), '["*"]') AS events, is_active, disabled_reason, disabled_at, failing_since, full_since,
       old_secret_until, created_at, updated_at
  FROM webhook_endpoints WHERE tenant_id = $1 AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $2;

-- name: webhook_find
-- lane: read
SELECT id, url, description, coalesce(to_jsonb(events), '["*"]') AS events, is_active, disabled_reason, disabled_at, failing_since, full_since,
       old_secret_until, created_at, updated_at
  FROM webhook_endpoints WHERE tenant_id = $1 AND id = $2;

-- name: webhook_add
-- lane: write
-- No row: the tenant has as many as it may ($7).
WITH added AS (
    INSERT INTO webhook_endpoints (tenant_id, url, description, events, is_active, secret_sealed)
    SELECT $1, $2, $3, (SELECT array_agg(e) FROM jsonb_array_elements_text($4::text::jsonb) e), $5, $6
     WHERE (SELECT count(*) FROM webhook_endpoints WHERE tenant_id = $1) < $7
    RETURNING *)
SELECT id, url, description, coalesce(to_jsonb(events), '["*"]') AS events, is_active, disabled_reason, disabled_at, failing_since, full_since,
       old_secret_until, created_at, updated_at, outdial.audit_add($1, 'webhook.add', id, jsonb_build_object('url', url)) AS audited
  FROM added;

-- name: webhook_save
-- lane: write by $2
-- Whoever makes it active again begins anew.
WITH saved AS (
    UPDATE webhook_endpoints
       SET url = $3, description = $4, events = (SELECT array_agg(e) FROM jsonb_array_elements_text($5::text::jsonb) e), is_active = $6,
           disabled_reason = CASE WHEN $6 THEN NULL ELSE disabled_reason END, disabled_at = CASE WHEN $6 THEN NULL ELSE disabled_at END,
           failures = CASE WHEN $6 AND NOT is_active THEN 0 ELSE failures END,
           failing_since = CASE WHEN $6 AND NOT is_active THEN NULL ELSE failing_since END, updated_at = outdial.now()
     WHERE tenant_id = $1 AND id = $2
    RETURNING *)
SELECT id, url, description, coalesce(to_jsonb(events), '["*"]') AS events, is_active, disabled_reason, disabled_at, failing_since, full_since,
       old_secret_until, created_at, updated_at,
       outdial.audit_add($1, 'webhook.update', id, jsonb_build_object('url', url, 'is_active', is_active)) AS audited
  FROM saved;

-- name: webhook_rotate
-- lane: write by $2
WITH saved AS (
    UPDATE webhook_endpoints SET old_secret_sealed = secret_sealed, old_secret_until = outdial.now() + interval '24 hours', secret_sealed = $3,
                                 updated_at = outdial.now()
     WHERE tenant_id = $1 AND id = $2
    RETURNING *)
SELECT id, url, description, coalesce(to_jsonb(events), '["*"]') AS events, is_active, disabled_reason, disabled_at, failing_since, full_since,
       old_secret_until, created_at, updated_at, outdial.audit_add($1, 'webhook.rotate', id, '{}') AS audited
  FROM saved;

-- name: webhook_remove
-- lane: write by $2
WITH gone AS (DELETE FROM webhook_endpoints WHERE tenant_id = $1 AND id = $2 RETURNING id, url)
SELECT outdial.audit_add($1, 'webhook.remove', id, jsonb_build_object('url', url)) FROM gone;

-- name: webhook_deliveries
-- lane: read
-- $5 is a state or NULL.
SELECT d.id, v.id AS event_id, v.type AS event_type, d.state, d.attempts, d.response_status, d.response, d.error, d.duration_ms,
       CASE WHEN d.state = 'waiting' THEN d.due_at END AS next_try_at, d.created_at, d.settled_at
  FROM webhook_deliveries d JOIN webhook_events v ON v.tenant_id = $1 AND v.seq = d.event_seq
 WHERE d.tenant_id = $1 AND d.endpoint_id = $2 AND ($4::uuid IS NULL OR d.id < $4) AND ($5::text IS NULL OR d.state = $5)
 ORDER BY d.id DESC LIMIT $3;

-- name: webhook_delivery
-- lane: read
SELECT d.id, v.id AS event_id, v.type AS event_type, d.state, d.attempts, d.response_status, d.response, d.error, d.duration_ms,
       CASE WHEN d.state = 'waiting' THEN d.due_at END AS next_try_at, d.created_at, d.settled_at
  FROM webhook_deliveries d JOIN webhook_events v ON v.tenant_id = $1 AND v.seq = d.event_seq
 WHERE d.tenant_id = $1 AND d.endpoint_id = $2 AND d.id = $3;

-- name: webhook_test
-- lane: write by $2
SELECT outdial.webhook_test($1, $2) AS delivery_id;

-- name: webhook_redeliver
-- lane: write by $2
SELECT outdial.webhook_redeliver($1, $2, $3);

-- name: webhook_claim
-- lane: own
-- global
SELECT delivery_id, tenant_id, url, secret_sealed, old_secret_sealed, event_id, type, seq, object,
       (extract(epoch FROM created_at) * 1000000)::bigint AS created_us
  FROM outdial.webhook_claim($1);

-- name: webhook_return
-- lane: own
-- global
SELECT outdial.webhook_return($1::uuid[]);

-- name: webhook_settle
-- lane: own
SELECT outdial.webhook_settle($1, $2, $3, $4, $5, $6, $7) AS state;

-- name: webhook_tend
-- lane: own
-- global
SELECT outdial.webhook_tend($1) AS changed;
