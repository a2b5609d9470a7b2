-- What calls cost: who is asked when, what becomes of the answers, and the sums.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap SCHEMA public;
\ir world/world.psql
SELECT no_plan();
UPDATE tenants SET minimum_gap_minutes = 0, window_opens = 0, window_closes = 1440;
UPDATE provider_accounts SET rates = '{"currency": "USD", "perMinute": {"+1": 14000, "+1213": 30000, "*": 200000}, "perCall": {"+1213": 5000}}';

-- ---- amounts ----
SELECT is(money_text(m), x, format('%s millionths', m)) FROM (VALUES (0::bigint, '0'), (1, '0.000001'), (13000, '0.013'), (1000000, '1'), (-2500000, '-2.5'), (9223372036854775807, '9223372036854.775807')) v(m, x);
SELECT is(money_text(NULL), NULL, 'nothing known is not nothing');
SELECT is(call_estimate('{"perMinute": {"+1": 14000, "+1213": 30000, "*": 200000}, "perCall": {"+1213": 5000}}', p, s), x, format('%s for %s s', p, s))
  FROM (VALUES ('+12125550000', 0, 0::bigint), ('+12125550000', 1, 14000), ('+12125550000', 60, 14000), ('+12125550000', 61, 28000), ('+12135550000', 61, 65000), ('+442079460000', 30, 200000)) v(p, s, x);
SELECT is(call_estimate('{"perMinute": {"+1": 14000}}', '+442079460000', 30), NULL, 'a price that nobody named');
SELECT is(call_estimate('{"perMinute": {"+1": 14000}, "perCall": {"*": 1}}', '+12125550000', 30), 14000::bigint, 'a fee goes with its own prefix');

-- ---- the queue ----
-- A call that ended after so many seconds, at the carrier.
CREATE FUNCTION w.ended(p text, p_n integer, p_phone text, p_seconds integer, p_status text DEFAULT 'completed', p_campaign boolean DEFAULT true) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE v_conversation uuid := uuid7(); v_attempt attempts;
BEGIN
    INSERT INTO leads (id, tenant_id, name, phone_e164, original_phone) VALUES (w.id(p, p_n), w.id(p), 'Lead', p_phone, p_phone);
    INSERT INTO conversations (id, tenant_id, kind, lead_id, phone_e164, campaign_id, opened_at)
    VALUES (v_conversation, w.id(p), 'campaign', w.id(p, p_n), p_phone, CASE WHEN p_campaign THEN w.id(p, 20) END, outdial.now());
    INSERT INTO attempts (id, tenant_id, conversation_id, campaign_id, lead_id, account_id, phone_e164, caller_id, state, permitted_at, permit_until, holder, rules, provider_sid)
    VALUES (w.id(p, p_n), w.id(p), v_conversation, CASE WHEN p_campaign THEN w.id(p, 20) END, w.id(p, p_n), w.id(p, 10), p_phone, '+12127771000', 'accepted', outdial.now(), outdial.now(), 1, '{}', 'CA' || p || p_n)
    RETURNING * INTO v_attempt;
    INSERT INTO legs (tenant_id, conversation_id, attempt_id, account_id, provider_sid, party, phone_e164, status, duration)
    VALUES (w.id(p), v_conversation, v_attempt.id, w.id(p, 10), 'CA' || p || p_n, 'lead', p_phone, p_status, p_seconds);
    PERFORM attempt_end(v_attempt, p_status, outdial.now());
    RETURN v_attempt.id;
