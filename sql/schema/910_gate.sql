-- The gate: the only code that may create an attempt, and so the only way a phone can ring.
--
-- Locks are taken in one order, so that nothing can deadlock and nothing can slip past:
--   platform do-not-call list (share) -> account_pace -> campaign (share) and campaign_pace -> tenant_money -> numbers, sorted -> caller IDs (912)
-- Whoever adds a do-not-call row takes the same number lock, so an opt-out and a permit cannot pass each other.
-- Any input that is missing means no.  Time is outdial.now() alone.

CREATE OR REPLACE FUNCTION outdial.number_lock(p_tenant uuid, p_phone text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT hashtextextended(p_tenant::text || p_phone, 42)
$$;

-- Key of the lock that platform-wide do-not-call rows are added under.
CREATE OR REPLACE FUNCTION outdial.platform_lock() RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT 4276115653 $$;

-- The first instant at or after p_from when it is inside the window in every one of the zones; NULL: never, or no zone known.
CREATE OR REPLACE FUNCTION outdial.window_open_at(p_from timestamptz, p_zones text[], p_opens integer, p_closes integer)
RETURNS timestamptz LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = outdial, pg_temp AS $$
DECLARE
    v_at     timestamptz := p_from;
    v_local  timestamp;
    v_minute integer;
    v_zone   text;
    v_moved  boolean;
BEGIN
    IF coalesce(cardinality(p_zones), 0) = 0 OR p_opens IS NULL OR p_closes IS NULL OR p_opens >= p_closes THEN
        RETURN NULL;
    END IF;
    IF p_opens = 0 AND p_closes = 1440 THEN
        RETURN p_from;
    END IF;
    -- zones half a day apart may never be open together: three days of moving on are enough to know
    FOR turn IN 1 .. 200 LOOP
        v_moved := false;
        FOREACH v_zone IN ARRAY p_zones LOOP
            v_local := v_at AT TIME ZONE v_zone;
            v_minute := extract(hour FROM v_local) * 60 + extract(minute FROM v_local);
            CONTINUE WHEN v_minute >= p_opens AND v_minute < p_closes;
            v_local := date_trunc('day', v_local) + make_interval(days => CASE WHEN v_minute < p_opens THEN 0 ELSE 1 END, mins => p_opens);
            v_at := greatest(v_local AT TIME ZONE v_zone, v_at + interval '1 minute');
            v_moved := true;
        END LOOP;
        IF NOT v_moved THEN
            RETURN v_at;
        END IF;
        EXIT WHEN v_at > p_from + interval '4 days';
    END LOOP;
    RETURN NULL;
END $$;

-- Every do-not-call row that concerns this number for this tenant and campaign.
CREATE OR REPLACE FUNCTION outdial.is_do_not_call(p_tenant uuid, p_campaign uuid, p_phone text)
RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM dnc WHERE phone_e164 = p_phone
                                     AND (tenant_id IS NULL OR tenant_id = p_tenant)
                                     AND (campaign_id IS NULL OR campaign_id = p_campaign));
END $$;

