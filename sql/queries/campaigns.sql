-- name: campaign_house
-- lane: read
-- What the tenant says about its campaigns: the country of numbers written without one, the window, and the limits of its default
-- run, which a new campaign starts with.
SELECT t.default_country AS country, t.window_opens AS opens, t.window_closes AS closes,
       c.max_open_calls, c.calls_per_second, c.retries, c.breaker
  FROM tenants t LEFT JOIN campaigns c ON c.tenant_id = $1 AND c.is_default
 WHERE t.id = $1;

-- name: campaign_list
-- lane: read
SELECT * FROM outdial.campaign_shown WHERE tenant_id = $1 AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $2;

-- name: campaign_find
-- lane: read
SELECT * FROM outdial.campaign_shown WHERE tenant_id = $1 AND id = $2;

-- name: campaign_lock
-- lane: own
-- Until the end of the transaction nobody else changes the campaign.
SELECT id FROM campaigns WHERE tenant_id = $1 AND id = $2 FOR UPDATE;

-- name: campaign_insert
-- lane: write
WITH made AS (
    INSERT INTO campaigns (tenant_id, id, name, agent_kind, caller_id, caller_id_strategy, interval_ms, max_open_calls, calls_per_second, window_opens,
                           window_closes, agent_phone, agent_name, sip_trunk_id, assistant_id, locale, machine_detection,
                           machine_detection_timeout_ms, wait_for_beep, async_machine_detection, ring_seconds, retries,
                           number_daily_cap, lead_order, lead_mix, fresh_per_retry, max_attempts, retry_days, weight, breaker, budget, goal)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
            $23, $24, $25, $26, $27, $28, $29, $30, $31, $32) RETURNING id, name
)
SELECT outdial.audit_add($1, 'campaign.create', id, jsonb_build_object('name', name)) FROM made;

-- name: campaign_update
-- lane: write by $2
WITH changed AS (
    UPDATE campaigns SET name = $3, agent_kind = $4, caller_id = $5, caller_id_strategy = $6, interval_ms = $7, max_open_calls = $8,
                         calls_per_second = $9, window_opens = $10, window_closes = $11, agent_phone = $12, agent_name = $13,
                         sip_trunk_id = $14, assistant_id = $15, locale = $16, machine_detection = $17,
                         machine_detection_timeout_ms = $18, wait_for_beep = $19, async_machine_detection = $20, ring_seconds = $21,
                         retries = $22, number_daily_cap = $23, lead_order = $24, lead_mix = $25, fresh_per_retry = $26, max_attempts = $27,
                         retry_days = $28, weight = $29, breaker = $30, budget = $31, goal = $32, updated_at = outdial.now()
     WHERE tenant_id = $1 AND id = $2 RETURNING *
), was AS (
    SELECT to_jsonb(c) AS row FROM campaigns c WHERE c.tenant_id = $1 AND c.id = $2
)
-- what was changed, and to what
SELECT outdial.audit_add($1, 'campaign.update', c.id, jsonb_build_object('name', c.name, 'changed', coalesce((
           SELECT jsonb_object_agg(n.key, n.value) FROM jsonb_each(to_jsonb(c)) n, was
            WHERE n.value IS DISTINCT FROM was.row -> n.key AND n.key NOT IN ('updated_at', 'caller_id', 'agent_phone')), '{}')))
  FROM changed c;

-- name: campaign_delete
-- lane: write by $2
-- Not while it runs or one of its calls is open.
WITH gone AS (
    DELETE FROM campaigns c WHERE c.tenant_id = $1 AND c.id = $2 AND c.state <> 'running'
       AND NOT EXISTS (SELECT FROM attempts a WHERE a.tenant_id = $1 AND a.campaign_id = $2 AND a.ended_at IS NULL) RETURNING id, name
)
SELECT outdial.audit_add($1, 'campaign.delete', id, jsonb_build_object('name', name)) FROM gone;

-- name: campaign_progress
-- lane: read
-- current_index: skipped before dialing, or not to be dialed again.  calls_made: the carrier took it, or perhaps did.
SELECT c.state = 'running' AS is_running, c.interval_ms / 60000.0 AS interval_minutes, coalesce(l.total, 0) AS total_leads,
       coalesce(l.skipped, 0) + d.consumed AS current_index, coalesce(l.total, 0) - coalesce(l.skipped, 0) - d.consumed AS remaining,
       (SELECT count(*) FROM attempts a WHERE a.tenant_id = $1 AND a.list_id = c.list_id
                                          AND a.state IN ('accepted', 'ended', 'unknown', 'perhaps_placed')) AS calls_made
  FROM campaigns c
  LEFT JOIN campaign_lists l ON l.tenant_id = $1 AND l.id = c.list_id
 CROSS JOIN LATERAL (SELECT (SELECT count(*) FROM campaign_leads x
                              WHERE x.tenant_id = $1 AND x.list_id = c.list_id AND x.state IN ('done', 'failed', 'skipped', 'withdrawn'))
                            -- where nothing is retried, a lead whose call the carrier has will not be dialed again either
                            + (SELECT count(*) FROM attempts a
                                WHERE a.tenant_id = $1 AND a.list_id = c.list_id AND a.state = 'accepted' AND c.retries = '{}') AS consumed) d
 WHERE c.tenant_id = $1 AND c.id = $2;

-- name: campaign_leads
-- lane: read
-- The present list; $5 is a state or NULL.
SELECT l.id, l.external_id, l.name, l.category, l.phone_e164, l.original_phone, l.original_phone AS phone, l.custom, l.priority, l.created_at, l.updated_at,
       x.state, x.attempts, x.last_outcome, x.reason, x.position,
       CASE WHEN x.state = 'waiting' AND x.due_at > '-infinity' THEN x.due_at END AS due_at
  FROM campaigns c
  JOIN campaign_leads x ON x.tenant_id = $1 AND x.list_id = c.list_id
  JOIN leads l ON l.tenant_id = $1 AND l.id = x.lead_id
 WHERE c.tenant_id = $1 AND c.id = $2 AND ($4::uuid IS NULL OR x.lead_id < $4) AND ($5::text IS NULL OR x.state = $5)
 ORDER BY x.lead_id DESC LIMIT $3;

-- name: campaign_add_leads
-- lane: own
SELECT outdial.list_add($1, $2, $3::uuid[]) AS added;

-- name: campaign_pacing
-- lane: own
SELECT breaker, budget, goal, share, account, queue FROM outdial.campaign_pacing($1, $2);

-- name: campaign_recycle
-- lane: own
SELECT outdial.campaign_recycle($1, $2, $3::text[]) AS recycled;
