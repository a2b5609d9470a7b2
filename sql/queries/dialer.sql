-- name: dialer_campaigns
-- lane: own
-- global
SELECT tenant_id, campaign_id FROM outdial.dialer_campaigns();

-- name: dialer_orphans
-- lane: own
-- global
SELECT outdial.dialer_orphans($1, $2) AS count;

-- name: dialer_looks
-- lane: own
-- global
SELECT kind, tenant_id, attempt_id, account_id, provider_sid, phone, caller_id,
       (extract(epoch FROM permitted_at) * 1000000)::bigint AS permitted_us, mode
  FROM outdial.dialer_looks($1);

-- name: dialer_account
-- lane: own
-- global
SELECT * FROM outdial.dialer_account($1);

-- name: dialer_owned
-- lane: own
-- global
SELECT sid FROM outdial.look_owned($1, $2) AS sid;

-- name: dialer_dial
-- lane: own
-- One campaign's turn at the gate.
SELECT attempt_id, conversation_id, phone, caller_id, account_id, ring_seconds, machine_detection, machine_detection_timeout_ms,
       wait_for_beep, async_machine_detection, skipped, wait_ms, reason
  FROM outdial.dial_campaign($1, $2, $3, $4, $5);

-- name: dialer_settle
-- lane: own
SELECT outdial.look_settle($1, $2, $3, $4) AS state;

-- name: dialer_cancelled
-- lane: own
SELECT outdial.cancel_settle($1, $2, $3, $4) AS verdict;

-- name: dialer_metrics
-- lane: own
-- global
SELECT * FROM outdial.dialer_metrics();
