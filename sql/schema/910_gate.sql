-- The gate: the only code that may create an attempt, and so the only way a phone can ring.
--
-- Locks are taken in one order, so that nothing can deadlock and nothing can slip past:
--   platform do-not-call list (share) -> account_pace -> campaign (share) and campaign_pace -> numbers, sorted -> caller IDs (912)
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
CREATE OR REPLACE FUNCTION outdial.gate_admit(p_tenant uuid, p_kind text, p_campaign campaigns, p_list uuid, p_lead uuid, p_phone text,
                                              p_account uuid, p_caller_id text, p_holder bigint, p_agent uuid, p_by text,
                                              p_rules jsonb, p_now timestamptz, OUT attempt_id uuid, OUT conversation_id uuid)
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
BEGIN
    attempt_id := uuid7();
    INSERT INTO conversations (tenant_id, kind, lead_id, phone_e164, agent_id, campaign_id, opened_at, created_by)
    VALUES (p_tenant, p_kind, p_lead, p_phone, p_agent, p_campaign.id, p_now, p_by) RETURNING id INTO conversation_id;
    INSERT INTO attempts (id, tenant_id, conversation_id, campaign_id, list_id, lead_id, account_id, phone_e164, caller_id, state,
                          permitted_at, permit_until, holder, signed_permit_id, rules)
    VALUES (attempt_id, p_tenant, conversation_id, p_campaign.id, p_list, p_lead, p_account, p_phone, p_caller_id, 'permitted',
            p_now, p_now + interval '2 seconds', p_holder, p_campaign.signed_permit_id, p_rules);
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
    v_caller    record;
    v_allowed   integer;
    v_picked    record;
    v_no        jsonb;
    v_first     jsonb;
    v_admitted  record;
    v_permits   integer := 0;
    v_looked    integer := 0;
    v_chunk     integer;
    v_due       timestamptz;
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
    SELECT a.* INTO v_account FROM provider_accounts a
     WHERE a.provider = 'twilio' AND (a.id = v_campaign.account_id OR v_campaign.account_id IS NULL)
       AND (a.tenant_id = p_tenant OR a.tenant_id IS NULL) AND a.status = 'active'
     ORDER BY a.tenant_id NULLS LAST, a.id LIMIT 1;
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
    IF v_apace.blocked_until > v_now THEN
        reason := 'rate'; wait_ms := extract(epoch FROM v_apace.blocked_until - v_now) * 1000 + 1; RETURN NEXT; RETURN;
    END IF;
    v_due := v_cpace.last_at + make_interval(secs => v_campaign.interval_ms / 1000.0);
    IF v_due > v_now THEN
        PERFORM campaign_finish(p_tenant, p_campaign, v_campaign.list_id);
        reason := 'interval'; wait_ms := least(1000, extract(epoch FROM v_due - v_now) * 1000 + 1); RETURN NEXT; RETURN;
    END IF;

    v_apace.tokens := bucket_level(v_apace.tokens, v_apace.refilled_at, v_account.calls_per_second, v_now);
    v_cpace.tokens := bucket_level(v_cpace.tokens, v_cpace.refilled_at, v_campaign.calls_per_second, v_now);
    v_allowed := least(
        v_campaign.max_open_calls - (SELECT count(*) FROM attempts WHERE tenant_id = p_tenant AND campaign_id = p_campaign AND ended_at IS NULL),
        v_account.max_open_calls  - (SELECT count(*) FROM attempts WHERE account_id = v_account.id AND ended_at IS NULL));
    IF v_allowed <= 0 THEN
        reason := 'concurrency'; wait_ms := 100; RETURN NEXT; RETURN;
    END IF;
    v_allowed := least(v_allowed, p_most, floor(v_apace.tokens), floor(v_cpace.tokens),
                       CASE WHEN v_campaign.interval_ms > 0 THEN 1 ELSE 1000 END);
    IF v_allowed <= 0 THEN
        reason := 'rate';
        wait_ms := 1 + 1000 * greatest((1 - v_apace.tokens) / v_account.calls_per_second, (1 - v_cpace.tokens) / v_campaign.calls_per_second);
        RETURN NEXT; RETURN;
    END IF;
    v_rules := jsonb_build_object('window', jsonb_build_array(greatest(v_tenant.window_opens, v_campaign.window_opens),
                                                              least(v_tenant.window_closes, v_campaign.window_closes)),
                                  'gap_minutes', v_tenant.minimum_gap_minutes,
                                  'countries', to_jsonb(coalesce(v_tenant.countries, ARRAY[v_tenant.default_country])),
                                  'prefixes', (SELECT jsonb_object_agg(name, version) FROM data_sources));

    <<claim>>
    WHILE v_permits < v_allowed AND v_looked < 500 LOOP
        v_chunk := 0;
        -- claim in the list's order, then lock the numbers in theirs
        SELECT array_agg(lead_id) INTO v_leads FROM (
            SELECT lead_id FROM campaign_leads
             WHERE tenant_id = p_tenant AND list_id = v_campaign.list_id AND state = 'waiting' AND due_at <= v_now
             ORDER BY due_at, position LIMIT v_allowed - v_permits FOR UPDATE SKIP LOCKED) AS due;
        EXIT WHEN v_leads IS NULL;
        SELECT array_agg(DISTINCT phone_e164 ORDER BY phone_e164) INTO v_phones FROM leads
         WHERE tenant_id = p_tenant AND id = ANY (v_leads) AND phone_e164 IS NOT NULL;
        PERFORM pg_advisory_xact_lock(number_lock(p_tenant, p)) FROM unnest(v_phones) AS p;
        FOR v_picked IN
            SELECT c.lead_id, c.attempts, c.not_placed, l.phone_e164, l.zones, l.deleted_at
              FROM campaign_leads c JOIN leads l ON l.tenant_id = c.tenant_id AND l.id = c.lead_id
             WHERE c.tenant_id = p_tenant AND c.list_id = v_campaign.list_id AND c.lead_id = ANY (v_leads)
             ORDER BY c.due_at, c.position
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
            v_no := gate_number(v_tenant, v_campaign, v_picked.phone_e164, v_picked.zones, v_now, true);
            IF v_no = '[]' THEN
                v_caller := choose_caller_id(v_tenant, v_campaign, v_account.id, NULL, v_picked.phone_e164, p_fallback_caller, v_now);
                -- every number has been shown as often as it may be today: whoever is left goes on waiting
                EXIT claim WHEN v_caller.number IS NULL;
                SELECT * INTO v_admitted FROM gate_admit(p_tenant, 'campaign', v_campaign, v_campaign.list_id, v_picked.lead_id, v_picked.phone_e164,
                                                         v_account.id, v_caller.number, p_holder, NULL, 'dialer', v_rules, v_now);
                UPDATE campaign_leads SET state = 'calling', reason = NULL
                 WHERE tenant_id = p_tenant AND list_id = v_campaign.list_id AND lead_id = v_picked.lead_id;
                v_permits := v_permits + 1;
                attempt_id := v_admitted.attempt_id; conversation_id := v_admitted.conversation_id; phone := v_picked.phone_e164;
                caller_id := v_caller.number; account_id := v_account.id; ring_seconds := v_campaign.ring_seconds;
                machine_detection := v_campaign.machine_detection; machine_detection_timeout_ms := v_campaign.machine_detection_timeout_ms;
                wait_for_beep := v_campaign.wait_for_beep; async_machine_detection := v_campaign.async_machine_detection;
                RETURN NEXT;
            ELSE
                -- what never clears ends the lead; what does, sends it back to the queue until then
                SELECT r INTO v_first FROM jsonb_array_elements(v_no) r
                 ORDER BY CASE WHEN r ->> 'code' IN ('do_not_call', 'destination') THEN 0 ELSE 1 END, r ->> 'clears_at' DESC NULLS LAST LIMIT 1;
                IF v_first ->> 'code' IN ('do_not_call', 'destination') OR (v_first ->> 'code' = 'outside_hours' AND v_first ->> 'clears_at' IS NULL) THEN
                    UPDATE campaign_leads SET state = 'skipped', reason = v_first ->> 'code'
                     WHERE tenant_id = p_tenant AND list_id = v_campaign.list_id AND lead_id = v_picked.lead_id;
                    skipped := skipped + 1;
                ELSE
                    UPDATE campaign_leads SET due_at = coalesce((v_first ->> 'clears_at')::timestamptz, v_now + interval '5 seconds'),
                                              reason = v_first ->> 'code'
                     WHERE tenant_id = p_tenant AND list_id = v_campaign.list_id AND lead_id = v_picked.lead_id;
                END IF;
            END IF;
        END LOOP;
        EXIT WHEN v_chunk = 0;
    END LOOP;

    UPDATE account_pace SET tokens = v_apace.tokens - v_permits, refilled_at = v_now WHERE account_id = v_account.id;
    UPDATE campaign_pace SET tokens = v_cpace.tokens - v_permits, refilled_at = v_now,
                             last_at = CASE WHEN v_permits > 0 THEN v_now ELSE last_at END
     WHERE campaign_id = p_campaign;

    attempt_id := NULL; conversation_id := NULL; phone := NULL; caller_id := NULL;
    IF v_permits > 0 THEN
        reason := 'permitted';
        wait_ms := least(1000, greatest(CASE WHEN v_permits >= v_allowed THEN 1 ELSE 100 END, v_campaign.interval_ms));
    ELSIF v_looked >= 500 THEN
        reason := 'more'; wait_ms := 0;
    ELSE
        PERFORM campaign_finish(p_tenant, p_campaign, v_campaign.list_id);
        SELECT due_at INTO v_due FROM campaign_leads
         WHERE tenant_id = p_tenant AND list_id = v_campaign.list_id AND state = 'waiting' ORDER BY due_at, position LIMIT 1;
        reason := 'nobody_due';
        wait_ms := CASE WHEN v_due IS NULL OR v_due = '-infinity' THEN 250
                        ELSE least(5000, greatest(10, extract(epoch FROM v_due - v_now) * 1000)) END;
    END IF;
    RETURN NEXT;
