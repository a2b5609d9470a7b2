-- Which number a call shows: every strategy, nothing foreign, nothing above its cap.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap SCHEMA public;
\ir world/world.psql
SELECT no_plan();
UPDATE tenants SET minimum_gap_minutes = 0, timezone = 'America/New_York', countries = '{US,CA,GB}';

-- A number of the tenant, linked to its campaign.
CREATE FUNCTION w.number(p_n integer, p_number text, p_cap integer DEFAULT NULL, p text DEFAULT 'a') RETURNS void LANGUAGE sql AS $$
    INSERT INTO phone_numbers (id, tenant_id, account_id, number, type, provider, provider_sid, verified_at, campaign_id, daily_cap)
    VALUES (w.id(p, p_n), w.id(p), w.id(p, 10), p_number, 'LOCAL', 'TWILIO', 'PN' || p || p_n, outdial.now(), w.id(p, 20), p_cap)
$$;
CREATE FUNCTION w.strategy(p_strategy text, p_cap integer DEFAULT NULL) RETURNS void LANGUAGE sql AS
$$ UPDATE campaigns SET caller_id_strategy = p_strategy, number_daily_cap = p_cap WHERE id = w.id('a', 20) $$;
-- What one call to the number shows, or the refusals; the call is over at once.
CREATE FUNCTION w.shows(p_phone text, p_agent uuid DEFAULT NULL, p_campaign uuid DEFAULT w.id('a', 20)) RETURNS text LANGUAGE plpgsql AS $$
DECLARE v text;
BEGIN
    v := w.in('a', format('SELECT coalesce(d.caller_id, '''') || coalesce((SELECT string_agg(r ->> ''code'' || coalesce('' '' || (r ->> ''clears_at''), ''''), '','') FROM jsonb_array_elements(d.refusals) r), '''') FROM outdial.dial_single(%L, ''single'', NULL, %L, %L, false, 1, %L, NULL, NULL, NULL, NULL, NULL) d',
                          w.id('a'), p_phone, p_campaign, p_agent));
    UPDATE conversations SET closed_at = outdial.now() WHERE closed_at IS NULL;
    UPDATE attempts SET state = 'ended', ended_at = outdial.now() WHERE ended_at IS NULL;
    RETURN v;
END $$;
-- Numbers that a campaign's turn showed, in the order of its leads.
CREATE FUNCTION w.showed(p_most integer) RETURNS text LANGUAGE sql AS $$
    SELECT w.in('a', format('SELECT string_agg(right(caller_id, 4), '' '') || max(reason) FROM outdial.dial_campaign(%L, %L, 1, %s, NULL)', w.id('a'), w.id('a', 20), p_most), 'dialer')
$$;
CREATE FUNCTION w.over() RETURNS void LANGUAGE sql AS $$
    UPDATE conversations SET closed_at = outdial.now() WHERE closed_at IS NULL;
    UPDATE attempts SET state = 'ended', ended_at = outdial.now() WHERE ended_at IS NULL;
    DELETE FROM campaign_leads;
    UPDATE campaigns SET state = 'running';
$$;
SELECT w.number(31, '+12125550031'), w.number(32, '+17185550032'), w.number(33, '+15185550033'), w.number(34, '+14155550034') \g /dev/null
SELECT w.number(35, '+447400555035', p => 'b') \g /dev/null

-- fixed, as ever: the first linked number, all the time
SELECT is(w.shows('+12125551001'), '+12125550031', 'fixed shows the first linked number');
SELECT is(w.shows('+14155551002'), '+12125550031', 'to everybody');
UPDATE campaigns SET caller_id = '+14155550034' WHERE id = w.id('a', 20);
SELECT is(w.shows('+12125551003'), '+14155550034', 'or the one that the campaign names');
SELECT w.strategy('round_robin') \g /dev/null
SELECT isnt(w.shows('+12125551003'), '+14155550034', 'which another strategy does not ask for while there is a pool');
UPDATE campaigns SET caller_id = NULL; UPDATE number_use SET turn = 0, calls = 0, day = '-infinity';

-- round robin: each in its turn, whoever dials
SELECT is(w.shows('+12125551004') || w.shows('+12125551005'), '+12125550031+14155550034', 'the one that rested longest');
SELECT w.lead('a', n, '+121255520' || n) FROM generate_series(40, 45) n \g /dev/null
INSERT INTO campaign_pace (campaign_id, refilled_at) VALUES (w.id('a', 20), outdial.now()) ON CONFLICT DO NOTHING;
SELECT w.ahead('1 second') \g /dev/null
SELECT is(w.showed(6), '0033 0032 0031 0034 0033 0032permitted', 'a turn goes on where single calls stopped');
SELECT w.over() \g /dev/null
SELECT is(w.shows('+12125551006'), '+12125550031', 'and they where the turn stopped');

-- pool: the fewest calls of the day
SELECT w.strategy('pool') \g /dev/null
UPDATE number_use SET day = '2026-07-15', calls = CASE number WHEN '+12125550031' THEN 5 WHEN '+17185550032' THEN 3 WHEN '+15185550033' THEN 9 ELSE 4 END WHERE campaign_id IS NOT NULL;
SELECT is(w.shows('+12125551010'), '+17185550032', 'the least used one');
SELECT is((SELECT string_agg(right(w.shows('+1212555102' || n), 4), ' ') FROM generate_series(0, 4) n), '0034 0032 0031 0034 0032', 'evened out, call by call');
UPDATE number_use SET day = '2026-07-14' WHERE number = '+15185550033';
SELECT is(w.shows('+12125551030'), '+15185550033', 'yesterday''s calls do not count');
SELECT is((SELECT calls || ' ' || day FROM number_use WHERE number = '+15185550033'), '1 2026-07-15', 'the day of the tenant''s zone begins anew');

-- sticky: what rang this number last
SELECT w.strategy('sticky') \g /dev/null
SELECT isnt(w.shows('+12125551040'), NULL, 'whom nobody called gets the least used one');
UPDATE number_use SET calls = 50 WHERE number = (SELECT caller_id FROM attempts WHERE phone_e164 = '+12125551040');
SELECT is(w.shows('+12125551040'), (SELECT caller_id FROM attempts WHERE phone_e164 = '+12125551040' LIMIT 1), 'and the same again');
UPDATE attempts SET state = 'refused' WHERE phone_e164 = '+12125551040';
SELECT isnt(w.shows('+12125551040'), (SELECT caller_id FROM attempts WHERE phone_e164 = '+12125551040' AND state = 'refused' LIMIT 1), 'a call that never rang left nothing to remember');
UPDATE phone_numbers SET is_active = false WHERE number = (SELECT caller_id FROM attempts WHERE phone_e164 = '+12125551040' AND state = 'ended' LIMIT 1);
SELECT ok(w.shows('+12125551040') NOT IN (SELECT number FROM phone_numbers WHERE NOT is_active), 'a number that was switched off is not shown for old times'' sake');
UPDATE phone_numbers SET is_active = true;

-- local presence
SELECT w.strategy('local_presence') \g /dev/null
UPDATE number_use SET calls = 0, turn = right(number, 2)::bigint, day = '2026-07-15';
SELECT is(w.shows('+14155551050'), '+14155550034', 'the same area code');
SELECT is(w.shows('+12135551051'), '+14155550034', 'else the same state');
SELECT is(w.shows('+19175551052'), '+12125550031', 'else the same state, its least used one');
SELECT is(w.shows('+16025551053'), '+17185550032', 'else the same country');
SELECT is(w.shows('+442079460001'), '+15185550033', 'else any of the pool');
UPDATE phone_numbers SET daily_cap = 1 WHERE number = '+14155550034';
SELECT isnt(w.shows('+14155551054'), '+14155550034', 'a neighbour that has had its calls is passed over');
UPDATE phone_numbers SET daily_cap = NULL;

-- what may not be shown
UPDATE number_use SET calls = 0, turn = 0;
UPDATE phone_numbers SET verified_at = NULL WHERE number = '+12125550031';
UPDATE phone_numbers SET carrier_gone = true WHERE number = '+17185550032';
UPDATE phone_numbers SET state = 'releasing', settle_at = outdial.now() WHERE number = '+15185550033';
SELECT w.strategy('pool') \g /dev/null
SELECT is((SELECT string_agg(DISTINCT w.shows('+1212555106' || n), ' ') FROM generate_series(0, 5) n), '+14155550034', 'unverified, gone, being given back: only the fourth is left');
INSERT INTO provider_accounts (id, tenant_id, provider, account_sid) VALUES (w.id('a', 11), w.id('a'), 'twilio', 'ACother');
UPDATE phone_numbers SET account_id = w.id('a', 11) WHERE number = '+14155550034';
SELECT is(w.shows('+12125551070'), '+12127771000', 'a number of another account is none: without a pool it is as with fixed');
UPDATE phone_numbers SET account_id = NULL WHERE number = '+14155550034';
SELECT is(w.shows('+12125551071'), '+14155550034', 'one that was brought along belongs to any account');
SELECT throws_ok(format('UPDATE phone_numbers SET account_id = %L WHERE number = ''+14155550034''', w.id('b', 10)), '23503', NULL, 'another tenant''s account cannot be a number''s');
SELECT throws_ok(format('INSERT INTO trunks (tenant_id, account_id, provider, trunk_sid) VALUES (%L, %L, ''twilio'', ''TK1'')', w.id('a'), w.id('b', 10)), '23503', NULL, 'nor a trunk''s');
UPDATE campaigns SET caller_id = '+447400555035' WHERE id = w.id('a', 20); SELECT w.strategy('fixed') \g /dev/null
SELECT is(w.shows('+12125551072'), 'caller_id', 'another tenant''s number is never shown');
UPDATE campaigns SET caller_id = NULL WHERE id = w.id('a', 20);
UPDATE phone_numbers SET verified_at = outdial.now(), carrier_gone = false, state = 'owned', settle_at = NULL, account_id = w.id(CASE WHEN tenant_id = w.id('a') THEN 'a' ELSE 'b' END, 10);
SELECT is_empty($$ SELECT number FROM phone_numbers n FULL JOIN number_use u USING (tenant_id, number) WHERE n.campaign_id IS DISTINCT FROM u.campaign_id OR n.account_id IS DISTINCT FROM u.account_id $$, 'the mirror shows what is there');