END $$;
SELECT w.ended('a', 100, '+12125550100', 61), w.ended('a', 101, '+12135550101', 5), w.ended('a', 102, '+12125550102', 0, 'busy'), w.ended('b', 100, '+12125550100', 10) \g /dev/null
SELECT is((SELECT string_agg(format('%s %s %s', estimate_micros, estimate_currency, billed_minutes), ', ' ORDER BY id) FROM attempts WHERE tenant_id = w.id('a')), '28000 USD 2, 35000 USD 1, 0 USD 0', 'estimated at its end');
SELECT is((SELECT count(*) FROM price_asks), 4::bigint, 'every call that ended at a carrier is asked about');
CREATE FUNCTION w.asked() RETURNS text LANGUAGE sql AS $$ SELECT w.as('dialer', 'SELECT coalesce(string_agg(provider_sid || CASE WHEN lines THEN '' with lines'' ELSE '''' END, '', '' ORDER BY provider_sid), '''') FROM outdial.dialer_prices()') $$;
SELECT is(w.asked(), '', 'not at once');
SELECT w.ahead('37 seconds') \g /dev/null
INSERT INTO legs (tenant_id, conversation_id, attempt_id, account_id, parent_sid, provider_sid, party, status, duration)
SELECT tenant_id, conversation_id, id, account_id, provider_sid, 'CAchild', 'agent', 'completed', 70 FROM attempts WHERE id = w.id('a', 101);
SELECT is(w.asked(), 'CAa100, CAa101 with lines, CAa102, CAb100', 'half a minute later, with the lines that they dialed');
SELECT is(w.asked(), '', 'each is lent to one dialer');
SELECT w.ahead('61 seconds') \g /dev/null
SELECT is(w.asked(), 'CAa100, CAa101 with lines, CAa102, CAb100', 'and lent again when that one was not heard of');
CREATE FUNCTION w.told(p text, p_attempt uuid, p_found text, p_micros bigint DEFAULT NULL, p_currency text DEFAULT NULL, p_minutes integer DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT w.in(p, format('SELECT outdial.price_report(%L, %L, %L, %L, %L, %L)', w.id(p), p_attempt, p_found, p_micros, p_currency, p_minutes), 'dialer') $$;
SELECT is(w.told('a', w.id('a', 100), 'later'), 'later', 'no price yet');
SELECT is((SELECT (extract(epoch FROM due_at - ended_at) BETWEEN 300 AND 331)::text || tries FROM price_asks WHERE attempt_id = w.id('a', 100)), 'true1', 'five minutes after the end, the next time');
SELECT is((SELECT string_agg(w.told('a', w.id('a', 100), 'later'), ' ') FROM generate_series(1, 4)), 'later later later given_up', 'five times in all');
SELECT is((SELECT price_micros FROM attempts WHERE id = w.id('a', 100)), NULL, 'it stays estimated');
SELECT is(w.told('b', w.id('a', 101), 'priced', 1, 'USD', 1), 'priced', 'another tenant''s word');
SELECT is((SELECT price_micros FROM attempts WHERE id = w.id('a', 101)), NULL, 'reaches no call of ours');
SELECT is((SELECT count(*) FROM price_asks WHERE attempt_id = w.id('a', 101)), 1::bigint, 'and we go on asking');
SELECT is(w.told('a', w.id('a', 101), 'priced', 41001, 'USD', 3), 'priced', 'the price');
SELECT is((SELECT format('%s %s %s', price_micros, price_currency, billed_minutes) FROM attempts WHERE id = w.id('a', 101)), '41001 USD 3', 'is kept, with the carrier''s minutes');
SELECT is(w.told('a', w.id('a', 102), 'priced', 0, NULL, 0), 'priced', 'a busy line');
SELECT is((SELECT format('%s %s', price_micros, price_currency) FROM attempts WHERE id = w.id('a', 102)), '0 USD', 'is free in the currency of the account');
SELECT is(w.told('b', w.id('b', 100), 'gone'), 'given_up', 'a call that the carrier does not know');
SELECT is((SELECT count(*) FROM price_asks), 0::bigint, 'is asked about no more');
SELECT w.ended('a', n, '+1212555' || n, 10) FROM generate_series(1000, 1011) n \g /dev/null
SELECT w.ahead('40 seconds') \g /dev/null
SELECT is((SELECT array_length(string_to_array(w.asked(), ', '), 1)), 5, 'five at a time');
SELECT is(w.asked(), '', 'a second');
SELECT w.ahead('2 seconds') \g /dev/null
SELECT is((SELECT array_length(string_to_array(w.asked(), ', '), 1)), 5, 'then the next five');
SELECT is((SELECT prices_missing FROM dialer_metrics()), 0::bigint, 'a price that is merely late is not missing');
UPDATE price_asks SET tries = 3 WHERE attempt_id = w.id('a', 1000);
SELECT is((SELECT prices_missing FROM dialer_metrics()), 1::bigint, 'after an hour it is');
DELETE FROM attempts WHERE id BETWEEN w.id('a', 1000) AND w.id('a', 1011);
SET LOCAL enable_seqscan = off;
SELECT is((SELECT count(*) FROM price_asks), 0::bigint, 'asks go with their calls');
UPDATE provider_accounts SET provider = 'vapi' WHERE id = w.id('b', 10);
SELECT w.ended('b', 101, '+12125550101', 10) \g /dev/null
SELECT is((SELECT count(*) FROM price_asks), 0::bigint, 'a carrier that cannot be asked is not');

-- ---- shown ----
SELECT is((SELECT string_agg(format('%s %s %s', price, price_currency, price_estimated), ', ' ORDER BY attempt_id) FROM calls WHERE tenant_id = w.id('a') AND attempt_id IS NOT NULL), '0.028 USD t, 0.041001 USD f, 0 USD f', 'calls say what they cost, and who says so');
SELECT is(w.in('a', format('SELECT totals FROM outdial.campaign_cost(%L, %L)', w.id('a'), w.id('a', 20)))::jsonb,
          '[{"currency": "USD", "total": "0.069001", "settled": "0.041001", "estimated": "0.028", "calls": 3, "unsettledCalls": 1, "answeredCalls": 2, "leads": 3, "minutes": 5, "perAnsweredCall": "0.034501", "perLead": "0.023"}]', 'a campaign''s sums');
UPDATE attempts SET price_currency = 'EUR' WHERE id = w.id('a', 101);
SELECT is(w.in('a', format('SELECT string_agg(format(''%%s %%s %%s'', t ->> ''currency'', t ->> ''settled'', t ->> ''estimated''), '', '' ORDER BY t ->> ''currency'') FROM outdial.campaign_cost(%L, %L), jsonb_array_elements(totals) t', w.id('a'), w.id('a', 20))), 'EUR 0.041001 0, USD 0 0.028', 'currencies are never added');
SELECT is(w.in('b', format('SELECT count(*) FROM outdial.campaign_cost(%L, %L)', w.id('a'), w.id('a', 20))), '0', 'another tenant''s campaign');
SELECT is(uuid7_from('1970-01-01 00:00:00.255+00'), '00000000-00ff-7000-8000-000000000000'::uuid, 'the first id of a millisecond');
SELECT ok(uuid7() BETWEEN uuid7_from(clock_timestamp() - interval '1 second') AND uuid7_from(clock_timestamp() + interval '1 second'), 'ids of now lie between those of before and after');
SELECT w.at(clock_timestamp()) \g /dev/null
UPDATE attempts SET permitted_at = outdial.now();
CREATE FUNCTION w.report(p_group text, p text DEFAULT 'a', p_of text DEFAULT 'a') RETURNS text LANGUAGE sql AS $$
    SELECT w.in(p, format('SELECT coalesce(string_agg(format(''%%s/%%s/%%s/%%s/%%s'', key, name, currency, total, calls), '' ''), '''') FROM outdial.tenant_cost(%L, outdial.now() - interval ''1 hour'', outdial.now() + interval ''1 hour'', %L)', w.id(p_of), p_group)) $$;
SELECT is(w.report('campaign'), format('%s/Campaign a/EUR/0.041001/1 %s/Campaign a/USD/0.028/2', w.id('a', 20), w.id('a', 20)), 'by campaign');
SELECT is(w.report('number'), '+12127771000//EUR/0.041001/1 +12127771000//USD/0.028/2', 'by number');
SELECT is(w.report('day'), format('%s//EUR/0.041001/1 %s//USD/0.028/2', (outdial.now() AT TIME ZONE t.timezone)::date, (outdial.now() AT TIME ZONE t.timezone)::date), 'by day of the tenant''s zone') FROM tenants t WHERE id = w.id('a');
SELECT is(w.report('day', 'b', 'a'), '', 'another tenant''s');

-- ---- before a run ----
CREATE FUNCTION w.forecast(p_phones text[], p_leads bigint) RETURNS jsonb LANGUAGE sql AS $$
    SELECT w.in('a', format('SELECT outdial.campaign_forecast(%L, %L, %L, %s)', w.id('a'), w.id('a', 20), p_phones, p_leads))::jsonb $$;
SELECT is(w.forecast('{+12125550000,+12135550000}', 10), '{"currency": "USD", "leads": 10, "low": "0.049", "high": "0.465", "answeredPercent": [20, 100], "minutesPerAnswer": [1.0, 2.0], "knownCalls": 0}', 'without a record: from a fifth for a minute to all for two');
SELECT is(w.forecast('{}', 10) ->> 'low', NULL, 'nothing is known of no number');
SELECT w.ended('a', n, '+1212556' || n, CASE WHEN n % 2 = 0 THEN 61 ELSE 0 END, CASE WHEN n % 2 = 0 THEN 'completed' ELSE 'busy' END) FROM generate_series(2000, 2099) n \g /dev/null
SELECT is(w.forecast('{+12125550000}', 100) - 'low' - 'high', '{"currency": "USD", "leads": 100, "answeredPercent": [40, 60], "minutesPerAnswer": [1.8, 2.2], "knownCalls": 103}', 'with a record: by what it says');

SELECT * FROM finish();
ROLLBACK;
