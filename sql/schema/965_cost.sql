-- What calls cost.
--
-- A carrier prices a call some time after its end.  Every call that ended at a carrier is put into price_asks; dialers ask about it half
-- a minute, five minutes, an hour, six hours and a day after the end, and then no more.  Until the price is known the call costs what the
-- account's rates say (call_cost in 915_pacing.sql), and every sum tells the two apart.
--
-- Amounts are whole millionths of a currency everywhere in here, and decimal text without rounding outside.

-- ---- asking ----

-- How long after the end of a call it is asked about for the p_tries-th time after the first; NULL: not again.
CREATE OR REPLACE FUNCTION outdial.price_wait(p_tries integer) RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (ARRAY[interval '30 seconds', '5 minutes', '1 hour', '6 hours', '24 hours'])[p_tries + 1]
$$;

-- Spread, so that calls which ended together are not asked about together.
CREATE OR REPLACE FUNCTION outdial.price_wanted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
BEGIN
    INSERT INTO price_asks (attempt_id, tenant_id, account_id, ended_at, due_at)
    SELECT NEW.id, NEW.tenant_id, NEW.account_id, NEW.ended_at, NEW.ended_at + price_wait(0) * (1 + random() / 5)
      FROM provider_accounts WHERE id = NEW.account_id AND provider = 'twilio'
    ON CONFLICT (attempt_id) DO NOTHING;
    IF FOUND THEN
        INSERT INTO price_turns (account_id, next_at) VALUES (NEW.account_id, NEW.ended_at) ON CONFLICT (account_id) DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER price_wanted AFTER UPDATE OF ended_at ON attempts FOR EACH ROW
    WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL AND NEW.provider_sid IS NOT NULL) EXECUTE FUNCTION outdial.price_wanted();

