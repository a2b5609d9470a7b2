-- name: call_dial_single
-- lane: own
-- A permit for one call, or every rule that refuses.  Signed in as whoever asks.
SELECT attempt_id, conversation_id, caller_id, account_id, ring_seconds, machine_detection, machine_detection_timeout_ms,
       wait_for_beep, async_machine_detection, refusals
  FROM outdial.dial_single($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: call_report
-- lane: own
SELECT outdial.attempt_report($1, $2, $3, $4, $5, $6, $7, $8) AS state;

-- name: call_accepted
-- lane: own
-- Many accepted calls at once; answers those that are written down.
SELECT id FROM outdial.attempts_accepted($1, $2::uuid[], $3::text[], $4::integer[]) AS id;

-- name: call_attempt_state
-- lane: read
SELECT state, provider_sid, conversation_id, phone_e164, failure, error_code, http_status FROM outdial.attempt_state($1, $2);

-- name: call_account
-- lane: read
SELECT * FROM outdial.account_for($1, $2);

-- name: call_attempt_account
-- lane: read
SELECT * FROM outdial.attempt_account($1, $2);

-- name: call_live_line
-- lane: read
-- The open call of a conversation, for hanging up.
SELECT a.id AS attempt_id, a.provider_sid, a.state
  FROM attempts a WHERE a.tenant_id = $1 AND a.conversation_id = $2 AND a.ended_at IS NULL;

-- name: call_news
-- lane: write by $2
-- What the carrier answered about one call that we asked about or changed.
SELECT outdial.look_news($1, $2, $3, $4, $5, $6, $7) AS verdict;

-- name: lead_for_call
-- lane: read
-- By id, or by external_id as a client wrote it.
SELECT id, phone_e164, name FROM leads WHERE tenant_id = $1 AND (id = $2 OR external_id = $3) AND deleted_at IS NULL;

-- name: run_campaign
-- lane: write
SELECT outdial.run_campaign($1, $2) AS campaign_id;

-- name: run_settings
-- lane: write
-- What the auto-dialer's paths need to know before they screen a list: the campaign, the tenant's country, the account's policy.
SELECT c.id AS campaign_id, c.interval_ms, c.state, c.agent_kind, t.default_country, a.id AS account_id, coalesce(a.screens_numbers, true) AS screens_numbers,
       a.account_sid IS NOT NULL AS has_sid, a.auth_token_sealed IS NOT NULL AS has_token,
       outdial.caller_id_candidate($1, c.id, a.id, $3) IS NOT NULL AS has_number
  FROM (SELECT outdial.run_campaign($1, $2) AS id) AS wanted
  JOIN campaigns c ON c.tenant_id = $1 AND c.id = wanted.id
  JOIN tenants t ON t.id = $1
  LEFT JOIN LATERAL outdial.account_for($1, 'twilio') a ON true;

-- name: run_start
-- lane: own
SELECT status, array_to_string(dnc, ',') AS dnc, interval_ms, campaign_state
  FROM outdial.run_start($1, $2, $3, $4::integer[], $5, $6, $7, $8, $9, $10, $11);

-- name: run_set_state
-- lane: own
SELECT status, campaign_state FROM outdial.run_set_state($1, $2, $3, $4);

-- name: run_settled
-- lane: read
SELECT outdial.campaign_settled($1, $2) AS settled;

-- name: run_lead
-- lane: own
-- The lead that a single call of the auto-dialer is for.
SELECT (outdial.leads_by_phone($1, ARRAY[$2::text], ARRAY[$3::text], ARRAY[$4::text], ARRAY[$5::text], ARRAY[$6::text]))[1] AS lead_id;

-- name: run_log
-- lane: read
-- A row per attempt, newest first.
SELECT a.id, a.provider_sid AS call_sid, a.phone_e164 AS phone, l.name, l.category, a.state, coalesce(g.status, 'planned') AS status, a.answered_by,
       (extract(epoch FROM a.permitted_at) * 1000000)::bigint AS at_us
  FROM attempts a
  LEFT JOIN leads l ON l.tenant_id = $1 AND l.id = a.lead_id
  LEFT JOIN legs g ON g.tenant_id = $1 AND g.attempt_id = a.id AND g.parent_sid IS NULL
 WHERE a.tenant_id = $1 AND a.campaign_id = $2 AND ($4::uuid IS NULL OR a.id < $4)
 ORDER BY a.id DESC LIMIT $3;
