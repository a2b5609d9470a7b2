-- What happens to an attempt after its permit: the sender's report, the provider's webhooks, the reconciler's looks.
-- An event is never ignored, only outranked; every function here may be called again with the same words and does nothing then.

-- Which status outranks which.  Among equals the first stays; model/states.h is the same table for C, and a test compares them.
CREATE OR REPLACE FUNCTION outdial.status_rank(p_status text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE p_status WHEN 'planned' THEN 0 WHEN 'dialing' THEN 1 WHEN 'ringing' THEN 2 WHEN 'in_progress' THEN 3
                         WHEN 'canceled' THEN 4 WHEN 'failed' THEN 4 WHEN 'no_answer' THEN 4 WHEN 'busy' THEN 4
                         WHEN 'completed' THEN 5 END
$$;

-- The lead of an attempt that ends: again later, or not.
--   p_outcome   answered, machine, busy, no_answer, failed, canceled: a call that happened; the campaign's retries apply
--               not_placed: provably none; back to the queue up to five times, with backoff
--               returned: provably none, and not for anything that concerns the lead; back to the queue, uncounted
--               anything else: the lead has failed for that reason
CREATE OR REPLACE FUNCTION outdial.lead_settle(p_attempt attempts, p_outcome text, p_reason text) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
DECLARE
    v_campaign  campaigns;
    v_listed    boolean;
BEGIN
    IF p_attempt.list_id IS NULL
       OR EXISTS (SELECT FROM attempts WHERE tenant_id = p_attempt.tenant_id AND phone_e164 = p_attempt.phone_e164 AND list_id = p_attempt.list_id
                                         AND lead_id = p_attempt.lead_id AND ended_at IS NULL AND id <> p_attempt.id) THEN
        RETURN;                 -- no list, or a later call of the same lead is under way and will tell
    END IF;
    SELECT replaced_at IS NULL INTO v_listed FROM campaign_lists WHERE id = p_attempt.list_id;
    IF p_outcome IN ('not_placed', 'returned') THEN
        UPDATE campaign_leads
           SET not_placed = not_placed + (p_outcome = 'not_placed')::integer, last_outcome = 'not_placed', reason = p_reason,
               state = CASE WHEN NOT v_listed THEN 'withdrawn' WHEN p_outcome = 'not_placed' AND not_placed + 1 >= 6 THEN 'failed' ELSE 'waiting' END,
               due_at = outdial.now() + CASE p_outcome WHEN 'not_placed' THEN return_delay(not_placed) * (0.75 + random() / 2) ELSE interval '0' END
         WHERE tenant_id = p_attempt.tenant_id AND list_id = p_attempt.list_id AND lead_id = p_attempt.lead_id AND state = 'calling';
    ELSIF p_outcome IN ('answered', 'machine', 'busy', 'no_answer', 'failed', 'canceled') THEN
        SELECT * INTO v_campaign FROM campaigns WHERE tenant_id = p_attempt.tenant_id AND id = p_attempt.campaign_id;
        UPDATE campaign_leads
           SET attempts = attempts + 1, last_outcome = p_outcome, reason = p_reason,
               state = CASE WHEN v_listed AND retry_at(v_campaign, p_outcome, attempts + 1, first_at, outdial.now()) IS NOT NULL THEN 'waiting' ELSE 'done' END,
               due_at = coalesce(retry_at(v_campaign, p_outcome, attempts + 1, first_at, outdial.now()), outdial.now())
         WHERE tenant_id = p_attempt.tenant_id AND list_id = p_attempt.list_id AND lead_id = p_attempt.lead_id AND state = 'calling';
    ELSE
        UPDATE campaign_leads SET state = 'failed', last_outcome = p_outcome, reason = coalesce(p_reason, p_outcome)
         WHERE tenant_id = p_attempt.tenant_id AND list_id = p_attempt.list_id AND lead_id = p_attempt.lead_id AND state = 'calling';
    END IF;
    PERFORM campaign_finish(p_attempt.tenant_id, p_attempt.campaign_id, p_attempt.list_id);
END $$;

-- Ends an attempt that never became a call, and its conversation; p_lead_outcome is what lead_settle() is told.
DROP FUNCTION IF EXISTS outdial.attempt_close(attempts, text, text, text);
CREATE OR REPLACE FUNCTION outdial.attempt_close(p_attempt attempts, p_state text, p_outcome text, p_lead_outcome text, p_reason text) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
BEGIN
    UPDATE attempts SET state = p_state, ended_at = outdial.now(), settled_at = coalesce(settled_at, outdial.now()),
                        failure = coalesce(p_reason, failure), next_look_at = NULL, cancel_wanted = NULL,
                        outcome = coalesce(outcome, p_state), estimate_micros = CASE WHEN estimate_currency IS NOT NULL AND p_state <> 'perhaps_placed' THEN 0 ELSE estimate_micros END
     WHERE id = p_attempt.id;
    UPDATE conversations SET closed_at = outdial.now(), outcome = p_outcome
     WHERE tenant_id = p_attempt.tenant_id AND id = p_attempt.conversation_id AND closed_at IS NULL;
    IF p_state IN ('refused', 'not_placed') THEN
        PERFORM number_unused(p_attempt.tenant_id, p_attempt.caller_id, p_attempt.permitted_at);
    END IF;
    PERFORM lead_settle(p_attempt, p_lead_outcome, p_reason);
    PERFORM webhook_call(p_attempt.tenant_id, p_attempt.conversation_id);
END $$;

-- The provider has this call, under this id.  False when it cannot be: the id belongs to another attempt, or this attempt has another.
CREATE OR REPLACE FUNCTION outdial.attempt_adopt(INOUT p_attempt attempts, p_sid text, p_source text, OUT adopted boolean)
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
DECLARE
    v_free  boolean := true;
BEGIN
    adopted := true;
    IF p_attempt.provider_sid = p_sid THEN
        RETURN;
    END IF;
    IF p_attempt.provider_sid IS NOT NULL OR EXISTS (SELECT FROM attempts WHERE account_id = p_attempt.account_id AND provider_sid = p_sid) THEN
        adopted := false;
        RETURN;
    END IF;
    IF p_attempt.state IN ('refused', 'not_placed', 'perhaps_placed') THEN
        -- It was placed after all.  Where the number is free the call is taken up again; where another call has begun
        -- meanwhile, perhaps in this very moment, this one is hung up.
        BEGIN
            UPDATE conversations SET closed_at = NULL, outcome = NULL WHERE tenant_id = p_attempt.tenant_id AND id = p_attempt.conversation_id;
        EXCEPTION WHEN unique_violation THEN
            v_free := false;
        END;
        IF NOT v_free THEN
            UPDATE attempts SET provider_sid = p_sid, cancel_wanted = 'live', state = 'accepted', ended_at = NULL, outcome = NULL, last_heard_at = outdial.now(),
                                next_look_at = outdial.now() + interval '60 seconds' WHERE id = p_attempt.id RETURNING * INTO p_attempt;
        ELSE
            UPDATE campaign_leads SET state = 'calling'
             WHERE tenant_id = p_attempt.tenant_id AND list_id = p_attempt.list_id AND lead_id = p_attempt.lead_id AND state IN ('waiting', 'failed', 'skipped');
            UPDATE attempts SET provider_sid = p_sid, state = 'accepted', ended_at = NULL, outcome = NULL, settled_at = outdial.now(), last_heard_at = outdial.now(),
                                next_look_at = outdial.now() + interval '60 seconds' WHERE id = p_attempt.id RETURNING * INTO p_attempt;
        END IF;
    ELSE
        UPDATE attempts SET provider_sid = p_sid, state = CASE WHEN state = 'ended' THEN state ELSE 'accepted' END,
                            settled_at = coalesce(settled_at, outdial.now()), last_heard_at = outdial.now(), failure = NULL,
                            next_look_at = CASE WHEN state = 'ended' THEN NULL ELSE outdial.now() + interval '60 seconds' END,
                            cancel_wanted = CASE WHEN cancel_wanted IS NULL AND is_do_not_call(tenant_id, campaign_id, phone_e164) THEN 'ringing' ELSE cancel_wanted END
         WHERE id = p_attempt.id RETURNING * INTO p_attempt;
    END IF;
    INSERT INTO legs (tenant_id, conversation_id, attempt_id, account_id, provider_sid, party, phone_e164, status)
    VALUES (p_attempt.tenant_id, p_attempt.conversation_id, p_attempt.id, p_attempt.account_id, p_sid, 'lead', p_attempt.phone_e164, 'planned')
    ON CONFLICT ON CONSTRAINT legs_sid_key DO NOTHING;
    INSERT INTO call_events (tenant_id, attempt_id, leg_sid, source, source_key, kind, received_at)
    VALUES (p_attempt.tenant_id, p_attempt.id, p_sid, 'system', 'adopted', 'adopted_by_' || p_source, outdial.now()) ON CONFLICT DO NOTHING;
    PERFORM webhook_call(p_attempt.tenant_id, p_attempt.conversation_id);
END $$;

-- What the sender of the request found out.
--   accepted    p_sid has it
--   refused     a permanent no for this number                      -> the lead has failed
--   later       429 or a concurrency limit: provably not placed     -> back to the queue; the account rests for p_retry_ms
--   not_sent    never left this machine, or the permit ran out      -> back to the queue
--   caller_id   the number we call from is not allowed              -> number inactive, campaign paused, back to the queue
--   account     credentials, funds, suspension                      -> account blocked, its campaigns paused, back to the queue
--   unknown     anything else                                       -> the reconciler's
-- Answers the attempt's state afterwards.
CREATE OR REPLACE FUNCTION outdial.attempt_report(p_tenant uuid, p_attempt uuid, p_outcome text, p_sid text, p_http integer,
                                                  p_code text, p_detail text, p_retry_ms bigint)
RETURNS text LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_attempt  attempts;
    v_adopted  record;
    v_now      timestamptz := outdial.now();
BEGIN
    SELECT * INTO v_attempt FROM attempts WHERE id = p_attempt AND tenant_id = p_tenant AND p_tenant = outdial.tenant() FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'OD404', MESSAGE = 'There is no such attempt.', DETAIL = 'not_found';
    END IF;
    INSERT INTO call_events (tenant_id, attempt_id, leg_sid, source, source_key, kind, payload, received_at)
    VALUES (p_tenant, p_attempt, p_sid, 'answer', 'report:' || p_outcome, p_outcome,
            jsonb_strip_nulls(jsonb_build_object('http_status', p_http, 'code', p_code, 'detail', p_detail)), v_now)
    ON CONFLICT DO NOTHING;

    IF p_outcome = 'accepted' THEN
        SELECT * INTO v_adopted FROM attempt_adopt(v_attempt, p_sid, 'answer');
        IF NOT v_adopted.adopted THEN
            -- a sid that belongs to somebody else proves nothing about this attempt
            UPDATE attempts SET state = 'unknown', reported = true, unknown_since = v_now, next_look_at = v_now + interval '15 seconds',
                                failure = 'The provider answered with another call''s id.'
             WHERE id = p_attempt AND state = 'permitted';
        END IF;
        UPDATE attempts SET http_status = p_http WHERE id = p_attempt;
        -- the interval counts from when the carrier took the call, which may be later than the permit
        UPDATE campaign_pace p SET last_at = v_now FROM campaigns c
         WHERE v_attempt.list_id IS NOT NULL AND c.tenant_id = p_tenant AND c.id = v_attempt.campaign_id AND c.interval_ms > 0
           AND p.campaign_id = c.id AND p.last_at < v_now;
    ELSIF v_attempt.state NOT IN ('permitted', 'unknown') THEN
        NULL;                   -- a webhook or the reconciler knew better
    ELSIF p_outcome = 'unknown' THEN
        UPDATE attempts SET state = 'unknown', reported = true, unknown_since = coalesce(unknown_since, v_now), http_status = p_http,
                            error_code = p_code, failure = p_detail,
                            next_look_at = coalesce(next_look_at, v_now + interval '15 seconds')
         WHERE id = p_attempt;
    ELSE
        UPDATE attempts SET reported = true, http_status = p_http, error_code = p_code, outcome = p_outcome WHERE id = p_attempt;
        IF p_outcome = 'refused' THEN
            PERFORM attempt_close(v_attempt, 'refused', 'failed', 'refused', p_detail);
        ELSE
            IF p_outcome = 'later' THEN
                PERFORM account_slow_down(v_attempt.account_id, p_retry_ms, v_now);
            ELSIF p_outcome = 'caller_id' THEN
                PERFORM caller_id_refused(v_attempt, coalesce(p_detail, p_code));
            ELSIF p_outcome = 'account' THEN
                PERFORM account_refused(v_attempt, coalesce(p_detail, p_code));
            END IF;
            PERFORM attempt_close(v_attempt, 'not_placed', 'not_placed',
                                  CASE WHEN p_outcome IN ('caller_id', 'account') THEN 'returned' ELSE 'not_placed' END, p_detail);
        END IF;
    END IF;
    PERFORM webhook_call(p_tenant, v_attempt.conversation_id);
    RETURN (SELECT state FROM attempts WHERE id = p_attempt);
END $$;

-- The ordinary case of the above for many at once: calls that the provider took, nobody heard of before, and nobody is busy with at
-- this moment.  Answers those that are written down; the others are to be reported one by one.  Rows that somebody has locked are left
-- alone rather than waited for, because two who wait for rows of each other would wait for ever.
CREATE OR REPLACE FUNCTION outdial.attempts_accepted(p_tenant uuid, p_attempts uuid[], p_sids text[], p_https integer[]) RETURNS SETOF uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_now        timestamptz := outdial.now();
    v_done       uuid[];
    v_talks      uuid[];
    v_campaigns  uuid[];
BEGIN
    IF p_tenant IS DISTINCT FROM outdial.tenant() THEN
        RETURN;
    END IF;
    WITH taken AS MATERIALIZED (
        SELECT * FROM attempts_take(p_tenant, p_attempts, p_sids, p_https, v_now)
    ), line AS (
        INSERT INTO legs (tenant_id, conversation_id, attempt_id, account_id, provider_sid, party, phone_e164, status)
        SELECT p_tenant, t.conversation_id, t.id, t.account_id, t.sid, 'lead', t.phone, 'planned' FROM taken t
        ON CONFLICT ON CONSTRAINT legs_sid_key DO NOTHING
    ), news AS (
        INSERT INTO call_events (tenant_id, attempt_id, leg_sid, source, source_key, kind, payload, received_at)
        SELECT p_tenant, t.id, t.sid, e.source, e.source_key, e.kind,
               CASE e.source WHEN 'answer' THEN jsonb_strip_nulls(jsonb_build_object('http_status', t.http)) ELSE '{}' END, v_now
          FROM taken t CROSS JOIN (VALUES ('answer', 'report:accepted', 'accepted'), ('system', 'adopted', 'adopted_by_answer')) AS e(source, source_key, kind)
        ON CONFLICT DO NOTHING
    )
    SELECT coalesce(array_agg(t.id), '{}'), array_agg(t.conversation_id), array_agg(DISTINCT t.campaign_id) FILTER (WHERE t.list_id IS NOT NULL)
      INTO v_done, v_talks, v_campaigns FROM taken t;
    UPDATE campaign_pace p SET last_at = v_now FROM campaigns c
     WHERE c.tenant_id = p_tenant AND c.id = ANY (v_campaigns) AND c.interval_ms > 0 AND p.campaign_id = c.id AND p.last_at < v_now;
    PERFORM webhook_call(p_tenant, talk) FROM unnest(v_talks) AS talk;
    RETURN QUERY SELECT unnest(v_done);
END $$;

-- The attempts themselves, planned for the tables as they are.  First the locks: what is looked at afterwards is the newest there is.
CREATE OR REPLACE FUNCTION outdial.attempts_take(p_tenant uuid, p_attempts uuid[], p_sids text[], p_https integer[], p_now timestamptz)
RETURNS TABLE (id uuid, conversation_id uuid, campaign_id uuid, list_id uuid, account_id uuid, phone text, sid text, http integer)
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    v_free uuid[] := ARRAY(SELECT a.id FROM unnest(p_attempts, p_sids) AS r(id, sid) JOIN attempts a ON a.id = r.id
                            WHERE a.tenant_id = p_tenant AND a.state = 'permitted' AND a.provider_sid IS NULL AND r.sid IS NOT NULL
                              AND NOT EXISTS (SELECT FROM attempts o WHERE o.account_id = a.account_id AND o.provider_sid = r.sid)
                              FOR UPDATE OF a SKIP LOCKED);
BEGIN
    RETURN QUERY
    UPDATE attempts a SET provider_sid = r.sid, http_status = r.http, state = 'accepted', settled_at = p_now, last_heard_at = p_now, failure = NULL,
                          next_look_at = p_now + interval '60 seconds',
                          cancel_wanted = CASE WHEN a.cancel_wanted IS NULL AND (SELECT true FROM do_not_call_rows(a.tenant_id, a.campaign_id, a.phone_e164) LIMIT 1)
                                               THEN 'ringing' ELSE a.cancel_wanted END
      FROM unnest(p_attempts, p_sids, p_https) AS r(id, sid, http) WHERE a.id = r.id AND a.id = ANY (v_free)
    RETURNING a.id, a.conversation_id, a.campaign_id, a.list_id, a.account_id, a.phone_e164, a.provider_sid, a.http_status;
END $$;

-- The provider does not take calls from this number: it is not shown any more, and a campaign that has no other waits for a person.
CREATE OR REPLACE FUNCTION outdial.caller_id_refused(p_attempt attempts, p_why text) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
DECLARE
    v_tenant    tenants;
    v_campaign  campaigns;
BEGIN
    UPDATE phone_numbers SET is_active = false, inactive_reason = p_why, updated_at = outdial.now()
     WHERE tenant_id = p_attempt.tenant_id AND number = p_attempt.caller_id AND is_active;
    IF FOUND THEN
        PERFORM audit_add(p_attempt.tenant_id, 'number.refused', p_attempt.id, jsonb_build_object('reason', p_why));
    END IF;
    -- a number that is named again by the same rule has no other behind it
    SELECT * INTO v_tenant FROM tenants WHERE id = p_attempt.tenant_id;
    SELECT * INTO v_campaign FROM campaigns WHERE tenant_id = p_attempt.tenant_id AND id = p_attempt.campaign_id;
    IF coalesce((choose_caller_id(v_tenant, v_campaign, p_attempt.account_id, NULL, NULL, NULL, outdial.now())).number, p_attempt.caller_id) = p_attempt.caller_id THEN
        PERFORM campaign_pause(p_attempt.tenant_id, p_attempt.campaign_id, 'The provider refused the caller ID: ' || p_why);
    END IF;
END $$;

-- Credentials, funds or a suspension: the account dials no more until somebody has looked, and every campaign that used it waits.
CREATE OR REPLACE FUNCTION outdial.account_refused(p_attempt attempts, p_why text) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
BEGIN
    PERFORM campaign_pause(c.tenant_id, c.id, 'The provider refused the account: ' || p_why) FROM campaigns c
     WHERE c.tenant_id = p_attempt.tenant_id AND c.state = 'running'
       AND (c.id = p_attempt.campaign_id OR (campaign_account(c)).id IS NOT DISTINCT FROM p_attempt.account_id OR (campaign_account(c)).id IS NULL);
    UPDATE provider_accounts SET status = 'blocked', status_reason = p_why, updated_at = outdial.now() WHERE id = p_attempt.account_id AND status <> 'blocked';
    IF FOUND THEN
        PERFORM audit_add(p_attempt.tenant_id, 'account.refused', p_attempt.account_id, jsonb_build_object('reason', p_why));
    END IF;
END $$;

-- Folds one piece of news into a leg.  Timestamps are the provider's, so the result does not depend on the order of arrival.
-- The attempt's lock, which the caller has, is the leg's as well.
CREATE OR REPLACE FUNCTION outdial.leg_fold(p_attempt attempts, p_sid text, p_parent_sid text, p_status text, p_at timestamptz, p_duration integer, p_to text)
RETURNS legs LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
DECLARE
    v_leg   legs;
    v_was   legs;
    v_ends  boolean := status_rank(p_status) >= 4;
BEGIN
    SELECT * INTO v_leg FROM legs WHERE account_id = p_attempt.account_id AND provider_sid = p_sid;
    IF NOT FOUND THEN
        INSERT INTO legs (tenant_id, conversation_id, attempt_id, account_id, parent_sid, provider_sid, party, phone_e164, status)
        VALUES (p_attempt.tenant_id, p_attempt.conversation_id, p_attempt.id, p_attempt.account_id, p_parent_sid, p_sid,
                CASE WHEN p_parent_sid IS NULL THEN 'lead' ELSE 'agent' END, p_to, 'planned')
        ON CONFLICT ON CONSTRAINT legs_sid_key DO NOTHING;
        SELECT * INTO v_leg FROM legs WHERE account_id = p_attempt.account_id AND provider_sid = p_sid;
    END IF;
    IF v_leg.attempt_id IS DISTINCT FROM p_attempt.id OR p_status IS NULL THEN
        RETURN v_leg;
    END IF;
    v_was := v_leg;
    IF status_rank(p_status) > status_rank(v_was.status)
       OR (status_rank(p_status) = 4 AND status_rank(v_was.status) = 4 AND (p_at, p_status) < (v_was.ended_at, v_was.status)) THEN
        v_leg.status := p_status;
        IF v_ends THEN
            v_leg.ended_at := p_at;
        END IF;
    ELSIF v_ends AND p_status = v_was.status THEN
        v_leg.ended_at := least(v_was.ended_at, p_at);
    END IF;
    IF p_status = 'dialing' THEN
        v_leg.initiated_at := least(v_was.initiated_at, p_at);
    ELSIF p_status = 'ringing' THEN
        v_leg.ringing_at := least(v_was.ringing_at, p_at);
    ELSIF p_status = 'in_progress' THEN
        v_leg.answered_at := least(v_was.answered_at, p_at);
    END IF;
    v_leg.duration := greatest(v_was.duration, p_duration);
    IF v_leg IS DISTINCT FROM v_was THEN
        UPDATE legs SET status = v_leg.status, initiated_at = v_leg.initiated_at, ringing_at = v_leg.ringing_at,
                        answered_at = v_leg.answered_at, ended_at = v_leg.ended_at, duration = v_leg.duration
         WHERE id = v_leg.id;
    END IF;
    RETURN v_leg;
END $$;

-- The lead's line has ended: so has the conversation.
CREATE OR REPLACE FUNCTION outdial.attempt_end(p_attempt attempts, p_status text, p_at timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
DECLARE
    v_outcome text := CASE WHEN p_status = 'completed' AND p_attempt.answered_by = 'machine' THEN 'machine'
                           WHEN p_status = 'completed' THEN 'answered' ELSE p_status END;
    v_cost    record;
BEGIN
    IF p_attempt.ended_at IS NOT NULL THEN
        -- a better end than the one that closed it: the record is corrected, nothing is dialed for it
        UPDATE conversations SET outcome = v_outcome WHERE tenant_id = p_attempt.tenant_id AND id = p_attempt.conversation_id AND outcome IS DISTINCT FROM v_outcome;
        UPDATE attempts SET outcome = v_outcome WHERE id = p_attempt.id AND outcome IS DISTINCT FROM v_outcome;
        RETURN;
    END IF;
    v_cost := call_cost(p_attempt);
    UPDATE attempts SET state = 'ended', ended_at = outdial.now(), settled_at = coalesce(settled_at, outdial.now()), next_look_at = NULL, cancel_wanted = NULL,
                        outcome = v_outcome, estimate_micros = v_cost.micros, estimate_currency = v_cost.currency, billed_minutes = v_cost.minutes
     WHERE id = p_attempt.id;
    UPDATE conversations SET closed_at = outdial.now(), outcome = v_outcome
     WHERE tenant_id = p_attempt.tenant_id AND id = p_attempt.conversation_id AND closed_at IS NULL;
    -- lines that hung on this one are over too; their own reports outrank this when they come
    UPDATE legs SET status = 'canceled', ended_at = p_at
     WHERE tenant_id = p_attempt.tenant_id AND attempt_id = p_attempt.id AND parent_sid IS NOT NULL AND status_rank(status) < 3;
    UPDATE legs SET status = 'completed', ended_at = p_at
     WHERE tenant_id = p_attempt.tenant_id AND attempt_id = p_attempt.id AND parent_sid IS NOT NULL AND status = 'in_progress';
    PERFORM lead_settle(p_attempt, v_outcome, NULL);
END $$;

-- The common first half of every webhook: whose is it?
--   foreign  attempt, tenant and account do not belong together: 403, nothing stored
--   stray    genuine, but no call of ours: kept, 2xx
--   ours     p_attempt is locked and has taken the call's id if it was waiting for one
CREATE OR REPLACE FUNCTION outdial.hook_enter(p_tenant uuid, p_attempt uuid, p_accounts uuid[], p_sid text, p_parent_sid text, p_kind text, p_payload jsonb,
                                              OUT verdict text, OUT attempt attempts)
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
DECLARE
    v_adopted  record;
BEGIN
    IF p_attempt IS NOT NULL THEN
        SELECT * INTO attempt FROM attempts WHERE id = p_attempt FOR UPDATE;
        IF FOUND AND (attempt.tenant_id IS DISTINCT FROM p_tenant OR (attempt.account_id = ANY (p_accounts)) IS NOT TRUE) THEN
            verdict := 'foreign';
            RETURN;
        END IF;
    ELSE
        -- an address that names no attempt: the line's own id may
        SELECT * INTO attempt FROM attempts WHERE provider_sid = coalesce(p_parent_sid, p_sid)
         ORDER BY account_id = ANY (p_accounts) DESC NULLS LAST LIMIT 1 FOR UPDATE;
        IF FOUND AND (attempt.account_id = ANY (p_accounts)) IS NOT TRUE THEN
            verdict := 'foreign';
            RETURN;
        END IF;
    END IF;
    verdict := 'ours';
    IF attempt.id IS NULL THEN
        verdict := 'stray';
    ELSIF attempt.provider_sid = coalesce(nullif(p_parent_sid, ''), p_sid) THEN
        NULL;                   -- as nearly always
    ELSIF p_parent_sid IS NULL OR p_parent_sid = '' THEN
        SELECT * INTO v_adopted FROM attempt_adopt(attempt, p_sid, 'webhook');
        IF v_adopted.adopted THEN
            attempt := v_adopted.p_attempt;
        ELSE
            verdict := 'stray';
        END IF;
    ELSIF attempt.provider_sid IS NULL THEN
        SELECT * INTO v_adopted FROM attempt_adopt(attempt, p_parent_sid, 'webhook');
        attempt := v_adopted.p_attempt;
    ELSIF attempt.provider_sid <> p_parent_sid THEN
        verdict := 'stray';
    END IF;
    IF verdict = 'stray' THEN
        INSERT INTO stray_events (tenant_id, account_id, call_sid, kind, payload, received_at)
        SELECT tenant_id, id, p_sid, p_kind, p_payload, outdial.now() FROM provider_accounts WHERE id = p_accounts[1]
        ON CONFLICT DO NOTHING;
    END IF;
END $$;

-- Status of a line.  p_status is ours (see status_rank).  Answers stored, repeated, stray or foreign.
CREATE OR REPLACE FUNCTION outdial.hook_status(p_tenant uuid, p_attempt uuid, p_accounts uuid[], p_sid text, p_parent_sid text, p_source_key text,
                                               p_status text, p_at timestamptz, p_duration integer, p_answered_by text, p_to text, p_payload jsonb)
RETURNS text LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_whose  record;
BEGIN
    v_whose := hook_enter(p_tenant, p_attempt, p_accounts, p_sid, nullif(p_parent_sid, ''), 'status', p_payload);
    IF v_whose.verdict <> 'ours' THEN
        RETURN v_whose.verdict;
    END IF;
    RETURN call_news(v_whose.attempt, p_sid, nullif(p_parent_sid, ''), 'webhook', p_source_key, p_status, coalesce(p_at, outdial.now()),
                     p_duration, p_answered_by, p_to, p_payload);
END $$;

-- Stores one piece of news and folds it.  The caller has locked the attempt, and passes it as it is now.
CREATE OR REPLACE FUNCTION outdial.call_news(p_attempt attempts, p_sid text, p_parent_sid text, p_source text, p_source_key text, p_status text,
                                             p_at timestamptz, p_duration integer, p_answered_by text, p_to text, p_payload jsonb)
RETURNS text LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
DECLARE
    v_leg  legs;
    v_now  timestamptz := outdial.now();
BEGIN
    INSERT INTO call_events (tenant_id, attempt_id, leg_sid, source, source_key, kind, payload, received_at)
    VALUES (p_attempt.tenant_id, p_attempt.id, p_sid, p_source, p_source_key, coalesce(p_status, 'note'), coalesce(p_payload, '{}'), v_now)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN 'repeated';
    END IF;
    v_leg := leg_fold(p_attempt, p_sid, p_parent_sid, p_status, p_at, p_duration, p_to);
    -- a verdict that says more outranks one that says less
    IF p_parent_sid IS NULL AND p_answered_by IS NOT NULL AND coalesce(p_attempt.answered_by, 'unknown') = 'unknown' THEN
        p_attempt.answered_by := p_answered_by;
    END IF;
    p_attempt.last_heard_at := v_now;
    -- next_look_at stays: an update that touches no index costs a third, and dialer_looks() puts off whoever was heard of
    UPDATE attempts SET last_heard_at = v_now, answered_by = p_attempt.answered_by WHERE id = p_attempt.id;
    IF p_parent_sid IS NULL AND status_rank(v_leg.status) >= 4 THEN
        PERFORM attempt_end(p_attempt, v_leg.status, p_at);
    END IF;
    PERFORM webhook_call(p_attempt.tenant_id, p_attempt.conversation_id);
    RETURN 'stored';
END $$;

-- What to say, resolved: the campaign's own text in its language, or NULL for the default one.
CREATE OR REPLACE FUNCTION outdial.script_text(p_tenant uuid, p_campaign uuid, p_locale text, p_part text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
BEGIN
    RETURN (SELECT text FROM scripts WHERE tenant_id = p_tenant AND campaign_id = p_campaign AND locale = p_locale AND part = p_part);
END $$;

-- The called line has been answered and the provider asks what to do.
-- mode: person, machine, hangup (opted out, foreign call id, ended), stray (treat as inbound), foreign (403).
DROP FUNCTION IF EXISTS outdial.hook_voice(uuid, uuid, uuid[], text, text, text, jsonb);
CREATE OR REPLACE FUNCTION outdial.hook_voice(p_tenant uuid, p_attempt uuid, p_accounts uuid[], p_sid text, p_answered_by text, p_source_key text, p_payload jsonb)
RETURNS TABLE (mode text, locale text, persona text, company text, greeting text, no_input text, voicemail text, tenant_id uuid, attempt_id uuid)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_whose     record;
    v_attempt   attempts;
    v_over      boolean;
    v_heard_by  text;
BEGIN
    v_whose := hook_enter(p_tenant, p_attempt, p_accounts, p_sid, NULL, 'voice', p_payload);
    mode := v_whose.verdict;
    IF mode <> 'ours' THEN
        IF mode = 'stray' AND (v_whose.attempt).id IS NOT NULL THEN
            mode := 'hangup';
        END IF;
        RETURN NEXT; RETURN;
    END IF;
    v_attempt := v_whose.attempt;
    tenant_id := v_attempt.tenant_id;
    attempt_id := v_attempt.id;
    PERFORM call_news(v_attempt, p_sid, NULL, 'twiml', p_source_key, 'in_progress', outdial.now(), NULL, p_answered_by, v_attempt.phone_e164, p_payload);
    SELECT a.ended_at IS NOT NULL OR a.cancel_wanted IS NOT DISTINCT FROM 'live', a.answered_by,
           coalesce(c.locale, t.locale), t.persona, CASE WHEN t.company <> '' THEN t.company ELSE t.name END
      INTO v_over, v_heard_by, locale, persona, company
      FROM attempts a JOIN tenants t ON t.id = a.tenant_id LEFT JOIN campaigns c ON c.tenant_id = a.tenant_id AND c.id = a.campaign_id
     WHERE a.id = v_attempt.id;
    IF v_over OR is_do_not_call(v_attempt.tenant_id, v_attempt.campaign_id, v_attempt.phone_e164) THEN
        mode := 'hangup';
    ELSIF v_heard_by = 'machine' THEN
        mode := 'machine';
        voicemail := script_text(v_attempt.tenant_id, v_attempt.campaign_id, locale, 'voicemail');
    ELSE
        mode := 'person';
        SELECT max(s.text) FILTER (WHERE s.part = 'greeting'), max(s.text) FILTER (WHERE s.part = 'no_input') INTO greeting, no_input
          FROM scripts s WHERE s.tenant_id = v_attempt.tenant_id AND s.campaign_id = v_attempt.campaign_id AND s.locale = hook_voice.locale;
    END IF;
    RETURN NEXT;
END $$;

-- The person pressed a key.
-- mode: connect (dial agent_phone showing caller_id), no_agent, opted_out (committed with this statement), no_input, hangup, foreign, stray.
DROP FUNCTION IF EXISTS outdial.hook_gather(uuid, uuid, uuid[], text, text, text, text, jsonb);
CREATE OR REPLACE FUNCTION outdial.hook_gather(p_tenant uuid, p_attempt uuid, p_accounts uuid[], p_sid text, p_digits text, p_default_agent text,
                                               p_source_key text, p_payload jsonb)
RETURNS TABLE (mode text, locale text, persona text, company text, said text, agent_phone text, caller_id text, tenant_id uuid, attempt_id uuid)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_whose     record;
    v_attempt   attempts;
    v_campaign  campaigns;
    v_tenant    tenants;
BEGIN
    -- the number's lock comes before the attempt's row, as in the gate
    IF p_digits = '2' AND p_attempt IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock(number_lock(a.tenant_id, a.phone_e164)) FROM attempts a WHERE a.id = p_attempt AND a.tenant_id = p_tenant;
    ELSIF p_digits = '2' THEN
        PERFORM pg_advisory_xact_lock(number_lock(a.tenant_id, a.phone_e164)) FROM attempts a WHERE a.provider_sid = p_sid AND a.account_id = ANY (p_accounts);
    END IF;
    SELECT * INTO v_whose FROM hook_enter(p_tenant, p_attempt, p_accounts, p_sid, NULL, 'gather', p_payload);
    mode := v_whose.verdict;
    IF mode <> 'ours' THEN
        IF mode = 'stray' AND (v_whose.attempt).id IS NOT NULL THEN
            mode := 'hangup';
        END IF;
        RETURN NEXT; RETURN;
    END IF;
    v_attempt := v_whose.attempt;
    tenant_id := v_attempt.tenant_id;
    attempt_id := v_attempt.id;
    PERFORM call_news(v_attempt, p_sid, NULL, 'twiml', p_source_key, 'in_progress', outdial.now(), NULL, NULL, v_attempt.phone_e164, p_payload);
    UPDATE attempts a SET digits = p_digits WHERE a.id = v_attempt.id AND p_digits IS NOT NULL;
    SELECT * INTO v_tenant FROM tenants WHERE id = v_attempt.tenant_id;
    SELECT * INTO v_campaign FROM campaigns c WHERE c.tenant_id = v_attempt.tenant_id AND c.id = v_attempt.campaign_id;
    locale := coalesce(v_campaign.locale, v_tenant.locale);
    persona := v_tenant.persona;
    company := CASE WHEN v_tenant.company <> '' THEN v_tenant.company ELSE v_tenant.name END;
    IF p_digits = '2' THEN
        PERFORM dnc_write(v_attempt.tenant_id, NULL, v_attempt.phone_e164, 'Pressed 2 during the call', 'keypress', v_attempt.conversation_id, 'called party');
        mode := 'opted_out';
        said := script_text(v_attempt.tenant_id, v_campaign.id, locale, 'opted_out');
    ELSIF is_do_not_call(v_attempt.tenant_id, v_attempt.campaign_id, v_attempt.phone_e164) THEN
        mode := 'hangup';
    ELSIF p_digits = '1' THEN
        agent_phone := coalesce(v_campaign.agent_phone, v_tenant.agent_phone, p_default_agent);
        caller_id := v_attempt.caller_id;
        IF agent_phone IS NULL OR agent_phone = v_attempt.phone_e164 OR NOT destination_allowed(v_attempt.tenant_id, agent_phone) THEN
            mode := 'no_agent';
            agent_phone := NULL;
        ELSE
            mode := 'connect';
            said := script_text(v_attempt.tenant_id, v_campaign.id, locale, 'connecting');
        END IF;
    ELSE
        mode := 'no_input';
        said := script_text(v_attempt.tenant_id, v_campaign.id, locale, 'no_input');
    END IF;
    RETURN NEXT;
END $$;

-- A call without an attempt of ours: remembered; language and name of the tenant whose number or account it came through.
-- No row: the line is another account's.
DROP FUNCTION IF EXISTS outdial.hook_inbound(uuid[], text, text, text, jsonb);
CREATE OR REPLACE FUNCTION outdial.hook_inbound(p_accounts uuid[], p_sid text, p_to text, p_kind text, p_payload jsonb)
RETURNS TABLE (locale text, company text) LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT FROM attempts WHERE provider_sid = p_sid AND (account_id = ANY (p_accounts)) IS NOT TRUE) THEN
        RETURN;
    END IF;
    INSERT INTO stray_events (tenant_id, account_id, call_sid, kind, payload, received_at)
    SELECT tenant_id, id, p_sid, p_kind, p_payload, outdial.now() FROM provider_accounts WHERE id = p_accounts[1] ON CONFLICT DO NOTHING;
    RETURN QUERY
    SELECT t.locale, CASE WHEN t.company <> '' THEN t.company ELSE t.name END
      FROM provider_accounts a JOIN tenants t ON t.id = a.tenant_id
      LEFT JOIN phone_numbers n ON n.tenant_id = t.id AND n.number = p_to
     WHERE a.id = ANY (p_accounts) ORDER BY n.number NULLS LAST LIMIT 1;
END $$;

-- After a late verdict (asynchronous machine detection): the call's account when the line is live and a machine answered.
DROP FUNCTION IF EXISTS outdial.hook_redirect(uuid, uuid, uuid[]);
CREATE OR REPLACE FUNCTION outdial.hook_redirect(p_tenant uuid, p_attempt uuid, p_accounts uuid[])
RETURNS SETOF provider_accounts LANGUAGE sql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    SELECT p.* FROM attempts a JOIN provider_accounts p ON p.id = a.account_id
     WHERE a.id = p_attempt AND a.tenant_id = p_tenant AND a.account_id = ANY (p_accounts) AND a.state = 'accepted' AND a.answered_by = 'machine'
$$;

-- The account that a call of the entered tenant went through.
CREATE OR REPLACE FUNCTION outdial.attempt_account(p_tenant uuid, p_attempt uuid) RETURNS SETOF provider_accounts
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    SELECT p.* FROM attempts a JOIN provider_accounts p ON p.id = a.account_id
     WHERE a.id = p_attempt AND a.tenant_id = p_tenant AND p_tenant = outdial.tenant()
$$;

-- Door 4: what a dialer has to do, across tenants.

DROP FUNCTION IF EXISTS outdial.dialer_campaigns();
CREATE OR REPLACE FUNCTION outdial.dialer_campaigns() RETURNS TABLE (tenant_id uuid, campaign_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    SELECT c.tenant_id, c.id FROM campaigns c JOIN tenants t ON t.id = c.tenant_id
     WHERE c.state = 'running' AND t.status = 'active' AND c.agent_kind = 'keypad' ORDER BY c.id
$$;

-- Permits whose sender has not reported: unknown once the session is gone, or long after any request would have ended.
CREATE OR REPLACE FUNCTION outdial.dialer_orphans(p_name text, p_holder bigint) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_count  integer := 0;
    v_one    record;
    v_now    timestamptz := outdial.now();
BEGIN
    INSERT INTO dialers (holder, name, seen_at) VALUES (p_holder, p_name, v_now) ON CONFLICT (holder) DO UPDATE SET seen_at = excluded.seen_at;
    DELETE FROM dialers WHERE seen_at < v_now - interval '5 minutes';
    FOR v_one IN SELECT id, tenant_id, conversation_id, holder, permit_until FROM attempts WHERE state = 'permitted' AND permit_until < v_now - interval '1 second'
                  ORDER BY permit_until LIMIT 1000 FOR UPDATE SKIP LOCKED LOOP
        IF holder_gone(v_one.holder) OR v_one.permit_until < v_now - interval '25 seconds' THEN
            UPDATE attempts SET state = 'unknown', unknown_since = v_now, next_look_at = v_now + interval '15 seconds',
                                failure = 'The process that was to send this request did not report.'
             WHERE id = v_one.id AND state = 'permitted';
            PERFORM webhook_call(v_one.tenant_id, v_one.conversation_id);
            v_count := v_count + 1;
        END IF;
    END LOOP;
    RETURN v_count;
END $$;

CREATE OR REPLACE FUNCTION outdial.holder_gone(p_holder bigint) RETURNS boolean LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
BEGIN
    IF NOT pg_try_advisory_lock(p_holder) THEN
        RETURN false;
    END IF;
    PERFORM pg_advisory_unlock(p_holder);
    -- one's own lock can be taken twice: if it is still there, the holder is this session
    RETURN NOT EXISTS (SELECT FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory' AND objsubid = 1
                          AND (classid::bigint << 32 | objid::bigint) = p_holder);
END $$;

-- Calls the provider should be asked about now; each is lent to one dialer for 20 s.
--   kind list   an unknown attempt: is it in the provider's list?      kind fetch  an open call that fell silent
--   kind cancel a call that is no longer wanted; mode says how far it may have come: queued, ringing, live
DROP FUNCTION IF EXISTS outdial.dialer_looks(integer);
CREATE OR REPLACE FUNCTION outdial.dialer_looks(p_most integer)
RETURNS TABLE (kind text, tenant_id uuid, attempt_id uuid, account_id uuid, provider_sid text, phone text, caller_id text, permitted_at timestamptz, mode text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_now    timestamptz := outdial.now();                      -- once: a volatile function is no key to an index
    v_still  uuid[];
BEGIN
    -- those that were heard of in the last minute are not silent: theirs comes a minute after the last word
    UPDATE attempts SET next_look_at = last_heard_at + interval '60 seconds'
     WHERE id = ANY (ARRAY(SELECT id FROM attempts WHERE next_look_at <= v_now AND state = 'accepted' AND last_heard_at > v_now - interval '60 seconds'
                            ORDER BY next_look_at LIMIT 20 * p_most FOR UPDATE SKIP LOCKED));
    RETURN QUERY
    UPDATE attempts a SET next_look_at = v_now + interval '20 seconds'
     WHERE a.id = ANY (ARRAY(SELECT id FROM attempts WHERE next_look_at <= v_now
                              AND (state = 'accepted' AND last_heard_at > v_now - interval '60 seconds') IS NOT TRUE
                            ORDER BY next_look_at LIMIT p_most FOR UPDATE SKIP LOCKED))
    RETURNING CASE WHEN a.state = 'unknown' THEN 'list' ELSE 'fetch' END, a.tenant_id, a.id, a.account_id, a.provider_sid, a.phone_e164, a.caller_id,
              a.permitted_at, NULL::text;
    RETURN QUERY
    UPDATE attempts a SET cancel_tried_at = v_now
     WHERE a.id = ANY (ARRAY(SELECT id FROM attempts WHERE cancel_wanted IS NOT NULL AND ended_at IS NULL AND provider_sid IS NOT NULL
               AND (cancel_tried_at IS NULL OR cancel_tried_at < v_now - interval '5 seconds') LIMIT p_most FOR UPDATE SKIP LOCKED))
    RETURNING 'cancel', a.tenant_id, a.id, a.account_id, a.provider_sid, a.phone_e164, a.caller_id, a.permitted_at, a.cancel_wanted;
    -- paused and stopped campaigns: what is still queued at the provider has not been dialed and is taken back
    v_still := ARRAY(SELECT c.id FROM campaigns c WHERE c.state IN ('paused', 'stopped')
                        AND (SELECT true FROM attempts at WHERE at.tenant_id = c.tenant_id AND at.campaign_id = c.id AND at.ended_at IS NULL LIMIT 1));
    IF v_still = '{}' THEN
        RETURN;
    END IF;
    RETURN QUERY
    UPDATE attempts a SET cancel_tried_at = v_now
     WHERE a.id = ANY (ARRAY(SELECT at.id FROM attempts at
             WHERE at.campaign_id = ANY (v_still) AND at.ended_at IS NULL AND at.list_id IS NOT NULL AND at.state = 'accepted'
               AND (SELECT l.status FROM legs l WHERE l.tenant_id = at.tenant_id AND l.attempt_id = at.id AND l.parent_sid IS NULL LIMIT 1) = 'planned'
               AND at.last_heard_at < v_now - interval '1 second'
               AND (at.cancel_tried_at IS NULL OR at.cancel_tried_at < v_now - interval '5 seconds') LIMIT p_most))
    RETURNING 'cancel', a.tenant_id, a.id, a.account_id, a.provider_sid, a.phone_e164, a.caller_id, a.permitted_at, 'queued'::text;
END $$;

-- Which of these provider ids already belong to attempts?  (The reconciler must not adopt somebody else's call.)
CREATE OR REPLACE FUNCTION outdial.look_owned(p_account uuid, p_sids text[]) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    SELECT provider_sid FROM attempts WHERE account_id = p_account AND provider_sid = ANY (p_sids)
$$;

-- What a look at the provider's list found: a sid, nothing ('empty'), several or no answer ('unreachable').
CREATE OR REPLACE FUNCTION outdial.look_settle(p_tenant uuid, p_attempt uuid, p_found text, p_sid text) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_attempt  attempts;
    v_adopted  record;
    v_now      timestamptz := outdial.now();
BEGIN
    SELECT * INTO v_attempt FROM attempts WHERE id = p_attempt AND tenant_id = p_tenant AND p_tenant = outdial.tenant() FOR UPDATE;
    IF NOT FOUND OR v_attempt.state <> 'unknown' THEN
        RETURN v_attempt.state;
    END IF;
    IF p_found = 'found' THEN
        SELECT * INTO v_adopted FROM attempt_adopt(v_attempt, p_sid, 'list');
        IF v_adopted.adopted THEN
            -- ask at once how it stands: its callbacks may all be over
            UPDATE attempts SET next_look_at = v_now, last_heard_at = v_now - interval '60 seconds' WHERE id = p_attempt;
        END IF;
    ELSIF p_found = 'empty' AND v_attempt.empty_looks >= 1 AND v_attempt.last_look_at <= v_now - interval '60 seconds'
          AND (v_attempt.reported OR holder_gone(v_attempt.holder)) THEN
        PERFORM attempt_close(v_attempt, 'not_placed', 'not_placed', 'not_placed', 'The provider does not know this call.');
    ELSIF p_found = 'empty' AND v_attempt.empty_looks = 0 THEN
        UPDATE attempts SET empty_looks = 1, last_look_at = v_now, next_look_at = v_now + interval '60 seconds' WHERE id = p_attempt;
    ELSIF v_attempt.unknown_since < v_now - interval '24 hours' THEN
        PERFORM attempt_close(v_attempt, 'perhaps_placed', 'perhaps_placed', 'perhaps_placed', 'The provider could not say for a day whether this call was placed.');
    ELSE
        UPDATE attempts SET next_look_at = v_now + CASE WHEN p_found = 'empty' THEN interval '10 seconds' ELSE interval '30 seconds' END WHERE id = p_attempt;
    END IF;
    RETURN (SELECT state FROM attempts WHERE id = p_attempt);
END $$;

-- What the provider answered about one call: news from the source 'poll'.  p_status NULL: it does not know the call, which is no end.
CREATE OR REPLACE FUNCTION outdial.look_news(p_tenant uuid, p_attempt uuid, p_sid text, p_status text, p_at timestamptz, p_duration integer, p_answered_by text)
RETURNS text LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_attempt  attempts;
BEGIN
    SELECT * INTO v_attempt FROM attempts WHERE id = p_attempt AND tenant_id = p_tenant AND p_tenant = outdial.tenant() FOR UPDATE;
    IF NOT FOUND OR v_attempt.ended_at IS NOT NULL THEN
        RETURN 'ended';
    END IF;
    IF p_status IS NULL THEN
        IF v_attempt.last_heard_at < outdial.now() - interval '24 hours' THEN
            PERFORM attempt_end(v_attempt, 'failed', outdial.now());
            PERFORM webhook_call(p_tenant, v_attempt.conversation_id);
        ELSE
            UPDATE attempts SET next_look_at = outdial.now() + interval '60 seconds' WHERE id = p_attempt;
        END IF;
        RETURN 'silent';
    END IF;
    UPDATE attempts SET next_look_at = outdial.now() + interval '60 seconds' WHERE id = p_attempt;
    RETURN call_news(v_attempt, p_sid, NULL, 'poll', p_sid || ':' || p_status, p_status, coalesce(p_at, outdial.now()), p_duration, p_answered_by,
                     v_attempt.phone_e164, jsonb_build_object('status', p_status));
END $$;

-- A queued call was cancelled at the provider, which sends no callback for it.
CREATE OR REPLACE FUNCTION outdial.cancel_settle(p_tenant uuid, p_attempt uuid, p_sid text, p_status text) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
BEGIN
    IF p_status IN ('canceled', 'completed', 'busy', 'no_answer', 'failed') THEN
        RETURN look_news(p_tenant, p_attempt, p_sid, p_status, outdial.now(), NULL, NULL);
    END IF;
    -- it was answered meanwhile: it runs on, and is not asked again unless it must end at once
    UPDATE attempts SET cancel_wanted = NULL WHERE tenant_id = p_tenant AND p_tenant = outdial.tenant() AND id = p_attempt AND cancel_wanted <> 'live';
    RETURN 'live';
END $$;

-- The account's credentials for a dialer (sealed; the master key is not here).
CREATE OR REPLACE FUNCTION outdial.dialer_account(p_account uuid) RETURNS SETOF provider_accounts
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    SELECT * FROM provider_accounts WHERE id = p_account
$$;

-- A call's present state, for replays of idempotency keys and for the waiting create.
DROP FUNCTION IF EXISTS outdial.attempt_state(uuid, uuid);
CREATE OR REPLACE FUNCTION outdial.attempt_state(p_tenant uuid, p_attempt uuid)
RETURNS TABLE (state text, provider_sid text, conversation_id uuid, phone_e164 text, failure text, error_code text, http_status integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    SELECT state, provider_sid, conversation_id, phone_e164, failure, error_code, http_status FROM attempts
     WHERE tenant_id = p_tenant AND id = p_attempt AND p_tenant = outdial.tenant()
$$;