-- the person's own number comes first
UPDATE users SET caller_id = '+15185550033' WHERE id = w.id('a', 2);
SELECT is(w.shows('+12125551080', w.id('a', 2)), '+15185550033', 'calls that somebody places show that person''s number');
SELECT is(w.shows('+12125551081', w.id('a', 2), NULL), '+15185550033', 'of no campaign too');
SELECT is(w.shows('+12125551082', w.id('a', 1)), '+12125550031', 'whoever has none calls as the campaign does');
UPDATE phone_numbers SET is_active = false WHERE number = '+15185550033';
SELECT is(w.shows('+12125551083', w.id('a', 2)), 'caller_id', 'one that is switched off is no caller ID');
UPDATE phone_numbers SET is_active = true;
SELECT throws_ok(format('UPDATE users SET caller_id = ''+447400555035'' WHERE id = %L', w.id('a', 2)), '23503', NULL, 'nobody is given a foreign one');

-- caps
SELECT w.strategy('pool', 2) \g /dev/null
UPDATE number_use SET calls = 0, turn = 0; UPDATE phone_numbers SET daily_cap = 1 WHERE number = '+12125550031';
SELECT w.lead('a', n, '+121255530' || n) FROM generate_series(40, 49) n WHERE NOT EXISTS (SELECT FROM leads WHERE id = w.id('a', n)) \g /dev/null
DELETE FROM campaign_leads; INSERT INTO campaign_leads (tenant_id, list_id, campaign_id, lead_id, position) SELECT tenant_id, w.id('a', 21), w.id('a', 20), id, 1 FROM leads WHERE tenant_id = w.id('a');
SELECT w.ahead('1 second') \g /dev/null
SELECT is(w.turn(), '7 0 permitted', 'the own cap of one number, the campaign''s of three others: 1 + 3 times 2');
SELECT is((SELECT string_agg(calls::text, ' ' ORDER BY number) FROM number_use WHERE campaign_id = w.id('a', 20)), '1 2 2 2', 'and no more');
SELECT is(w.turn(), '0 0 caller_id', 'then the turn waits');
SELECT is((SELECT count(*) FROM campaign_leads WHERE state = 'waiting' AND attempts = 0), 3::bigint, 'and so do its leads, unharmed');
SELECT is(w.shows('+12125551090'), 'caller_id 2026-07-16T04:00:00.000Z', 'a single call is told when it clears: midnight where the tenant is');
SELECT w.ahead('1 day') \g /dev/null
SELECT is(w.turn(), '3 0 permitted', 'another day, other calls');
SELECT is((SELECT sum(calls) FROM number_use WHERE campaign_id = w.id('a', 20) AND day = '2026-07-16'), 3::bigint, 'counted from one again');
SELECT w.over(), w.strategy('fixed', 1) \g /dev/null
UPDATE number_use SET calls = 0;
SELECT is(w.shows('+12125551091') || ' ' || w.shows('+12125551092'), '+12125550031 caller_id 2026-07-17T04:00:00.000Z', 'the cap holds for the one number of fixed too');
SELECT w.strategy('round_robin', 1) \g /dev/null
UPDATE number_use SET calls = 0;
SELECT w.lead('a', 60, '+12125556060') \g /dev/null
SELECT w.turn() \g /dev/null
SELECT w.in('a', format('SELECT outdial.attempt_report(%L, id, ''later'', NULL, 429, NULL, NULL, 0) FROM outdial.attempts WHERE phone_e164 = ''+12125556060''', w.id('a')), 'dialer') \g /dev/null
SELECT is((SELECT sum(calls) FROM number_use WHERE campaign_id = w.id('a', 20)), 0::bigint, 'a call that was not placed does not count');
SELECT is((SELECT count(*) FROM attempts a WHERE tenant_id = w.id('a') AND NOT EXISTS (SELECT FROM phone_numbers n WHERE n.tenant_id = a.tenant_id AND n.number = a.caller_id)), 0::bigint, 'in all of this nobody saw a foreign number');
SELECT * FROM finish();
ROLLBACK;