END $$;

-- A campaign whose list has nobody left to call and no call under way is done.
CREATE OR REPLACE FUNCTION outdial.campaign_finish(p_tenant uuid, p_campaign uuid, p_list uuid) RETURNS void
LANGUAGE sql VOLATILE SET search_path = outdial, pg_temp AS $$
    UPDATE campaigns SET state = 'done', updated_at = outdial.now()
     WHERE tenant_id = p_tenant AND id = p_campaign AND list_id = p_list AND state = 'running'
       AND NOT EXISTS (SELECT FROM campaign_leads WHERE tenant_id = p_tenant AND list_id = p_list AND state = 'waiting')
       AND NOT EXISTS (SELECT FROM campaign_leads WHERE tenant_id = p_tenant AND list_id = p_list AND state = 'calling')
$$;

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
    END IF;
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
    END IF;
    IF (SELECT count(*) FROM attempts WHERE account_id = v_account.id AND ended_at IS NULL) >= v_account.max_open_calls
       OR (p_campaign IS NOT NULL AND (SELECT count(*) FROM attempts WHERE tenant_id = p_tenant AND campaign_id = p_campaign AND ended_at IS NULL)
                                      >= v_campaign.max_open_calls) THEN
        v_more := v_more || refusal('concurrency', 'As many calls are open as the account or campaign allows.', NULL);
    END IF;
    v_apace.tokens := bucket_level(v_apace.tokens, v_apace.refilled_at, v_account.calls_per_second, v_now);
    IF v_apace.blocked_until > v_now OR v_apace.tokens < 1 THEN
        v_more := v_more || refusal('rate', 'The account''s calls per second are used up.',
                                    greatest(coalesce(v_apace.blocked_until, v_now), v_now + make_interval(secs => greatest(0, 1 - v_apace.tokens) / v_account.calls_per_second)));
    END IF;
    -- told in one fixed order, whatever was looked at first
    SELECT coalesce(jsonb_agg(r ORDER BY array_position(ARRAY['do_not_call', 'call_already_open', 'caller_id', 'campaign_state', 'destination',
                                                              'minimum_gap', 'outside_hours', 'concurrency', 'rate'], r ->> 'code')), '[]')
      INTO refusals FROM jsonb_array_elements(v_no || v_more) r;
    IF refusals <> '[]' THEN
        RETURN NEXT; RETURN;
    END IF;

    SELECT * INTO v_admitted FROM gate_admit(p_tenant, p_kind, v_campaign, NULL, p_lead, p_phone, v_account.id, caller_id, p_holder, p_agent,
        principal(),
        jsonb_build_object('window', jsonb_build_array(v_tenant.window_opens, v_tenant.window_closes), 'gap_minutes', v_tenant.minimum_gap_minutes,
                           'countries', to_jsonb(coalesce(v_tenant.countries, ARRAY[v_tenant.default_country])),
                           'prefixes', (SELECT jsonb_object_agg(name, version) FROM data_sources)), v_now);
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