CREATE OR REPLACE FUNCTION outdial.refusal(p_code text, p_detail text, p_clears timestamptz) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('code', p_code, 'detail', p_detail,
                              'clears_at', to_char(p_clears AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
$$;

-- What may be called at all: known country of the number, on the tenant's list, ordinary kind.
CREATE OR REPLACE FUNCTION outdial.destination_allowed(p_tenant uuid, p_phone text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    SELECT coalesce((SELECT phone_country(p_phone) = ANY (coalesce(t.countries, ARRAY[t.default_country]))
                       AND phone_kind(p_phone) IN ('ordinary', 'toll_free', 'uan')
                       FROM tenants t WHERE t.id = p_tenant), false)
$$;

-- The rules that concern the number itself, in the order in which they are told.  The caller holds the number's lock.
CREATE OR REPLACE FUNCTION outdial.gate_number(p_tenant tenants, p_campaign campaigns, p_phone text, p_zones text[],
                                               p_now timestamptz, p_new boolean)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = outdial, pg_temp AS $$
DECLARE
    v_no     jsonb := '[]';
    v_last   timestamptz;
    v_opens  integer := greatest(p_tenant.window_opens, coalesce(p_campaign.window_opens, 0));
    v_closes integer := least(p_tenant.window_closes, coalesce(p_campaign.window_closes, 1440));
    v_at     timestamptz;
BEGIN
    IF is_do_not_call(p_tenant.id, p_campaign.id, p_phone) THEN
        v_no := v_no || refusal('do_not_call', 'The number is on a do-not-call list.', NULL);
    END IF;
    IF p_new AND EXISTS (SELECT FROM conversations WHERE tenant_id = p_tenant.id AND phone_e164 = p_phone AND closed_at IS NULL) THEN
        v_no := v_no || refusal('call_already_open', 'A call with this number is under way, or its outcome is not known yet.', NULL);
    END IF;
    IF NOT destination_allowed(p_tenant.id, p_phone) THEN
        v_no := v_no || refusal('destination', 'This tenant does not call that country or kind of number. An admin can change the tenant''s countries.', NULL);
    END IF;
    IF p_new AND p_tenant.minimum_gap_minutes > 0 THEN
        SELECT max(permitted_at) INTO v_last FROM attempts
         WHERE tenant_id = p_tenant.id AND phone_e164 = p_phone AND state NOT IN ('refused', 'not_placed')
           AND permitted_at > p_now - make_interval(mins => p_tenant.minimum_gap_minutes);
        IF v_last IS NOT NULL THEN
            v_no := v_no || refusal('minimum_gap', format('The last call to this number was less than %s minutes ago.', p_tenant.minimum_gap_minutes),
                                    v_last + make_interval(mins => p_tenant.minimum_gap_minutes));
        END IF;
    END IF;
    -- a call permitted in the last minute of a window would ring after it
    IF v_closes < 1440 THEN
        v_closes := v_closes - 1;
    END IF;
    -- what is known about the lead can only add zones: a number whose own zones are unknown is not called
    IF cardinality(phone_zones(p_phone)) > 0 THEN
        v_at := window_open_at(p_now, phone_zones(p_phone) || coalesce(p_zones, '{}'), v_opens, v_closes);
    END IF;
    IF v_at IS NULL OR v_at > p_now THEN
        v_no := v_no || refusal('outside_hours', 'It is outside the calling hours in a place where this number may be.', v_at);
    END IF;
    RETURN v_no;
END $$;

-- Refills the account's bucket and says how many calls it may start now.  The caller holds the row's lock.
-- The bucket holds a tenth of a second's worth, so that no second sees more than the rate.
CREATE OR REPLACE FUNCTION outdial.bucket_level(p_tokens double precision, p_refilled timestamptz, p_rate double precision, p_now timestamptz)
RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
    SELECT least(greatest(1, p_rate / 10),
                 p_tokens + greatest(0, extract(epoch FROM p_now - p_refilled))
                            * CASE WHEN p_rate > 10 THEN p_rate * 0.9 ELSE p_rate END)
$$;

-- Writes the permit: a conversation and its attempt.  The only INSERT into attempts there is.
--   p_reserve  {"micros", "currency"} where something limits the spending, otherwise NULL
DROP FUNCTION IF EXISTS outdial.gate_admit(uuid, text, campaigns, uuid, uuid, text, uuid, text, bigint, uuid, text, jsonb, timestamptz);
CREATE OR REPLACE FUNCTION outdial.gate_admit(p_tenant uuid, p_kind text, p_campaign campaigns, p_list uuid, p_lead uuid, p_phone text,
                                              p_account uuid, p_caller_id text, p_holder bigint, p_agent uuid, p_by text,
                                              p_rules jsonb, p_reserve jsonb, p_now timestamptz, OUT attempt_id uuid, OUT conversation_id uuid)
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
BEGIN
    attempt_id := uuid7();
    INSERT INTO conversations (tenant_id, kind, lead_id, phone_e164, agent_id, campaign_id, opened_at, created_by)
    VALUES (p_tenant, p_kind, p_lead, p_phone, p_agent, p_campaign.id, p_now, p_by) RETURNING id INTO conversation_id;
    INSERT INTO attempts (id, tenant_id, conversation_id, campaign_id, list_id, lead_id, account_id, phone_e164, caller_id, state,
                          permitted_at, permit_until, holder, signed_permit_id, rules, estimate_micros, estimate_currency)
    VALUES (attempt_id, p_tenant, conversation_id, p_campaign.id, p_list, p_lead, p_account, p_phone, p_caller_id, 'permitted',
            p_now, p_now + interval '2 seconds', p_holder, p_campaign.signed_permit_id, p_rules,
            (p_reserve ->> 'micros')::bigint, p_reserve ->> 'currency');
    PERFORM number_used(p_tenant, p_caller_id, p_now);
END $$;

-- Every look at the world after a lock must see what was committed before the lock was given, which only this level grants.
CREATE OR REPLACE FUNCTION outdial.gate_isolation() RETURNS void LANGUAGE plpgsql STABLE SET search_path = outdial, pg_temp AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION USING ERRCODE = '25001', MESSAGE = 'The gate works at READ COMMITTED only.';
    END IF;
END $$;

-- One campaign's turn.  Claims due leads, puts each before the gate, and answers a permit per row; the last row has no attempt
-- and says how long to wait before asking again, and why.  Claiming and permitting are one transaction: a lead is either waiting
-- or has an attempt, so there is no claim that a crash could strand.
-- Drops a function when its result columns change, because CREATE OR REPLACE cannot.
DROP FUNCTION IF EXISTS outdial.dial_campaign(uuid, uuid, bigint, integer, text);
CREATE OR REPLACE FUNCTION outdial.dial_campaign(p_tenant uuid, p_campaign uuid, p_holder bigint, p_most integer, p_fallback_caller text)
RETURNS TABLE (attempt_id uuid, conversation_id uuid, phone text, caller_id text, account_id uuid, ring_seconds integer,
               machine_detection boolean, machine_detection_timeout_ms integer, wait_for_beep boolean, async_machine_detection boolean,
               skipped integer, wait_ms bigint, reason text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_now       timestamptz;
    v_tenant    tenants;
    v_campaign  campaigns;
    v_account   provider_accounts;
    v_apace     account_pace;
    v_cpace     campaign_pace;
    v_room      record;
    v_money     record;
    v_caller    record;
    v_picked    record;
    v_no        jsonb;
    v_admitted  record;
    v_permits   integer := 0;
    v_looked    integer := 0;
    v_chunk     integer;
    v_reserve   bigint;
    v_reserved  bigint := 0;
    v_rules     jsonb;
    v_leads     uuid[];
    v_phones    text[];
BEGIN
    skipped := 0; wait_ms := 1000; reason := NULL;
    IF p_tenant IS DISTINCT FROM outdial.tenant() THEN
        reason := 'tenant'; RETURN NEXT; RETURN;
    END IF;
    PERFORM gate_isolation();
    SELECT * INTO v_tenant FROM tenants WHERE id = p_tenant AND status = 'active';
    SELECT * INTO v_campaign FROM campaigns WHERE tenant_id = p_tenant AND id = p_campaign;
    IF v_tenant.id IS NULL OR v_campaign.id IS NULL THEN
        reason := 'tenant'; wait_ms := 5000; RETURN NEXT; RETURN;
    END IF;
    v_account := campaign_account(v_campaign);
    IF v_account.id IS NULL THEN
        reason := 'account'; wait_ms := 5000; RETURN NEXT; RETURN;
    END IF;

    PERFORM pg_advisory_xact_lock_shared(platform_lock());
    INSERT INTO account_pace (account_id, refilled_at) VALUES (v_account.id, outdial.now()) ON CONFLICT DO NOTHING;
    SELECT * INTO v_apace FROM account_pace WHERE account_id = v_account.id FOR UPDATE;
    SELECT * INTO v_campaign FROM campaigns WHERE tenant_id = p_tenant AND id = p_campaign FOR SHARE;
    INSERT INTO campaign_pace (campaign_id, refilled_at) VALUES (p_campaign, outdial.now()) ON CONFLICT DO NOTHING;
    SELECT * INTO v_cpace FROM campaign_pace WHERE campaign_id = p_campaign FOR UPDATE;
    v_now := outdial.now();

    IF v_campaign.state <> 'running' OR v_campaign.list_id IS NULL THEN
        reason := 'campaign_state'; RETURN NEXT; RETURN;
    END IF;
    v_caller := choose_caller_id(v_tenant, v_campaign, v_account.id, NULL, NULL, p_fallback_caller, v_now);
    IF v_caller.clears_at IS NOT NULL THEN
        PERFORM campaign_finish(p_tenant, p_campaign, v_campaign.list_id);
        reason := 'caller_id'; wait_ms := least(5000, extract(epoch FROM v_caller.clears_at - v_now) * 1000 + 1); RETURN NEXT; RETURN;
    ELSIF v_caller.number IS NULL THEN
        UPDATE campaigns SET state_reason = 'No verified, active caller ID: link a number to the campaign or set the tenant''s default.'
         WHERE id = p_campaign AND state_reason IS NULL;
        reason := 'caller_id'; wait_ms := 5000; RETURN NEXT; RETURN;
    END IF;
    v_room := turn_room(v_campaign, v_account, v_apace, v_cpace, p_most, v_now);
    v_apace := v_room.p_apace; v_cpace := v_room.p_cpace;
    IF v_room.most <= 0 THEN
        PERFORM campaign_finish(p_tenant, p_campaign, v_campaign.list_id);
        reason := v_room.reason; wait_ms := v_room.wait_ms; RETURN NEXT; RETURN;
    END IF;
    v_money := money_left(v_tenant, v_campaign, v_account.rates, v_now);
    v_rules := jsonb_build_object('window', jsonb_build_array(greatest(v_tenant.window_opens, v_campaign.window_opens),
                                                              least(v_tenant.window_closes, v_campaign.window_closes)),
                                  'gap_minutes', v_tenant.minimum_gap_minutes,
                                  'countries', to_jsonb(coalesce(v_tenant.countries, ARRAY[v_tenant.default_country])),
                                  'prefixes', (SELECT jsonb_object_agg(name, version) FROM data_sources));

    <<claim>>
    WHILE v_permits < v_room.most AND v_looked < 500 LOOP
        v_chunk := 0;
        -- claim in the queue's order, then lock the numbers in theirs
        v_leads := claim_leads(v_campaign, v_cpace, v_now, v_room.most - v_permits);
        IF v_leads = '{}' THEN
            -- nobody: now and then the queues are looked through from their very beginning
            EXIT WHEN v_permits > 0 OR v_cpace.looked_at > v_now - interval '1 minute';
            v_cpace.looked_at := v_now; v_cpace.fresh_from := -9223372036854775808; v_cpace.retry_from := '-infinity';
            CONTINUE;
        END IF;
        SELECT array_agg(DISTINCT phone_e164 ORDER BY phone_e164) INTO v_phones FROM leads
         WHERE tenant_id = p_tenant AND id = ANY (v_leads) AND phone_e164 IS NOT NULL;
        PERFORM pg_advisory_xact_lock(number_lock(p_tenant, p)) FROM unnest(v_phones) AS p;
        FOR v_picked IN
            SELECT c.lead_id, c.attempts, l.phone_e164, l.zones, l.deleted_at
              FROM unnest(v_leads) WITH ORDINALITY AS u(lead_id, n)
              JOIN campaign_leads c ON c.tenant_id = p_tenant AND c.list_id = v_campaign.list_id AND c.lead_id = u.lead_id
              JOIN leads l ON l.tenant_id = c.tenant_id AND l.id = c.lead_id
             ORDER BY u.n
        LOOP
            -- a number that was changed a moment ago is not the one that is locked: its lead comes next turn
            CONTINUE WHEN v_picked.phone_e164 IS NOT NULL AND (v_picked.phone_e164 = ANY (v_phones)) IS NOT TRUE;
            v_chunk := v_chunk + 1;
            v_looked := v_looked + 1;
            IF v_picked.deleted_at IS NOT NULL OR v_picked.phone_e164 IS NULL THEN
                UPDATE campaign_leads SET state = 'skipped', reason = CASE WHEN v_picked.deleted_at IS NULL THEN 'invalid_number' ELSE 'deleted' END
                 WHERE tenant_id = p_tenant AND list_id = v_campaign.list_id AND lead_id = v_picked.lead_id;
                skipped := skipped + 1;
                CONTINUE;
            END IF;
            BEGIN
                v_no := gate_number(v_tenant, v_campaign, v_picked.phone_e164, v_picked.zones, v_now, true);
            EXCEPTION WHEN data_exception THEN
                -- a lead that cannot be judged is not called, and does not hold up the others
                UPDATE campaign_leads SET state = 'failed', reason = 'unusable: ' || SQLERRM
                 WHERE tenant_id = p_tenant AND list_id = v_campaign.list_id AND lead_id = v_picked.lead_id;
                skipped := skipped + 1;
                CONTINUE;
            END;
            IF v_no <> '[]' THEN
                skipped := skipped + lead_refused(v_campaign, v_picked.lead_id, v_no, v_now)::integer;
                CONTINUE;
            END IF;
            v_caller := choose_caller_id(v_tenant, v_campaign, v_account.id, NULL, v_picked.phone_e164, p_fallback_caller, v_now);
            -- every number has been shown as often as it may be today: whoever is left goes on waiting
            EXIT claim WHEN v_caller.number IS NULL;
            v_reserve := NULL;
            IF v_money.left_micros IS NOT NULL THEN
                v_reserve := call_reserve(v_account.rates, v_picked.phone_e164);
                IF v_reserve IS NULL OR v_reserve > v_money.left_micros - v_reserved THEN
                    reason := 'budget';
                    EXIT claim;
                END IF;
                v_reserved := v_reserved + v_reserve;
            END IF;
            SELECT * INTO v_admitted FROM gate_admit(p_tenant, 'campaign', v_campaign, v_campaign.list_id, v_picked.lead_id, v_picked.phone_e164,
                                                     v_account.id, v_caller.number, p_holder, NULL, 'dialer', v_rules,
                                                     CASE WHEN v_reserve IS NOT NULL THEN jsonb_build_object('micros', v_reserve, 'currency', v_account.rates ->> 'currency') END,
                                                     v_now);
            UPDATE campaign_leads SET state = 'calling', reason = NULL, first_at = coalesce(first_at, v_now)
             WHERE tenant_id = p_tenant AND list_id = v_campaign.list_id AND lead_id = v_picked.lead_id;
            v_permits := v_permits + 1;
            v_cpace.fresh_run := CASE WHEN v_picked.attempts > 0 THEN 0 ELSE least(v_cpace.fresh_run + 1, 1000) END;
            attempt_id := v_admitted.attempt_id; conversation_id := v_admitted.conversation_id; phone := v_picked.phone_e164;
            caller_id := v_caller.number; account_id := v_account.id; ring_seconds := v_campaign.ring_seconds;
            machine_detection := v_campaign.machine_detection; machine_detection_timeout_ms := v_campaign.machine_detection_timeout_ms;
            wait_for_beep := v_campaign.wait_for_beep; async_machine_detection := v_campaign.async_machine_detection;
            RETURN NEXT;
        END LOOP;
        EXIT WHEN v_chunk = 0;
    END LOOP;

    IF v_permits > 0 AND v_campaign.state_reason IS NOT NULL THEN
        UPDATE campaigns SET state_reason = NULL WHERE id = p_campaign;
    END IF;
    IF v_reserved > 0 THEN
        PERFORM money_reserve(p_tenant, v_campaign, v_reserved);
    END IF;
    IF v_looked > 0 OR v_cpace.looked_at = v_now THEN
        v_cpace := claim_marks(v_campaign, v_now, v_cpace);
    END IF;
    UPDATE account_pace SET tokens = v_apace.tokens - v_permits, refilled_at = v_now WHERE account_id = v_account.id;
    UPDATE campaign_pace SET tokens = v_cpace.tokens - v_permits, refilled_at = v_now,
                             last_at = CASE WHEN v_permits > 0 THEN v_now ELSE last_at END,
                             account_id = v_account.id, served = v_cpace.served + v_permits::double precision / v_campaign.weight,
                             hungry_at = CASE WHEN v_room.shared AND v_permits >= v_room.most THEN v_now END,
                             fresh_from = v_cpace.fresh_from, retry_from = v_cpace.retry_from, looked_at = v_cpace.looked_at, fresh_run = v_cpace.fresh_run
     WHERE campaign_id = p_campaign;

    attempt_id := NULL; conversation_id := NULL; phone := NULL; caller_id := NULL;
    IF reason = 'budget' THEN
        wait_ms := 250;
        IF v_permits = 0 AND NOT EXISTS (SELECT FROM attempts WHERE tenant_id = p_tenant AND campaign_id = p_campaign AND ended_at IS NULL) THEN
            PERFORM campaign_pause(p_tenant, p_campaign, v_money.why);
        END IF;
    ELSIF v_permits > 0 THEN
        reason := 'permitted';
        wait_ms := least(1000, greatest(CASE WHEN v_permits >= v_room.most THEN 1 ELSE 100 END, v_campaign.interval_ms));
    ELSIF v_looked >= 500 THEN
        reason := 'more'; wait_ms := 0;
    ELSE
        PERFORM campaign_finish(p_tenant, p_campaign, v_campaign.list_id);
        reason := 'nobody_due';
        wait_ms := least(5000, greatest(10, 1000 * extract(epoch FROM next_due(v_campaign, v_cpace) - v_now)));
        wait_ms := coalesce(wait_ms, 250);
    END IF;
    RETURN NEXT;
END $$;

-- The account a campaign dials with: its own, or the tenant's first, or the platform's.  No row: none is active.
CREATE OR REPLACE FUNCTION outdial.campaign_account(p_campaign campaigns) RETURNS provider_accounts
LANGUAGE sql STABLE SET search_path = outdial, pg_temp AS $$
    SELECT a.* FROM provider_accounts a
     WHERE a.provider = 'twilio' AND (a.id = p_campaign.account_id OR p_campaign.account_id IS NULL)
       AND (a.tenant_id = p_campaign.tenant_id OR a.tenant_id IS NULL) AND a.status = 'active'
     ORDER BY a.tenant_id NULLS LAST, a.id LIMIT 1
$$;

-- How many calls the campaign may begin in this turn, whoever is next; 0 with reason and wait.  The caller holds both rows of pace, which
-- come back with their buckets filled.
--   shared  the account, not the campaign, is what limits it
CREATE OR REPLACE FUNCTION outdial.turn_room(p_campaign campaigns, p_account provider_accounts, INOUT p_apace account_pace, INOUT p_cpace campaign_pace,
                                             p_most integer, p_now timestamptz, OUT most integer, OUT shared boolean, OUT reason text, OUT wait_ms bigint)
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
DECLARE
    v_rate     double precision := p_account.calls_per_second * throttle_level(p_apace.throttle, p_apace.throttled_at, p_now);
    v_due      timestamptz := p_cpace.last_at + make_interval(secs => p_campaign.interval_ms / 1000.0);
    v_open     integer;
    v_own      integer;
    v_account  integer;
    v_breaker  record;
    v_share    record;
BEGIN
    most := 0; shared := false;
    v_breaker := campaign_breaker(p_campaign, p_now, p_cpace);
    p_cpace := v_breaker.p_pace;
    IF v_breaker.does IN ('wait', 'pause') THEN
        reason := CASE v_breaker.does WHEN 'wait' THEN 'breaker' ELSE 'campaign_state' END;
        wait_ms := least(1000, greatest(10, 1000 * extract(epoch FROM v_breaker.clears_at - p_now)));
        RETURN;
    END IF;
    IF p_apace.blocked_until > p_now THEN
        reason := 'rate'; wait_ms := extract(epoch FROM p_apace.blocked_until - p_now) * 1000 + 1;
        RETURN;
    END IF;
    IF v_due > p_now THEN
        reason := 'interval'; wait_ms := least(1000, extract(epoch FROM v_due - p_now) * 1000 + 1);
        RETURN;
    END IF;
    p_apace.tokens := bucket_level(p_apace.tokens, p_apace.refilled_at, v_rate, p_now);
    p_cpace.tokens := bucket_level(p_cpace.tokens, p_cpace.refilled_at, p_campaign.calls_per_second, p_now);
    v_open := (SELECT count(*) FROM attempts WHERE tenant_id = p_campaign.tenant_id AND campaign_id = p_campaign.id AND ended_at IS NULL);
    v_own := least(p_most, p_campaign.max_open_calls - v_open, CASE WHEN p_campaign.interval_ms > 0 THEN 1 END, CASE WHEN v_breaker.does = 'probe' THEN 1 - v_open END);
    v_account := p_account.max_open_calls - (SELECT count(*) FROM attempts WHERE account_id = p_account.id AND ended_at IS NULL);
    IF v_own > 0 AND p_campaign.goal IS NOT NULL THEN
        v_own := least(v_own, goal_left(p_campaign, v_open));
        IF v_own <= 0 THEN
            reason := 'goal'; wait_ms := 250;
            RETURN;
        END IF;
    END IF;
    IF v_own <= 0 THEN
        reason := CASE WHEN v_breaker.does = 'probe' THEN 'breaker' ELSE 'concurrency' END; wait_ms := 100;
        RETURN;
    END IF;
    v_own := least(v_own, floor(p_cpace.tokens));
    IF v_own <= 0 THEN
        reason := 'rate'; wait_ms := 1 + 1000 * (1 - p_cpace.tokens) / p_campaign.calls_per_second;
        RETURN;
    END IF;

    v_share := fair_share(p_cpace.served, p_cpace.hungry_at > p_now - interval '2 seconds', p_campaign.weight,
                          share_floor(p_account.id, p_campaign.id, p_now), greatest(1, v_rate / 10));
    p_cpace.served := v_share.served;
    most := least(v_own, v_account, floor(p_apace.tokens), v_share.most);
    shared := most < v_own;
    IF most <= 0 THEN
        reason := CASE WHEN v_account <= 0 THEN 'concurrency' WHEN p_apace.tokens < 1 THEN 'rate' ELSE 'share' END;
        wait_ms := CASE reason WHEN 'concurrency' THEN 100 WHEN 'rate' THEN 1 + 1000 * (1 - p_apace.tokens) / v_rate
                               ELSE greatest(2, least(250, 1000 / v_rate)) END;
        -- wanting is remembered, so that the others leave room
        UPDATE campaign_pace SET account_id = p_account.id, served = p_cpace.served,
                                 hungry_at = CASE WHEN somebody_due(p_campaign, p_cpace, p_now) THEN p_now END
         WHERE campaign_id = p_campaign.id;
    END IF;
END $$;

-- How many more calls could be needed: every open one counts as if it will reach the goal.  A goal that is reached ends the run as
-- soon as no call of it is open.
CREATE OR REPLACE FUNCTION outdial.goal_left(p_campaign campaigns, p_open integer) RETURNS integer
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
DECLARE
    v_left bigint := (p_campaign.goal ->> 'count')::bigint - goal_reached(p_campaign);
BEGIN
    IF v_left <= 0 AND p_open = 0 THEN
        UPDATE campaigns SET state = 'done', state_reason = 'The goal was reached.', updated_at = outdial.now()
         WHERE tenant_id = p_campaign.tenant_id AND id = p_campaign.id AND state = 'running';
        PERFORM audit_add(p_campaign.tenant_id, 'campaign.goal', p_campaign.id, p_campaign.goal);
    END IF;
    RETURN greatest(0, least(v_left - p_open, 100000));
END $$;

-- The gate said no: what never clears ends the lead, what does sends it back to the queue until then.  True: it was skipped.
CREATE OR REPLACE FUNCTION outdial.lead_refused(p_campaign campaigns, p_lead uuid, p_no jsonb, p_now timestamptz) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
DECLARE
    v_first  jsonb;
    v_never  boolean;
BEGIN
    SELECT r INTO v_first FROM jsonb_array_elements(p_no) r
     ORDER BY CASE WHEN r ->> 'code' IN ('do_not_call', 'destination') THEN 0 ELSE 1 END, r ->> 'clears_at' DESC NULLS LAST LIMIT 1;
    v_never := v_first ->> 'code' IN ('do_not_call', 'destination') OR (v_first ->> 'code' = 'outside_hours' AND v_first ->> 'clears_at' IS NULL);
    UPDATE campaign_leads SET state = CASE WHEN v_never THEN 'skipped' ELSE 'waiting' END, reason = v_first ->> 'code',
                              due_at = CASE WHEN v_never THEN due_at ELSE coalesce((v_first ->> 'clears_at')::timestamptz, p_now + interval '5 seconds') END
     WHERE tenant_id = p_campaign.tenant_id AND list_id = p_campaign.list_id AND lead_id = p_lead;
    RETURN v_never;
END $$;

-- When somebody will be due: the first who waits to be called again.  NULL: nobody.
CREATE OR REPLACE FUNCTION outdial.next_due(p_campaign campaigns, p_pace campaign_pace) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = outdial, pg_temp AS $$
    SELECT due_at FROM campaign_leads
     WHERE tenant_id = p_campaign.tenant_id AND list_id = p_campaign.list_id AND state = 'waiting' AND due_at > '-infinity' AND due_at >= p_pace.retry_from
     ORDER BY due_at LIMIT 1
$$;

-- A campaign whose list has nobody left to call and no call under way is done.  The cheap looks come first: while the list is long its
-- next lead answers at once, wherever the queues begin.
CREATE OR REPLACE FUNCTION outdial.campaign_finish(p_tenant uuid, p_campaign uuid, p_list uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM campaign_leads l, campaign_pace p WHERE p.campaign_id = p_campaign AND l.tenant_id = p_tenant AND l.list_id = p_list
                  AND l.state = 'waiting' AND l.due_at = '-infinity' AND coalesce(l.rank, l.position) >= p.fresh_from)
       OR EXISTS (SELECT FROM campaign_leads l, campaign_pace p WHERE p.campaign_id = p_campaign AND l.tenant_id = p_tenant AND l.list_id = p_list
                  AND l.state = 'waiting' AND l.due_at > '-infinity' AND l.due_at >= p.retry_from)
       OR EXISTS (SELECT FROM campaign_leads WHERE tenant_id = p_tenant AND list_id = p_list AND state IN ('waiting', 'calling')) THEN
        RETURN;
    END IF;
    UPDATE campaigns SET state = 'done', updated_at = outdial.now()
     WHERE tenant_id = p_tenant AND id = p_campaign AND list_id = p_list AND state = 'running'
       AND NOT EXISTS (SELECT FROM campaign_leads WHERE tenant_id = p_tenant AND list_id = p_list AND state IN ('waiting', 'calling'));
END $$;

-- What else holds a single call back: its campaign's breaker, and what may still be spent.
CREATE OR REPLACE FUNCTION outdial.single_held_back(p_campaign campaigns, p_rates jsonb, p_phone text, p_left bigint, p_why text, p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = outdial, pg_temp AS $$
DECLARE
    v_pace  campaign_pace;
    v_step  record;
    v_no    jsonb := '[]';
BEGIN
    SELECT * INTO v_pace FROM campaign_pace WHERE campaign_id = p_campaign.id AND breaker_state = 'open';
    IF FOUND THEN
        v_step := breaker_step(p_campaign.breaker, v_pace.breaker_state, v_pace.breaker_since, v_pace.breaker_trips, '{}', p_now);
        IF v_step.does = 'wait' THEN
            v_no := v_no || refusal('campaign_state', 'Too many of the campaign''s calls failed; it waits before it tries again.', v_step.clears_at);
        END IF;
    END IF;
    IF p_left IS NOT NULL AND coalesce(call_reserve(p_rates, p_phone) > p_left, true) THEN
        v_no := v_no || refusal('campaign_state', p_why, NULL);
    END IF;
    RETURN v_no;
END $$;

-- One call asked for by a person or a program.  Answers a permit, or every rule that refuses.
--   p_obeys_state  the call belongs to a campaign's run: a paused or stopped one refuses it
-- p_key etc.: the request's Idempotency-Key, bound to the attempt in this same transaction; NULL without one.
DROP FUNCTION IF EXISTS outdial.dial_single(uuid, text, uuid, text, uuid, boolean, bigint, uuid, text, text, text, text, text);
CREATE OR REPLACE FUNCTION outdial.dial_single(p_tenant uuid, p_kind text, p_lead uuid, p_phone text, p_campaign uuid, p_obeys_state boolean,
                                               p_holder bigint, p_agent uuid, p_fallback_caller text,
                                               p_key_principal text, p_key_route text, p_key text, p_key_hash text)
RETURNS TABLE (attempt_id uuid, conversation_id uuid, caller_id text, account_id uuid, ring_seconds integer,
               machine_detection boolean, machine_detection_timeout_ms integer, wait_for_beep boolean, async_machine_detection boolean,
               refusals jsonb)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_now       timestamptz;
    v_tenant    tenants;
    v_campaign  campaigns;
    v_account   provider_accounts;
    v_apace     account_pace;
    v_zones     text[];
    v_no        jsonb;
    v_more      jsonb := '[]';
    v_caller    record;
    v_money     record;
    v_reserve   jsonb;
    v_rate      double precision;
    v_admitted  record;
BEGIN
    IF p_tenant IS DISTINCT FROM outdial.tenant() OR p_phone IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'OD404', MESSAGE = 'There is nothing at this address.', DETAIL = 'not_found';
    END IF;
    PERFORM gate_isolation();
    SELECT * INTO v_tenant FROM tenants WHERE id = p_tenant AND status = 'active';
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'OD403', MESSAGE = 'This tenant is suspended.', DETAIL = 'tenant_suspended';
    END IF;
    SELECT a.* INTO v_account FROM provider_accounts a
     WHERE a.provider = 'twilio' AND (a.tenant_id = p_tenant OR a.tenant_id IS NULL)
     ORDER BY a.id = (SELECT account_id FROM campaigns WHERE tenant_id = p_tenant AND id = p_campaign) DESC NULLS LAST, a.tenant_id NULLS LAST, a.id LIMIT 1;
    IF v_account.id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'OD503', MESSAGE = 'Failed to start calling: Twilio not configured. Missing: provider account.', DETAIL = 'not_configured';
    END IF;
    SELECT zones INTO v_zones FROM leads WHERE tenant_id = p_tenant AND id = p_lead;

    PERFORM pg_advisory_xact_lock_shared(platform_lock());
    INSERT INTO account_pace (account_id, refilled_at) VALUES (v_account.id, outdial.now()) ON CONFLICT DO NOTHING;
    SELECT * INTO v_apace FROM account_pace WHERE account_id = v_account.id FOR UPDATE;
    IF p_campaign IS NOT NULL THEN
        SELECT * INTO v_campaign FROM campaigns WHERE tenant_id = p_tenant AND id = p_campaign FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'OD404', MESSAGE = 'There is no such campaign.', DETAIL = 'not_found';
        END IF;
        IF v_campaign.budget IS NOT NULL THEN
            INSERT INTO campaign_pace (campaign_id, refilled_at) VALUES (p_campaign, outdial.now()) ON CONFLICT DO NOTHING;
            PERFORM FROM campaign_pace WHERE campaign_id = p_campaign FOR UPDATE;
        END IF;
    END IF;
    v_money := money_left(v_tenant, v_campaign, v_account.rates, outdial.now());
    PERFORM pg_advisory_xact_lock(number_lock(p_tenant, p_phone));
    v_now := outdial.now();

    v_no := gate_number(v_tenant, v_campaign, p_phone, v_zones, v_now, true);
    v_caller := choose_caller_id(v_tenant, v_campaign, v_account.id, p_agent, p_phone, p_fallback_caller, v_now);
    caller_id := v_caller.number;
    IF v_caller.clears_at IS NOT NULL THEN
        v_more := v_more || refusal('caller_id', 'Every number to call from has been shown as often as it may be today. Link more numbers, or raise their daily cap.',
                                    v_caller.clears_at);
    ELSIF caller_id IS NULL THEN
        v_more := v_more || refusal('caller_id', 'There is no verified, active number of this tenant to call from. Import numbers and set a default caller ID.', NULL);
    END IF;
    IF v_account.status <> 'active' THEN
        v_more := v_more || refusal('campaign_state', 'The provider account is blocked: ' || coalesce(v_account.status_reason, 'no reason given'), NULL);
    ELSIF p_obeys_state AND v_campaign.state IN ('paused', 'stopped') THEN
        v_more := v_more || refusal('campaign_state', format('The campaign is %s.', v_campaign.state), NULL);
    ELSE
        v_more := v_more || single_held_back(v_campaign, v_account.rates, p_phone, v_money.left_micros, v_money.why, v_now);
    END IF;
    IF (SELECT count(*) FROM attempts WHERE account_id = v_account.id AND ended_at IS NULL) >= v_account.max_open_calls
       OR (p_campaign IS NOT NULL AND (SELECT count(*) FROM attempts WHERE tenant_id = p_tenant AND campaign_id = p_campaign AND ended_at IS NULL)
                                      >= v_campaign.max_open_calls) THEN
        v_more := v_more || refusal('concurrency', 'As many calls are open as the account or campaign allows.', NULL);
    END IF;
    v_rate := v_account.calls_per_second * throttle_level(v_apace.throttle, v_apace.throttled_at, v_now);
    v_apace.tokens := bucket_level(v_apace.tokens, v_apace.refilled_at, v_rate, v_now);
    IF v_apace.blocked_until > v_now OR v_apace.tokens < 1 THEN
        v_more := v_more || refusal('rate', 'The account''s calls per second are used up.',
                                    greatest(coalesce(v_apace.blocked_until, v_now), v_now + make_interval(secs => greatest(0, 1 - v_apace.tokens) / v_rate)));
    END IF;
    -- told in one fixed order, whatever was looked at first
    SELECT coalesce(jsonb_agg(r ORDER BY array_position(ARRAY['do_not_call', 'call_already_open', 'caller_id', 'campaign_state', 'destination',
                                                              'minimum_gap', 'outside_hours', 'concurrency', 'rate'], r ->> 'code')), '[]')
      INTO refusals FROM jsonb_array_elements(v_no || v_more) r;
    IF refusals <> '[]' THEN
        RETURN NEXT; RETURN;
    END IF;

    IF v_money.left_micros IS NOT NULL THEN
        v_reserve := jsonb_build_object('micros', call_reserve(v_account.rates, p_phone), 'currency', v_account.rates ->> 'currency');
        PERFORM money_reserve(p_tenant, v_campaign, (v_reserve ->> 'micros')::bigint);
    END IF;
    SELECT * INTO v_admitted FROM gate_admit(p_tenant, p_kind, v_campaign, NULL, p_lead, p_phone, v_account.id, caller_id, p_holder, p_agent,
        principal(),
        jsonb_build_object('window', jsonb_build_array(v_tenant.window_opens, v_tenant.window_closes), 'gap_minutes', v_tenant.minimum_gap_minutes,
                           'countries', to_jsonb(coalesce(v_tenant.countries, ARRAY[v_tenant.default_country])),
                           'prefixes', (SELECT jsonb_object_agg(name, version) FROM data_sources)), v_reserve, v_now);
    UPDATE account_pace SET tokens = v_apace.tokens - 1, refilled_at = v_now WHERE account_id = v_account.id;
    IF p_key IS NOT NULL THEN
        INSERT INTO idempotency (tenant_id, principal, route, key, body_hash, attempt_id, created_at)
        VALUES (p_tenant, p_key_principal, p_key_route, p_key, p_key_hash, v_admitted.attempt_id, v_now)
        ON CONFLICT (tenant_id, principal, route, key) DO UPDATE SET body_hash = excluded.body_hash, attempt_id = excluded.attempt_id,
                                                                     status = NULL, headers = NULL, body = NULL, created_at = excluded.created_at;
    END IF;
    attempt_id := v_admitted.attempt_id; conversation_id := v_admitted.conversation_id; account_id := v_account.id;
    ring_seconds := coalesce(v_campaign.ring_seconds, 30); machine_detection := coalesce(v_campaign.machine_detection, true);
    machine_detection_timeout_ms := coalesce(v_campaign.machine_detection_timeout_ms, 5000);
    wait_for_beep := coalesce(v_campaign.wait_for_beep, false); async_machine_detection := coalesce(v_campaign.async_machine_detection, false);
    RETURN NEXT;
END $$;

-- The two acts that take calls away.  Both commit first; then the caller asks *_settled until it says true (permits live 2 s) and
-- only then acknowledges: no request begins after the acknowledgement.

-- Adds a do-not-call row; campaign NULL: for the whole tenant; tenant NULL: for the platform (command only).
DROP FUNCTION IF EXISTS outdial.dnc_add(uuid, uuid, text, text, text, uuid);
CREATE OR REPLACE FUNCTION outdial.dnc_add(p_tenant uuid, p_campaign uuid, p_phone text, p_reason text, p_source text, p_call uuid)
RETURNS TABLE (id uuid, phone_e164 text, reason text, source text, scope text, campaign_id uuid, created_at timestamptz, is_new boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_id uuid;
BEGIN
    IF p_tenant IS NULL THEN
        IF principal() IS DISTINCT FROM 'command' AND NOT pg_has_role(session_user, 'owner', 'MEMBER') THEN
            RAISE EXCEPTION USING ERRCODE = 'OD403', MESSAGE = 'Only the operator adds to the platform''s list.', DETAIL = 'forbidden';
        END IF;
        PERFORM pg_advisory_xact_lock(platform_lock());
    ELSE
        IF p_tenant IS DISTINCT FROM outdial.tenant() AND NOT pg_has_role(session_user, 'owner', 'MEMBER') THEN
            RAISE EXCEPTION USING ERRCODE = 'OD404', MESSAGE = 'There is nothing at this address.', DETAIL = 'not_found';
        END IF;
        IF p_campaign IS NOT NULL AND NOT EXISTS (SELECT FROM campaigns c WHERE c.tenant_id = p_tenant AND c.id = p_campaign) THEN
            RAISE EXCEPTION USING ERRCODE = 'OD422', MESSAGE = 'There is no such campaign.', DETAIL = 'not_found', COLUMN = 'campaign_id';
        END IF;
        PERFORM pg_advisory_xact_lock(number_lock(p_tenant, p_phone));
    END IF;
    v_id := dnc_write(p_tenant, p_campaign, p_phone, p_reason, p_source, p_call, coalesce(principal(), 'command'));
    RETURN QUERY SELECT d.id, d.phone_e164, d.reason, d.source, CASE WHEN d.campaign_id IS NULL THEN 'tenant' ELSE 'campaign' END,
                        d.campaign_id, d.created_at, v_id IS NOT NULL
      FROM dnc d WHERE d.phone_e164 = p_phone AND d.tenant_id IS NOT DISTINCT FROM p_tenant AND d.campaign_id IS NOT DISTINCT FROM p_campaign;
END $$;

-- The row itself, and the wish to cancel what is queued or ringing.  The caller holds the number's lock.  NULL: it was there already.
CREATE OR REPLACE FUNCTION outdial.dnc_write(p_tenant uuid, p_campaign uuid, p_phone text, p_reason text, p_source text, p_call uuid, p_by text)
RETURNS uuid LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
DECLARE
    v_id uuid;
BEGIN
    INSERT INTO dnc (tenant_id, campaign_id, phone_e164, reason, source, call_id, created_by, created_at)
    VALUES (p_tenant, p_campaign, p_phone, p_reason, p_source, p_call, p_by, outdial.now())
    ON CONFLICT DO NOTHING RETURNING id INTO v_id;
    UPDATE attempts SET cancel_wanted = 'ringing'
     WHERE (p_tenant IS NULL OR tenant_id = p_tenant) AND phone_e164 = p_phone AND ended_at IS NULL AND cancel_wanted IS NULL
       AND (p_campaign IS NULL OR campaign_id = p_campaign) AND p_source <> 'keypress';
    RETURN v_id;
END $$;

-- True when no permit for the number can still begin a request.
CREATE OR REPLACE FUNCTION outdial.dnc_settled(p_tenant uuid, p_phone text) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM attempts WHERE (p_tenant IS NULL OR tenant_id = p_tenant) AND phone_e164 = p_phone
                                              AND state = 'permitted' AND permit_until >= outdial.now())
           AND (p_tenant = outdial.tenant() OR pg_has_role(session_user, 'owner', 'MEMBER'))
$$;
CREATE OR REPLACE FUNCTION outdial.campaign_settled(p_tenant uuid, p_campaign uuid) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM attempts WHERE tenant_id = p_tenant AND campaign_id = p_campaign
                                              AND state = 'permitted' AND ended_at IS NULL AND permit_until >= outdial.now())
           AND (p_tenant = outdial.tenant() OR pg_has_role(session_user, 'owner', 'MEMBER'))
$$;
