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
CREATE OR REPLACE FUNCTION outdial.do_not_call_rows(p_tenant uuid, p_campaign uuid, p_phone text) RETURNS SETOF dnc LANGUAGE sql STABLE AS $$
    SELECT * FROM outdial.dnc WHERE phone_e164 = p_phone AND (tenant_id IS NULL OR tenant_id = p_tenant) AND (campaign_id IS NULL OR campaign_id = p_campaign)
$$;

CREATE OR REPLACE FUNCTION outdial.is_do_not_call(p_tenant uuid, p_campaign uuid, p_phone text)
RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM do_not_call_rows(p_tenant, p_campaign, p_phone));
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

CREATE OR REPLACE FUNCTION outdial.phone_prefixes(p_phone text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN p_phone ~ '^\+[1-9][0-9]{1,14}$' THEN
           ARRAY[substr(p_phone, 2, 9), substr(p_phone, 2, 8), substr(p_phone, 2, 7), substr(p_phone, 2, 6), substr(p_phone, 2, 5),
                 substr(p_phone, 2, 4), substr(p_phone, 2, 3), substr(p_phone, 2, 2), substr(p_phone, 2, 1)] END
$$;

-- What is known about numbers: looked up for many at once, and planned for the tables as they are, because a plan that was made while they
-- were empty stays until somebody analyses them.  LIMIT 1 keeps the planner from hashing all open conversations to look one up.
--   last_at  the last call within the tenant's minimum gap      zones  where the number may be; empty: unknown
CREATE OR REPLACE FUNCTION outdial.number_facts(p_tenant tenants, p_campaign uuid, p_phones text[], p_now timestamptz)
RETURNS TABLE (phone text, do_not_call boolean, call_open boolean, last_at timestamptz, allowed boolean, zones text[])
LANGUAGE plpgsql STABLE SET search_path = outdial, pg_temp SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    RETURN QUERY
    SELECT n.phone,
           (SELECT true FROM do_not_call_rows(p_tenant.id, p_campaign, n.phone) LIMIT 1) IS NOT NULL,
           (SELECT true FROM conversations c WHERE c.tenant_id = p_tenant.id AND c.phone_e164 = n.phone AND c.closed_at IS NULL LIMIT 1) IS NOT NULL,
           CASE WHEN p_tenant.minimum_gap_minutes > 0 THEN
               (SELECT max(a.permitted_at) FROM attempts a WHERE a.tenant_id = p_tenant.id AND a.phone_e164 = n.phone AND a.state NOT IN ('refused', 'not_placed')
                   AND a.permitted_at > p_now - make_interval(mins => p_tenant.minimum_gap_minutes)) END,
           coalesce(f.country = ANY (coalesce(p_tenant.countries, ARRAY[p_tenant.default_country])) AND f.kind IN ('ordinary', 'toll_free', 'uan'), false),
           (SELECT z.zones FROM zone_prefixes z WHERE z.prefix = ANY (phone_prefixes(n.phone)) ORDER BY length(z.prefix) DESC LIMIT 1)
      FROM unnest(p_phones) AS n(phone)
      LEFT JOIN LATERAL (SELECT d.country, d.kind FROM destination_prefixes d
                          WHERE d.prefix = ANY (phone_prefixes(n.phone)) AND d.lengths & (1 << length(n.phone) - 1) <> 0
                          ORDER BY length(d.prefix) DESC LIMIT 1) AS f ON true;
END $$;

-- When the number may be called: inside the calling hours in all these zones.  NULL: never.
CREATE OR REPLACE FUNCTION outdial.hours_open_at(p_tenant tenants, p_campaign campaigns, p_zones text[], p_now timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = outdial, pg_temp AS $$
DECLARE
    v_closes integer := least(p_tenant.window_closes, coalesce(p_campaign.window_closes, 1440));
BEGIN
    -- a call permitted in the last minute of a window would ring after it
    RETURN window_open_at(p_now, p_zones, greatest(p_tenant.window_opens, coalesce(p_campaign.window_opens, 0)),
                          CASE WHEN v_closes < 1440 THEN v_closes - 1 ELSE v_closes END);
END $$;

-- The zones that count: what is known about the lead can only add some.  A number whose own zones are unknown is not called.
CREATE OR REPLACE FUNCTION outdial.zones_together(p_number text[], p_lead text[]) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN cardinality(p_number) > 0 THEN p_number || coalesce(p_lead, '{}') END
$$;

-- The rules that concern the number itself, in the order in which they are told.  The caller holds the number's lock since before it looked
-- the facts up.
DROP FUNCTION IF EXISTS outdial.gate_number(tenants, campaigns, text, text[], timestamptz, boolean);
CREATE OR REPLACE FUNCTION outdial.gate_number(p_do_not_call boolean, p_call_open boolean, p_allowed boolean, p_gap_minutes integer, p_last timestamptz,
                                               p_opens timestamptz, p_now timestamptz)
RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    v_no  jsonb := '[]';
BEGIN
    IF p_do_not_call IS DISTINCT FROM false THEN
        v_no := v_no || outdial.refusal('do_not_call', 'The number is on a do-not-call list.', NULL);
    END IF;
    IF p_call_open IS DISTINCT FROM false THEN
        v_no := v_no || outdial.refusal('call_already_open', 'A call with this number is under way, or its outcome is not known yet.', NULL);
    END IF;
    IF p_allowed IS DISTINCT FROM true THEN
        v_no := v_no || outdial.refusal('destination', 'This tenant does not call that country or kind of number. An admin can change the tenant''s countries.', NULL);
    END IF;
    IF p_last IS NOT NULL THEN
        v_no := v_no || outdial.refusal('minimum_gap', format('The last call to this number was less than %s minutes ago.', p_gap_minutes),
                                p_last + make_interval(mins => p_gap_minutes));
    END IF;
    IF p_opens IS NULL OR p_opens > p_now THEN
        v_no := v_no || outdial.refusal('outside_hours', 'It is outside the calling hours in a place where this number may be.', p_opens);
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

-- Writes permits: for each number a conversation and its attempt, the ids in the order of the numbers.  The only INSERT into attempts there is.
--   p_leads, p_phones, p_callers, p_reserves  one item per call; what is reserved is NULL where nothing limits the spending
DROP FUNCTION IF EXISTS outdial.gate_admit(uuid, text, campaigns, uuid, uuid, text, uuid, text, bigint, uuid, text, jsonb, jsonb, timestamptz);
CREATE OR REPLACE FUNCTION outdial.gate_admit(p_tenant uuid, p_kind text, p_campaign campaigns, p_list uuid, p_leads uuid[], p_phones text[], p_callers text[],
                                              p_reserves bigint[], p_account provider_accounts, p_holder bigint, p_agent uuid, p_by text, p_rules jsonb, p_now timestamptz)
RETURNS TABLE (attempt_id uuid, conversation_id uuid, phone text, caller_id text)
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
DECLARE
    v_attempts  uuid[] := ARRAY(SELECT uuid7() FROM generate_series(1, cardinality(p_phones)) ORDER BY 1);
    v_talks     uuid[] := ARRAY(SELECT uuid7() FROM generate_series(1, cardinality(p_phones)) ORDER BY 1);
BEGIN
    INSERT INTO conversations (id, tenant_id, kind, lead_id, phone_e164, agent_id, campaign_id, opened_at, created_by)
    SELECT n.talk, p_tenant, p_kind, n.lead, n.phone, p_agent, p_campaign.id, p_now, p_by FROM unnest(v_talks, p_leads, p_phones) AS n(talk, lead, phone);
    INSERT INTO attempts (id, tenant_id, conversation_id, campaign_id, list_id, lead_id, account_id, phone_e164, caller_id, state,
                          permitted_at, permit_until, holder, signed_permit_id, rules, estimate_micros, estimate_currency)
    SELECT n.attempt, p_tenant, n.talk, p_campaign.id, p_list, n.lead, p_account.id, n.phone, n.caller, 'permitted',
           p_now, p_now + interval '2 seconds', p_holder, p_campaign.signed_permit_id, p_rules,
           n.reserve, CASE WHEN n.reserve IS NOT NULL THEN p_account.rates ->> 'currency' END
      FROM unnest(v_attempts, v_talks, p_leads, p_phones, p_callers, p_reserves) AS n(attempt, talk, lead, phone, caller, reserve);
    RETURN QUERY SELECT * FROM unnest(v_attempts, v_talks, p_phones, p_callers);
END $$;

-- The numbers of these leads, each once, and their locks: in one order, whoever takes them.
CREATE OR REPLACE FUNCTION outdial.lock_numbers(p_tenant uuid, p_leads uuid[]) RETURNS text[]
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    v_phones text[] := ARRAY(SELECT DISTINCT phone_e164 FROM leads WHERE tenant_id = p_tenant AND id = ANY (p_leads) AND phone_e164 IS NOT NULL ORDER BY 1);
BEGIN
    PERFORM pg_advisory_xact_lock(number_lock(p_tenant, p)) FROM unnest(v_phones) AS p;
    RETURN v_phones;
END $$;

-- Claimed leads in their order, with what is known about their numbers.  locked is false where a number was changed a moment ago: what is
-- locked is not the one it has now.
CREATE OR REPLACE FUNCTION outdial.claimed_leads(p_tenant tenants, p_campaign campaigns, p_leads uuid[], p_phones text[], p_now timestamptz)
RETURNS TABLE (lead_id uuid, attempts integer, phone text, gone boolean, locked boolean,
               do_not_call boolean, call_open boolean, last_at timestamptz, allowed boolean, zones text[])
LANGUAGE plpgsql STABLE SET search_path = outdial, pg_temp SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    RETURN QUERY
    SELECT c.lead_id, c.attempts, l.phone_e164, l.deleted_at IS NOT NULL, f.phone IS NOT NULL OR l.phone_e164 IS NULL,
           f.do_not_call, f.call_open, f.last_at, f.allowed, zones_together(f.zones, l.zones)
      FROM unnest(p_leads) WITH ORDINALITY AS u(lead, n)
      JOIN campaign_leads c ON c.tenant_id = p_tenant.id AND c.list_id = p_campaign.list_id AND c.lead_id = u.lead
      JOIN leads l ON l.tenant_id = c.tenant_id AND l.id = c.lead_id
      LEFT JOIN number_facts(p_tenant, p_campaign.id, p_phones, p_now) f ON f.phone = l.phone_e164
     ORDER BY u.n;
END $$;

CREATE OR REPLACE FUNCTION outdial.leads_called(p_campaign campaigns, p_leads uuid[], p_now timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    UPDATE campaign_leads SET state = 'calling', reason = NULL, first_at = coalesce(first_at, p_now)
     WHERE tenant_id = p_campaign.tenant_id AND list_id = p_campaign.list_id AND lead_id = ANY (p_leads);
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
    v_lead      record;
    v_no        jsonb;
    v_permits   integer := 0;
    v_looked    integer := 0;
    v_full      boolean := false;
    v_fixed     boolean;
    v_shows     integer;
    v_reserve   bigint;
    v_reserved  bigint := 0;
    v_rules     jsonb;
    v_leads     uuid[];
    v_phones    text[];
    v_zones     text[];
    v_opens     timestamptz;
    -- of one round, those who passed
    v_called    uuid[];
    v_numbers   text[];
    v_callers   text[];
    v_reserves  bigint[];
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

    -- one number for all calls: how often it may be shown is asked once
    v_fixed := v_campaign.caller_id_strategy = 'fixed';
    v_shows := CASE WHEN v_fixed THEN number_left(v_tenant, v_caller.number, v_campaign.number_daily_cap, v_now) END;
    ring_seconds := v_campaign.ring_seconds; machine_detection := v_campaign.machine_detection; wait_for_beep := v_campaign.wait_for_beep;
    machine_detection_timeout_ms := v_campaign.machine_detection_timeout_ms; async_machine_detection := v_campaign.async_machine_detection;

    WHILE v_permits < v_room.most AND v_looked < 500 AND NOT v_full LOOP
        -- claim in the queue's order, then lock the numbers in theirs
        v_leads := claim_leads(v_campaign, v_cpace, v_now, v_room.most - v_permits);
        IF v_leads = '{}' THEN
            -- nobody: now and then the queues are looked through from their very beginning
            EXIT WHEN v_permits > 0 OR v_cpace.looked_at > v_now - interval '1 minute';
            v_cpace.looked_at := v_now; v_cpace.fresh_from := -9223372036854775808; v_cpace.retry_from := '-infinity';
            CONTINUE;
        END IF;
        v_phones := lock_numbers(p_tenant, v_leads);
        v_full := true;
        v_called := '{}'; v_numbers := '{}'; v_callers := '{}'; v_reserves := '{}';
        FOR v_lead IN SELECT * FROM claimed_leads(v_tenant, v_campaign, v_leads, v_phones, v_now) LOOP
            CONTINUE WHEN NOT v_lead.locked;                    -- comes next turn
            v_full := false;
            v_looked := v_looked + 1;
            IF v_lead.gone OR v_lead.phone IS NULL THEN
                UPDATE campaign_leads SET state = 'skipped', reason = CASE WHEN v_lead.gone THEN 'deleted' ELSE 'invalid_number' END
                 WHERE tenant_id = p_tenant AND list_id = v_campaign.list_id AND lead_id = v_lead.lead_id;
                skipped := skipped + 1;
                CONTINUE;
            END IF;
            IF v_lead.zones IS DISTINCT FROM v_zones THEN
                BEGIN
                    v_opens := hours_open_at(v_tenant, v_campaign, v_lead.zones, v_now);
                    v_zones := v_lead.zones;
                EXCEPTION WHEN data_exception THEN
                    -- a lead that cannot be judged is not called, and does not hold up the others
                    UPDATE campaign_leads SET state = 'failed', reason = 'unusable: ' || SQLERRM
                     WHERE tenant_id = p_tenant AND list_id = v_campaign.list_id AND lead_id = v_lead.lead_id;
                    skipped := skipped + 1;
                    CONTINUE;
                END;
            END IF;
            IF v_lead.phone = ANY (v_numbers) THEN
                -- twice in one round
                v_lead.call_open := true;
                v_lead.last_at := CASE WHEN v_tenant.minimum_gap_minutes > 0 THEN v_now END;
            END IF;
            v_no := gate_number(v_lead.do_not_call, v_lead.call_open, v_lead.allowed, v_tenant.minimum_gap_minutes, v_lead.last_at, v_opens, v_now);
            IF v_no <> '[]' THEN
                skipped := skipped + lead_refused(v_campaign, v_lead.lead_id, v_no, v_now)::integer;
                CONTINUE;
            END IF;
            v_reserve := NULL;
            IF v_money.left_micros IS NOT NULL THEN
                v_reserve := call_reserve(v_account.rates, v_lead.phone);
                IF v_reserve IS NULL OR v_reserve > v_money.left_micros - v_reserved THEN
                    reason := 'budget'; v_full := true;
                    EXIT;
                END IF;
            END IF;
            -- every number has been shown as often as it may be today: whoever is left goes on waiting
            v_full := coalesce(v_fixed AND v_permits + cardinality(v_called) >= v_shows, false);
            IF NOT v_fixed THEN
                v_caller := choose_caller_id(v_tenant, v_campaign, v_account.id, NULL, v_lead.phone, p_fallback_caller, v_now);
                v_full := v_caller.number IS NULL;
                PERFORM number_used(p_tenant, v_caller.number, 1, v_now);
            END IF;
            EXIT WHEN v_full;
            v_reserved := v_reserved + coalesce(v_reserve, 0);
            v_called := v_called || v_lead.lead_id; v_numbers := v_numbers || v_lead.phone;
            v_callers := v_callers || v_caller.number; v_reserves := v_reserves || v_reserve;
            v_cpace.fresh_run := CASE WHEN v_lead.attempts > 0 THEN 0 ELSE least(v_cpace.fresh_run + 1, 1000) END;
        END LOOP;
        CONTINUE WHEN v_called = '{}';
        RETURN QUERY SELECT n.attempt_id, n.conversation_id, n.phone, n.caller_id, v_account.id, ring_seconds, machine_detection, machine_detection_timeout_ms,
                            wait_for_beep, async_machine_detection, NULL::integer, NULL::bigint, NULL::text
                       FROM gate_admit(p_tenant, 'campaign', v_campaign, v_campaign.list_id, v_called, v_numbers, v_callers, v_reserves, v_account,
                                       p_holder, NULL, 'dialer', v_rules, v_now) n;
        PERFORM leads_called(v_campaign, v_called, v_now);
        v_permits := v_permits + cardinality(v_called);
    END LOOP;
    IF v_fixed AND v_permits > 0 THEN
        PERFORM number_used(p_tenant, v_caller.number, v_permits, v_now);
    END IF;

    IF v_permits > 0 AND v_campaign.state_reason IS NOT NULL THEN
        UPDATE campaigns SET state_reason = NULL WHERE id = p_campaign;
    END IF;
    IF v_reserved > 0 THEN
        PERFORM money_reserve(p_tenant, v_campaign, v_reserved);
    END IF;
    IF v_looked > 0 OR v_cpace.looked_at = v_now THEN
        v_cpace := claim_marks(v_campaign, v_now, v_cpace);
    END IF;
    UPDATE account_pace SET tokens = v_apace.tokens - v_permits, refilled_at = v_now,
                            open_most = v_apace.open_most + v_permits, counted_at = v_apace.counted_at
     WHERE account_id = v_account.id;
    UPDATE campaign_pace SET tokens = v_cpace.tokens - v_permits, refilled_at = v_now,
                             open_most = v_cpace.open_most + v_permits, counted_at = v_cpace.counted_at,
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
    -- counting is dear while many calls are open: an old count is good enough as long as it holds nothing back
    p_apace.tokens := bucket_level(p_apace.tokens, p_apace.refilled_at, v_rate, p_now);
    p_cpace.tokens := bucket_level(p_cpace.tokens, p_cpace.refilled_at, p_campaign.calls_per_second, p_now);
    IF p_campaign.goal IS NOT NULL OR v_breaker.does = 'probe' OR p_cpace.open_most + p_most > p_campaign.max_open_calls
       OR p_cpace.counted_at < p_now - interval '1 second' THEN
        p_cpace.open_most := (SELECT count(*) FROM attempts WHERE tenant_id = p_campaign.tenant_id AND campaign_id = p_campaign.id AND ended_at IS NULL);
        p_cpace.counted_at := p_now;
    END IF;
    IF p_apace.open_most + p_most > p_account.max_open_calls OR p_apace.counted_at < p_now - interval '1 second' THEN
        p_apace.open_most := (SELECT count(*) FROM attempts WHERE account_id = p_account.id AND ended_at IS NULL);
        p_apace.counted_at := p_now;
    END IF;
    v_open := p_cpace.open_most;
    v_own := least(p_most, p_campaign.max_open_calls - v_open, CASE WHEN p_campaign.interval_ms > 0 THEN 1 END, CASE WHEN v_breaker.does = 'probe' THEN 1 - v_open END);
    v_account := p_account.max_open_calls - p_apace.open_most;
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
    v_facts     record;
    v_no        jsonb;
    v_more      jsonb := '[]';
    v_caller    record;
    v_money     record;
    v_reserve   bigint;
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

    SELECT * INTO v_facts FROM number_facts(v_tenant, v_campaign.id, ARRAY[p_phone], v_now);
    v_no := gate_number(v_facts.do_not_call, v_facts.call_open, v_facts.allowed, v_tenant.minimum_gap_minutes, v_facts.last_at,
                        hours_open_at(v_tenant, v_campaign, zones_together(v_facts.zones, v_zones), v_now), v_now);
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
        v_reserve := call_reserve(v_account.rates, p_phone);
        PERFORM money_reserve(p_tenant, v_campaign, v_reserve);
    END IF;
    SELECT * INTO v_admitted FROM gate_admit(p_tenant, p_kind, v_campaign, NULL, ARRAY[p_lead], ARRAY[p_phone], ARRAY[caller_id], ARRAY[v_reserve], v_account,
        p_holder, p_agent, principal(),
        jsonb_build_object('window', jsonb_build_array(v_tenant.window_opens, v_tenant.window_closes), 'gap_minutes', v_tenant.minimum_gap_minutes,
                           'countries', to_jsonb(coalesce(v_tenant.countries, ARRAY[v_tenant.default_country])),
                           'prefixes', (SELECT jsonb_object_agg(name, version) FROM data_sources)), v_now);
    PERFORM number_used(p_tenant, caller_id, 1, v_now);
    UPDATE account_pace SET tokens = v_apace.tokens - 1, refilled_at = v_now, open_most = open_most + 1 WHERE account_id = v_account.id;
    UPDATE campaign_pace SET open_most = open_most + 1 WHERE campaign_id = p_campaign;
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