-- Calls that somebody should ask the price of now; each is lent to one dialer for a minute.  An account is asked about five calls a
-- second at most, by all dialers together, so that this never stands in the way of dialing.  lines: more lines than one may be charged.
DROP FUNCTION IF EXISTS outdial.dialer_prices();
CREATE OR REPLACE FUNCTION outdial.dialer_prices()
RETURNS TABLE (tenant_id uuid, attempt_id uuid, account_id uuid, provider_sid text, lines boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_now      timestamptz := outdial.now();
    v_account  uuid;
    v_lent     integer;
BEGIN
    FOR v_account IN SELECT t.account_id FROM price_turns t WHERE t.next_at <= v_now LIMIT 20 FOR UPDATE SKIP LOCKED LOOP
        RETURN QUERY
        WITH lent AS (
            UPDATE price_asks q SET due_at = v_now + interval '1 minute'
             WHERE q.attempt_id = ANY (ARRAY(SELECT p.attempt_id FROM price_asks p WHERE p.account_id = v_account AND p.due_at <= v_now
                                              ORDER BY p.due_at LIMIT 5 FOR UPDATE SKIP LOCKED))
            RETURNING q.tenant_id, q.attempt_id)
        SELECT a.tenant_id, a.id, a.account_id, a.provider_sid,
               a.digits IS NOT NULL OR c.kind IN ('agent_first', 'inbound')
               OR EXISTS (SELECT FROM legs l WHERE l.tenant_id = a.tenant_id AND l.attempt_id = a.id AND l.parent_sid IS NOT NULL)
          FROM lent JOIN attempts a ON a.id = lent.attempt_id JOIN conversations c ON c.tenant_id = a.tenant_id AND c.id = a.conversation_id;
        GET DIAGNOSTICS v_lent = ROW_COUNT;
        UPDATE price_turns t SET next_at = v_now + CASE v_lent WHEN 0 THEN interval '5 seconds' ELSE interval '1 second' END WHERE t.account_id = v_account;
    END LOOP;
END $$;

-- What the carrier answered about a call.
--   priced   p_micros of p_currency for all its lines, and the minutes that it counted
--   later    no price yet, or no clear answer
--   gone     it does not know the call, and never will
-- Answers priced, later, or given_up.
CREATE OR REPLACE FUNCTION outdial.price_report(p_tenant uuid, p_attempt uuid, p_found text, p_micros bigint, p_currency text, p_minutes integer) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_ask  price_asks;
BEGIN
    IF p_tenant IS DISTINCT FROM outdial.tenant() THEN
        RETURN 'given_up';
    END IF;
    IF p_found = 'priced' THEN
        UPDATE attempts SET price_micros = p_micros, price_currency = coalesce(p_currency, estimate_currency), billed_minutes = coalesce(p_minutes, billed_minutes)
         WHERE tenant_id = p_tenant AND id = p_attempt;
        DELETE FROM price_asks WHERE tenant_id = p_tenant AND attempt_id = p_attempt;
        RETURN 'priced';
    END IF;
    SELECT * INTO v_ask FROM price_asks WHERE tenant_id = p_tenant AND attempt_id = p_attempt FOR UPDATE;
    IF p_found = 'gone' OR price_wait(v_ask.tries + 1) IS NULL THEN
        DELETE FROM price_asks WHERE tenant_id = p_tenant AND attempt_id = p_attempt;
        RETURN 'given_up';
    END IF;
    UPDATE price_asks SET tries = tries + 1,
                          due_at = greatest(outdial.now() + price_wait(0), ended_at + price_wait(tries + 1) * (1 + random() / 10))
     WHERE attempt_id = p_attempt;
    RETURN 'later';
END $$;

-- ---- sums ----

-- The smallest id that uuid7() can make at this instant.
CREATE OR REPLACE FUNCTION outdial.uuid7_from(p_at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (left(h, 8) || '-' || right(h, 4) || '-7000-8000-000000000000')::uuid
      FROM (SELECT lpad(to_hex(greatest(0, extract(epoch FROM p_at) * 1000)::bigint), 12, '0') AS h) x
$$;

-- Ended calls with what each costs.  Calls that never reached a carrier cost nothing and are not here.
DROP VIEW IF EXISTS outdial.call_costs;
CREATE VIEW outdial.call_costs WITH (security_invoker = true) AS
SELECT a.tenant_id, a.conversation_id, a.campaign_id, a.lead_id, a.caller_id, a.permitted_at, a.outcome, a.billed_minutes,
       coalesce(a.price_currency, a.estimate_currency) AS currency, abs(a.price_micros) AS settled,
       CASE WHEN a.price_micros IS NULL THEN a.estimate_micros END AS estimated
  FROM attempts a
 WHERE a.ended_at IS NOT NULL AND a.provider_sid IS NOT NULL AND coalesce(a.price_currency, a.estimate_currency) IS NOT NULL;
GRANT SELECT ON outdial.call_costs TO gate;

-- A campaign's sums by currency, as the API shows them, and what its waiting leads will probably cost.
DROP FUNCTION IF EXISTS outdial.campaign_cost(uuid, uuid);
CREATE OR REPLACE FUNCTION outdial.campaign_cost(p_tenant uuid, p_campaign uuid) RETURNS TABLE (totals jsonb, forecast jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_campaign  campaigns;
    v_phones    text[];
BEGIN
    SELECT * INTO v_campaign FROM campaigns WHERE tenant_id = p_tenant AND id = p_campaign AND p_tenant = outdial.tenant();
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT coalesce(jsonb_agg(jsonb_build_object(
               'currency', currency, 'total', money_text(settled + estimated), 'settled', money_text(settled), 'estimated', money_text(estimated),
               'calls', calls, 'unsettledCalls', unsettled, 'answeredCalls', answered, 'leads', leads, 'minutes', minutes,
               'perAnsweredCall', money_text(round((settled + estimated)::numeric / nullif(answered, 0))::bigint),
               'perLead', money_text(round((settled + estimated)::numeric / nullif(leads, 0))::bigint)) ORDER BY calls DESC, currency), '[]')
      INTO totals FROM (
        SELECT currency, coalesce(sum(settled), 0)::bigint AS settled, coalesce(sum(estimated), 0)::bigint AS estimated, count(*) AS calls,
               count(*) FILTER (WHERE settled IS NULL) AS unsettled, count(*) FILTER (WHERE outcome = 'answered') AS answered,
               count(DISTINCT lead_id) AS leads, coalesce(sum(billed_minutes), 0) AS minutes
          FROM call_costs WHERE tenant_id = p_tenant AND campaign_id = p_campaign GROUP BY currency) AS sums;
    -- their destinations: the first thousand stand for all
    v_phones := ARRAY(SELECT l.phone_e164 FROM campaign_leads x JOIN leads l ON l.tenant_id = x.tenant_id AND l.id = x.lead_id
                       WHERE x.tenant_id = p_tenant AND x.list_id = v_campaign.list_id AND x.state = 'waiting' AND l.phone_e164 IS NOT NULL LIMIT 1000);
    forecast := run_forecast(v_campaign, v_phones, (SELECT count(*) FROM campaign_leads x
                                                     WHERE x.tenant_id = p_tenant AND x.list_id = v_campaign.list_id AND x.state = 'waiting'));
    RETURN NEXT;
END $$;

-- The same sums for the whole tenant, of calls that began in [p_from, p_to), by day of its zone, by campaign, or by the number they showed.
-- A conversation's id begins with the time it was made at, which finds the first and last row; a day more at both ends, because clocks differ.
DROP FUNCTION IF EXISTS outdial.tenant_cost(uuid, timestamptz, timestamptz, text);
CREATE OR REPLACE FUNCTION outdial.tenant_cost(p_tenant uuid, p_from timestamptz, p_to timestamptz, p_group text)
RETURNS TABLE (key text, name text, currency text, total text, settled text, estimated text, calls bigint, unsettled_calls bigint,
               answered_calls bigint, minutes bigint, per_answered_call text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    WITH parts AS (
        SELECT CASE p_group WHEN 'day' THEN to_char(k.permitted_at AT TIME ZONE t.timezone, 'YYYY-MM-DD') WHEN 'number' THEN k.caller_id
                            ELSE coalesce(k.campaign_id::text, '') END AS key, k.*
          FROM tenants t
          JOIN conversations c ON c.tenant_id = t.id AND c.id >= uuid7_from(p_from - interval '1 day') AND c.id < uuid7_from(p_to + interval '1 day')
          JOIN call_costs k ON k.tenant_id = c.tenant_id AND k.conversation_id = c.id
         WHERE t.id = p_tenant AND p_tenant = outdial.tenant() AND k.permitted_at >= p_from AND k.permitted_at < p_to
    ), sums AS (
        SELECT key, currency, coalesce(sum(settled), 0)::bigint AS settled, coalesce(sum(estimated), 0)::bigint AS estimated, count(*) AS calls,
               count(*) FILTER (WHERE settled IS NULL) AS unsettled, count(*) FILTER (WHERE outcome = 'answered') AS answered,
               coalesce(sum(billed_minutes), 0) AS minutes
          FROM parts GROUP BY key, currency
    )
    SELECT nullif(s.key, ''), CASE p_group WHEN 'campaign' THEN (SELECT c.name FROM campaigns c WHERE c.tenant_id = p_tenant AND c.id::text = s.key) END,
           s.currency, money_text(s.settled + s.estimated), money_text(s.settled), money_text(s.estimated), s.calls, s.unsettled, s.answered, s.minutes,
           money_text(round((s.settled + s.estimated)::numeric / nullif(s.answered, 0))::bigint)
      FROM sums s ORDER BY CASE p_group WHEN 'day' THEN s.key END DESC, s.settled + s.estimated DESC, s.key, s.currency LIMIT 10000
$$;

-- ---- before a run ----

-- What calling p_leads leads once will probably cost, between low and high; p_phones are the numbers of some of them.  With fifty ended
-- calls or more the campaign's own record says how many are answered and for how long; before that everything from a fifth of the calls
-- for a minute to all of them for two is possible, and is said so.
CREATE OR REPLACE FUNCTION outdial.run_forecast(p_campaign campaigns, p_phones text[], p_leads bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = outdial, pg_temp AS $$
DECLARE
    v_rates    jsonb := (campaign_account(p_campaign)).rates;
    v_minute   numeric;
    v_call     numeric;
    v_ended    record;
    v_answer   numeric[] := '{0.2, 1}';
    v_minutes  numeric[] := '{1, 2}';
BEGIN
    SELECT avg(call_rate(v_rates, phone)), avg(call_fee(v_rates, phone)) INTO v_minute, v_call FROM unnest(p_phones) AS phone;
    SELECT count(*) AS calls, avg((billed_minutes > 0)::integer) AS answered, avg(billed_minutes) FILTER (WHERE billed_minutes > 0) AS minutes INTO v_ended FROM (
        SELECT billed_minutes FROM attempts WHERE tenant_id = p_campaign.tenant_id AND campaign_id = p_campaign.id AND ended_at IS NOT NULL AND billed_minutes IS NOT NULL
         ORDER BY id DESC LIMIT 1000) AS latest;
    IF v_ended.calls >= 50 THEN
        v_answer := ARRAY[greatest(0, v_ended.answered - 0.1), least(1, v_ended.answered + 0.1)];
        v_minutes := ARRAY[greatest(1, coalesce(v_ended.minutes, 1) * 0.9), coalesce(v_ended.minutes, 1) * 1.1];
    END IF;
    RETURN jsonb_build_object('currency', v_rates ->> 'currency', 'leads', p_leads,
               'low',  money_text(round(p_leads * v_answer[1] * (v_call + v_minute * v_minutes[1]))::bigint),
               'high', money_text(round(p_leads * v_answer[2] * (v_call + v_minute * v_minutes[2]))::bigint),
               'answeredPercent', ARRAY[round(100 * v_answer[1]), round(100 * v_answer[2])],
               'minutesPerAnswer', ARRAY[round(v_minutes[1], 1), round(v_minutes[2], 1)],
               'knownCalls', CASE WHEN v_ended.calls >= 50 THEN v_ended.calls ELSE 0 END);
END $$;

DROP FUNCTION IF EXISTS outdial.campaign_forecast(uuid, uuid, text[], bigint);
CREATE OR REPLACE FUNCTION outdial.campaign_forecast(p_tenant uuid, p_campaign uuid, p_phones text[], p_leads bigint) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    SELECT run_forecast(c, p_phones, p_leads) FROM campaigns c WHERE c.tenant_id = p_tenant AND c.id = p_campaign AND p_tenant = outdial.tenant()
$$;
