-- The gate: every rule refuses alone and together with the others, and says when it clears.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap SCHEMA public;
\ir world/world.psql
SELECT no_plan();

-- A permit, and what it consists of
SELECT is(w.refusals('+12125551001'), '', 'an ordinary number at noon is permitted');
SELECT is((SELECT state || ' ' || caller_id || ' ' || (permit_until - permitted_at) FROM attempts WHERE phone_e164 = '+12125551001'),
          'permitted +12127771000 00:00:02', 'the permit lives two seconds and shows the tenant''s number');
SELECT ok((SELECT rules ? 'window' AND rules ? 'gap_minutes' AND rules ? 'countries' FROM attempts WHERE phone_e164 = '+12125551001'),
          'what the gate looked at is kept with the attempt');
SELECT is((SELECT created_by FROM conversations WHERE phone_e164 = '+12125551001'), 'user:' || w.id('a', 1), 'the conversation names who asked');

-- Do not call: tenant, campaign, platform
INSERT INTO dnc (tenant_id, phone_e164, source) VALUES (w.id('a'), '+12125551002', 'api'), (w.id('b'), '+12125551003', 'api'), (NULL, '+12125551004', 'command');
INSERT INTO dnc (tenant_id, campaign_id, phone_e164, source) VALUES (w.id('a'), w.id('a', 20), '+12125551005', 'api');
SELECT is(w.refusals('+12125551002'), 'do_not_call', 'the tenant''s list');
SELECT is(w.refusals('+12125551003'), '', 'another tenant''s list concerns nobody else');
SELECT is(w.refusals('+12125551004'), 'do_not_call', 'the platform''s list');
SELECT is(w.refusals('+12125551004', p => 'b'), 'do_not_call', 'the platform''s list holds for every tenant');
SELECT is(w.refusals('+12125551005', w.id('a', 20)), 'do_not_call', 'a campaign''s list holds in that campaign');
SELECT is(w.refusals('+12125551005'), '', 'a campaign''s list does not hold elsewhere');
SELECT is(w.clears('+12125551002', 'do_not_call'), NULL, 'do-not-call never clears by itself');

-- One open call per number, and the gap after it
SELECT is(w.refusals('+12125551001'), 'call_already_open,minimum_gap', 'while a call is open no other begins on that number');
SELECT is(w.refusals('+12125551001', p => 'b'), '', 'another tenant''s call does not count');
UPDATE conversations SET closed_at = outdial.now() WHERE phone_e164 = '+12125551001';
UPDATE attempts SET state = 'ended', ended_at = outdial.now() WHERE phone_e164 = '+12125551001';
SELECT is(w.refusals('+12125551001'), 'minimum_gap', 'when it is over the gap still holds');
SELECT is(w.clears('+12125551001', 'minimum_gap'), (SELECT date_trunc('milliseconds', permitted_at) + interval '60 minutes' FROM attempts WHERE tenant_id = w.id('a') AND phone_e164 = '+12125551001'),
          'the gap counts from the last permit');
SELECT w.ahead('59 minutes 58 seconds') \g /dev/null
SELECT is(w.refusals('+12125551001'), 'minimum_gap', 'two seconds before the hour');
SELECT w.ahead('3 seconds') \g /dev/null
SELECT is(w.refusals('+12125551001'), '', 'after an hour it may be called again');
SELECT is((SELECT count(*) FROM conversations WHERE tenant_id = w.id('a') AND phone_e164 = '+12125551001' AND closed_at IS NULL), 1::bigint, 'one open conversation');
UPDATE conversations SET closed_at = outdial.now(); UPDATE attempts SET state = 'ended', ended_at = outdial.now() WHERE ended_at IS NULL;
SELECT is(w.refusals('+12125551006'), '', 'a number never called');
UPDATE conversations SET closed_at = outdial.now(); UPDATE attempts SET state = 'not_placed', ended_at = outdial.now() WHERE phone_e164 = '+12125551006';
SELECT is(w.refusals('+12125551006'), '', 'an attempt that was not placed starts no gap');
UPDATE conversations SET closed_at = outdial.now(); UPDATE attempts SET state = 'refused', ended_at = outdial.now() WHERE phone_e164 = '+12125551006';
SELECT is(w.refusals('+12125551006'), '', 'neither does a refused one');
UPDATE conversations SET closed_at = outdial.now();
UPDATE attempts SET state = 'perhaps_placed', ended_at = outdial.now() WHERE phone_e164 = '+12125551006' AND state = 'permitted';
SELECT is(w.refusals('+12125551006'), 'minimum_gap', 'one that perhaps rang does');
UPDATE tenants SET minimum_gap_minutes = 0 WHERE id = w.id('a');
SELECT is(w.refusals('+12125551006'), '', 'a tenant without a gap');
UPDATE conversations SET closed_at = outdial.now(); UPDATE attempts SET state = 'ended', ended_at = outdial.now() WHERE ended_at IS NULL;
UPDATE tenants SET minimum_gap_minutes = 60 WHERE id = w.id('a');

-- Caller ID: only an active, verified number of this tenant, or the account's own that the operator vouches for
CREATE FUNCTION w.with_caller(p_number text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE v text;
BEGIN
    UPDATE tenants SET default_caller_id = p_number WHERE id = w.id('a');
    v := w.refusals('+1212556' || lpad((random() * 9000)::integer::text, 4, '0'));
    UPDATE tenants SET default_caller_id = '+12127771000' WHERE id = w.id('a');
    RETURN v;
END $$;
SELECT is(w.with_caller('+12127771000'), '', 'its own number');
SELECT is(w.with_caller('+12127772000'), 'caller_id', 'another tenant''s verified number');
SELECT is(w.with_caller('+12127779999'), 'caller_id', 'a number nobody imported');
UPDATE phone_numbers SET is_active = false WHERE id = w.id('a', 30);
SELECT is(w.with_caller('+12127771000'), 'caller_id', 'an inactive number');
UPDATE phone_numbers SET is_active = true, verified_at = NULL WHERE id = w.id('a', 30);
SELECT is(w.with_caller('+12127771000'), 'caller_id', 'an unverified number');
UPDATE provider_accounts SET verified_number = '+12127771000' WHERE id = w.id('a', 10);
SELECT is(w.with_caller('+12127771000'), 'caller_id', 'a number''s own row outranks what the account says of it');
UPDATE provider_accounts SET verified_number = '+12127773000', default_number = '+12127773000' WHERE id = w.id('a', 10);
SELECT is(w.with_caller('+12127773000'), '', 'the account''s number that the operator vouches for');
SELECT is(w.with_caller(NULL), '', 'the account''s number when the tenant names none');
UPDATE provider_accounts SET default_number = '+12127774000' WHERE id = w.id('a', 10);
SELECT is(w.with_caller('+12127773000'), 'caller_id', 'what the operator vouched for counts only while it is the account''s number');
UPDATE phone_numbers SET verified_at = outdial.now() WHERE id = w.id('a', 30);
UPDATE campaigns SET caller_id = '+12127772000' WHERE id = w.id('a', 20);
SELECT is(w.refusals('+12125551010', w.id('a', 20)), 'caller_id', 'the campaign''s own number decides first, for better or worse');
UPDATE campaigns SET caller_id = NULL WHERE id = w.id('a', 20);

-- Destination
SELECT is(w.refusals('+19005551234'), 'destination,outside_hours', 'premium numbers are not called');
SELECT is(w.refusals('+442079460101'), 'destination', 'a country that is not on the list');
SELECT is(w.refusals('+9991234567'), 'destination,outside_hours', 'an unknown plan has no country and no zone');
SELECT is(w.clears('+9991234567', 'outside_hours'), NULL, 'where no zone is known no hour helps');
UPDATE tenants SET countries = '{US,GB,TR,IN}' WHERE id = w.id('a');
SELECT is(w.refusals('+442079460101'), '', 'a country that was added');
UPDATE tenants SET countries = '{}' WHERE id = w.id('a');
SELECT is(w.refusals('+12125551011'), 'destination', 'an empty list allows nothing');
UPDATE tenants SET countries = '{US,GB,TR,IN}' WHERE id = w.id('a');

-- The calling window, in every zone where the number may be
CREATE FUNCTION w.verdict(p_phone text, p_at timestamptz) RETURNS text LANGUAGE plpgsql AS $$
DECLARE v text; v_clears timestamptz;
BEGIN
    PERFORM w.at(p_at);
    UPDATE tenants SET minimum_gap_minutes = 0 WHERE id = w.id('a');
    v := w.refusals(p_phone);
    v_clears := w.clears(p_phone, 'outside_hours');
    UPDATE conversations SET closed_at = outdial.now() WHERE closed_at IS NULL;
    UPDATE attempts SET state = 'ended', ended_at = outdial.now() WHERE ended_at IS NULL;
    RETURN CASE v WHEN '' THEN 'open' WHEN 'outside_hours' THEN 'until ' || coalesce(to_char(v_clears AT TIME ZONE 'UTC', 'MM-DD HH24:MI'), 'never') ELSE v END;
END $$;
SELECT is(w.verdict('+12125551020', '2026-07-15 11:59:50+00'), 'until 07-15 12:00', 'New York, ten seconds before eight');
SELECT is(w.verdict('+12125551020', '2026-07-15 12:00:00+00'), 'open', 'New York at eight');
SELECT is(w.verdict('+12125551020', '2026-07-16 00:58:30+00'), 'open', 'New York at 20:58');
SELECT is(w.verdict('+12125551020', '2026-07-16 00:59:00+00'), 'until 07-16 12:00', 'a call permitted at 20:59 would ring after nine');
SELECT is(w.verdict('+12125551020', '2026-07-16 01:00:00+00'), 'until 07-16 12:00', 'New York at nine');
SELECT is(w.verdict('+12125551020', '2026-03-08 11:59:00+00'), 'until 03-08 12:00', 'the morning after the clocks went forward opens an hour earlier');
SELECT is(w.verdict('+12125551020', '2026-03-07 12:30:00+00'), 'until 03-07 13:00', 'the morning before');
SELECT is(w.verdict('+12125551020', '2026-03-08 02:30:00+00'), 'until 03-08 12:00', 'the evening before: clears after the gap, on the new offset');
SELECT is(w.verdict('+12125551020', '2026-11-01 12:30:00+00'), 'until 11-01 13:00', 'the morning after the clocks went back opens an hour later');
SELECT is(w.verdict('+12125551020', '2026-11-01 01:30:00+00'), 'until 11-01 13:00', 'the evening before: clears after the overlap');
SELECT is(w.verdict('+903122345678', '2026-07-15 05:00:00+00'), 'open', 'Ankara at eight, winter and summer');
SELECT is(w.verdict('+903122345678', '2026-01-15 04:59:00+00'), 'until 01-15 05:00', 'Ankara before eight');
SELECT is(w.verdict('+919812345678', '2026-07-15 02:29:00+00'), 'until 07-15 02:30', 'India is half an hour off');
SELECT is(w.verdict('+919812345678', '2026-07-15 15:28:00+00'), 'open', 'India at 20:58');
SELECT is(w.verdict('+919812345678', '2026-07-15 15:30:00+00'), 'until 07-16 02:30', 'India at nine');
SELECT is(w.verdict('+18505551234', '2026-07-15 12:30:00+00'), 'until 07-15 13:00', 'of two zones the later one opens');
SELECT is(w.verdict('+18505551234', '2026-07-16 01:30:00+00'), 'until 07-16 13:00', 'of two zones the earlier one closes');
SELECT is(w.verdict('+18005551234', '2026-07-15 23:00:00+00'), 'open', 'a toll-free number at an hour that suits its whole plan, Guam to Bermuda');
SELECT is(w.verdict('+18005551234', '2026-07-15 16:00:00+00'), 'until 07-15 22:00', 'and not while any of it sleeps');
SELECT is((SELECT count(*) FROM generate_series(0, 24 * 366) h, LATERAL (SELECT '2026-01-01 00:00+00'::timestamptz + make_interval(hours => h) AS t) AS c
            WHERE (window_open_at(t, '{America/New_York}', 480, 1260) = t)
                  IS DISTINCT FROM (extract(hour FROM t AT TIME ZONE 'America/New_York') BETWEEN 8 AND 20)), 0::bigint,
          'every hour of a year is decided as the wall clock decides it');
SELECT is((SELECT count(*) FROM generate_series(0, 24 * 366) h, LATERAL (SELECT '2026-01-01 00:07+00'::timestamptz + make_interval(hours => h) AS t) AS c,
                  LATERAL (SELECT window_open_at(t, '{America/New_York,Europe/Istanbul}', 480, 1260) AS o) AS w
            WHERE o < t OR extract(hour FROM o AT TIME ZONE 'America/New_York') NOT BETWEEN 8 AND 20 OR extract(hour FROM o AT TIME ZONE 'Europe/Istanbul') NOT BETWEEN 8 AND 20), 0::bigint,
          'what it names as the opening is open in every zone, and never in the past');
SELECT is(window_open_at('2026-03-08 06:30+00', '{America/New_York}', 150, 600) BETWEEN '2026-03-08 07:00+00' AND '2026-03-08 07:30+00', true,
          'a window that opens inside the gap opens when the gap is over');
SELECT is(window_open_at('2026-11-01 05:30+00', '{America/New_York}', 60, 600), '2026-11-01 05:30+00'::timestamptz, 'in the overlap both hours count');
SELECT is(window_open_at('2026-07-15 12:00+00', '{}', 480, 1260), NULL, 'no zone, no');
SELECT is(window_open_at('2026-07-15 12:00+00', NULL, 480, 1260), NULL, 'NULL zones, no');
SELECT is(window_open_at('2026-07-15 12:00+00', '{UTC}', NULL, 1260), NULL, 'no window, no');
SELECT is(window_open_at('2026-07-15 12:00+00', '{UTC}', 600, 600), NULL, 'an empty window never opens');
SELECT is(window_open_at('2026-07-15 12:00+00', '{Pacific/Kiritimati,Pacific/Pago_Pago}', 720, 780), NULL, 'zones that are never open together');
UPDATE campaigns SET window_opens = 600, window_closes = 720 WHERE id = w.id('a', 20);
SELECT w.at('2026-07-15 13:30+00') \g /dev/null
SELECT is(w.refusals('+12125551021', w.id('a', 20)), 'outside_hours', 'a campaign narrows the window');
SELECT is(w.refusals('+12125551021'), '', 'for itself alone');
UPDATE campaigns SET window_opens = 0, window_closes = 1440 WHERE id = w.id('a', 20);
SELECT w.at('2026-07-15 03:00+00') \g /dev/null
SELECT is(w.refusals('+12125551022', w.id('a', 20)), 'outside_hours', 'and cannot widen it');
SELECT w.at('2026-07-15 12:30+00') \g /dev/null
INSERT INTO leads (id, tenant_id, phone_e164, original_phone, zones) VALUES (w.id('a', 90), w.id('a'), '+12125551023', '-', '{America/Los_Angeles}');
SELECT is(w.refusals('+12125551023', p_lead => w.id('a', 90)), 'outside_hours', 'a zone known of the lead narrows it too');
UPDATE leads SET zones = '{Not/AZone}' WHERE id = w.id('a', 90);
SELECT is(w.refusals('+12125551023', p_lead => w.id('a', 90)) = '', false, 'a zone that nobody knows permits nothing');
UPDATE leads SET zones = '{UTC}' WHERE id = w.id('a', 90);

-- Campaign state
SELECT w.at('2026-07-15 16:00+00') \g /dev/null
UPDATE campaigns SET state = 'paused' WHERE id = w.id('a', 20);
SELECT is(w.refusals('+12125551030', w.id('a', 20), true), 'campaign_state', 'a paused campaign');
SELECT is(w.refusals('+12125551030', w.id('b', 20), true), 'OD404 not_found', 'another tenant''s campaign is absent');
UPDATE campaigns SET state = 'stopped' WHERE id = w.id('a', 20);
SELECT is(w.refusals('+12125551030', w.id('a', 20), true), 'campaign_state', 'a stopped campaign');
SELECT is(w.turn(), '0 0 campaign_state', 'nor does a dialer get a permit in it');
UPDATE campaigns SET state = 'running' WHERE id = w.id('a', 20);
SELECT is(w.refusals('+12125551030', w.id('a', 20), true), '', 'a running one');
UPDATE provider_accounts SET status = 'blocked' WHERE id = w.id('a', 10);
SELECT is(w.refusals('+12125551031'), 'campaign_state', 'a blocked account');
SELECT is(w.turn(), '0 0 account', 'nor does a dialer use it');
UPDATE provider_accounts SET status = 'active' WHERE id = w.id('a', 10);
UPDATE tenants SET status = 'suspended' WHERE id = w.id('a');
SELECT is(w.refusals('+12125551031'), 'OD403 tenant_suspended', 'a suspended tenant');
SELECT is(w.turn(), '0 0 tenant', 'nor does a dialer dial for it');
UPDATE tenants SET status = 'active' WHERE id = w.id('a');

-- Concurrency
UPDATE conversations SET closed_at = outdial.now(); UPDATE attempts SET state = 'ended', ended_at = outdial.now() WHERE ended_at IS NULL;
UPDATE provider_accounts SET max_open_calls = 2 WHERE id = w.id('a', 10);
SELECT is(w.refusals('+12125551040'), '', 'the first of two lines');
SELECT is(w.refusals('+12125551041'), '', 'the second of two lines');
SELECT is(w.refusals('+12125551042'), 'concurrency', 'the account has no third line');
UPDATE attempts SET state = 'unknown' WHERE phone_e164 = '+12125551040';
SELECT is(w.refusals('+12125551042'), 'concurrency', 'a call whose outcome is unknown holds its line');
UPDATE attempts SET state = 'ended', ended_at = outdial.now() WHERE phone_e164 = '+12125551040';
SELECT is(w.refusals('+12125551042'), '', 'an ended one gives it back');
UPDATE provider_accounts SET max_open_calls = 1000 WHERE id = w.id('a', 10);
UPDATE campaigns SET max_open_calls = 1 WHERE id = w.id('a', 20);
SELECT is(w.refusals('+12125551043', w.id('a', 20)), '', 'the campaign''s one line');
SELECT is(w.refusals('+12125551044', w.id('a', 20)), 'concurrency', 'the campaign has no second line');
SELECT is(w.refusals('+12125551044'), '', 'the account has');
UPDATE campaigns SET max_open_calls = 1000 WHERE id = w.id('a', 20);

-- Rate: a bucket of the account
UPDATE provider_accounts SET calls_per_second = 1 WHERE id = w.id('a', 10);
UPDATE account_pace SET tokens = 1, refilled_at = outdial.now() WHERE account_id = w.id('a', 10);
SELECT is(w.refusals('+12125551050'), '', 'one call a second: the first');
SELECT is(w.refusals('+12125551051'), 'rate', 'the second at once');
SELECT cmp_ok(w.clears('+12125551051', 'rate') - outdial.now(), '<=', interval '1 second', 'clears within a second');
SELECT w.ahead('1 second') \g /dev/null
SELECT is(w.refusals('+12125551051'), '', 'a second later');
SELECT w.ahead('1 hour') \g /dev/null
SELECT is(w.refusals('+12125551052'), '', 'after an idle hour: one');
SELECT is(w.refusals('+12125551053'), 'rate', 'an idle hour saves nothing up');
UPDATE account_pace SET blocked_until = outdial.now() + interval '10 seconds', tokens = 1;
SELECT is(w.refusals('+12125551053'), 'rate', 'after 429 the account rests');
SELECT is(date_trunc('second', w.clears('+12125551053', 'rate') + interval '1 ms'), (SELECT date_trunc('second', blocked_until + interval '1 ms') FROM account_pace WHERE account_id = w.id('a', 10)), 'until the instant it was given');
SELECT is(w.turn(), '0 0 rate', 'for dialers as well');
UPDATE account_pace SET blocked_until = NULL;
SELECT cmp_ok((SELECT max(n) FROM (SELECT bucket_level(1, '2026-01-01', r, '2026-01-02') - greatest(1, r / 10) AS n FROM unnest(ARRAY[0.1, 1, 5, 10, 50, 1000]) r) x), '<=', 0::float8,
              'a bucket never holds more than a tenth of a second''s worth, or one');
UPDATE provider_accounts SET calls_per_second = 1000 WHERE id = w.id('a', 10);

-- Everything at once, in the order of the contract
UPDATE conversations SET closed_at = outdial.now(); UPDATE attempts SET state = 'ended', ended_at = outdial.now() WHERE ended_at IS NULL;
UPDATE tenants SET countries = '{US}', minimum_gap_minutes = 60 WHERE id = w.id('a');
SELECT w.at('2026-07-16 16:00+00') \g /dev/null
SELECT is(w.refusals('+12125551060', w.id('a', 20), true), '', 'first a call');
INSERT INTO dnc (tenant_id, phone_e164, source) VALUES (w.id('a'), '+12125551060', 'api');
UPDATE phone_numbers SET is_active = false WHERE id = w.id('a', 30);
UPDATE campaigns SET state = 'paused', max_open_calls = 1, window_opens = 60, window_closes = 120 WHERE id = w.id('a', 20);
UPDATE tenants SET countries = '{TR}' WHERE id = w.id('a');
UPDATE account_pace SET blocked_until = outdial.now() + interval '1 hour' WHERE account_id = w.id('a', 10);
SELECT is(w.refusals('+12125551060', w.id('a', 20), true),
          'do_not_call,call_already_open,caller_id,campaign_state,destination,minimum_gap,outside_hours,concurrency,rate',
          'all nine, in one order');
SELECT is((SELECT count(*) FROM attempts WHERE phone_e164 = '+12125551060'), 1::bigint, 'and nothing was written');
UPDATE phone_numbers SET is_active = true WHERE id = w.id('a', 30);
UPDATE campaigns SET state = 'running', max_open_calls = 1000, window_opens = 0, window_closes = 1440 WHERE id = w.id('a', 20);
UPDATE tenants SET countries = '{US}' WHERE id = w.id('a');
UPDATE account_pace SET blocked_until = NULL;
DELETE FROM dnc; UPDATE conversations SET closed_at = outdial.now(); UPDATE attempts SET state = 'ended', ended_at = outdial.now() WHERE ended_at IS NULL;

-- A campaign's turn: the same rules, lead by lead
SELECT w.lead('a', 40, '+12125552040'), w.lead('a', 41, '+12125552041'), w.lead('a', 42, NULL), w.lead('a', 43, '+12125552043'),
       w.lead('a', 44, '+442079460144'), w.lead('a', 45, '+12125552045'), w.lead('a', 46, '+18085552046') \g /dev/null
INSERT INTO dnc (tenant_id, phone_e164, source) VALUES (w.id('a'), '+12125552041', 'api');
UPDATE leads SET deleted_at = outdial.now() WHERE id = w.id('a', 43);
SELECT w.at('2026-07-17 16:00+00') \g /dev/null
UPDATE account_pace SET tokens = 100, refilled_at = outdial.now();
UPDATE campaign_pace SET tokens = 100, refilled_at = outdial.now();
SELECT is(w.turn(), '2 4 permitted', 'two permits, four leads that are never called, one later');
SELECT is((SELECT string_agg(right(lead_id::text, 2) || ' ' || state || coalesce(' ' || reason, ''), ', ' ORDER BY position) FROM campaign_leads WHERE list_id = w.id('a', 21)),
          '40 calling, 41 skipped do_not_call, 42 skipped invalid_number, 43 skipped deleted, 44 skipped destination, 45 calling, 46 waiting outside_hours',
          'each lead is told why');
SELECT is((SELECT due_at FROM campaign_leads WHERE lead_id = w.id('a', 46)), '2026-07-17 18:00+00'::timestamptz, 'Honolulu is due at its eight o''clock');
SELECT is((SELECT count(*) FROM attempts a WHERE a.list_id = w.id('a', 21) AND a.state = 'permitted' AND a.permit_until - a.permitted_at = interval '2 seconds'), 2::bigint, 'permits of two seconds');
SELECT is(w.turn(), '0 0 nobody_due', 'nobody else is due');
UPDATE campaigns SET interval_ms = 60000 WHERE id = w.id('a', 20);
SELECT is(w.turn(), '0 0 interval', 'an interval given later counts from the last call');
SELECT w.ahead('61 seconds') \g /dev/null
SELECT w.lead('a', 47, '+12125552047'), w.lead('a', 48, '+12125552048') \g /dev/null
SELECT is(w.turn(), '1 0 permitted', 'with an interval: one');
SELECT is(w.turn(), '0 0 interval', 'then none, whoever asks');
SELECT w.ahead('59 seconds') \g /dev/null
SELECT is(w.turn(p_holder => 2), '0 0 interval', 'another dialer waits as well');
SELECT w.ahead('2 seconds') \g /dev/null
SELECT is(w.turn(), '1 0 permitted', 'until it is over');
UPDATE campaign_pace SET last_at = '-infinity';
UPDATE campaigns SET interval_ms = 0, max_open_calls = 4 WHERE id = w.id('a', 20);
SELECT w.lead('a', 49, '+12125552049') \g /dev/null
SELECT is(w.turn(), '0 0 concurrency', 'no more calls than the campaign has lines');
UPDATE campaigns SET max_open_calls = 100 WHERE id = w.id('a', 20);
UPDATE phone_numbers SET is_active = false WHERE id = w.id('a', 30);
SELECT is(w.turn(), '0 0 caller_id', 'no caller ID, no permit');
SELECT ok((SELECT state_reason IS NOT NULL FROM campaigns WHERE id = w.id('a', 20)), 'and the campaign says so');
UPDATE phone_numbers SET is_active = true WHERE id = w.id('a', 30);
SELECT is(w.as('dialer', format('SELECT reason FROM outdial.dial_campaign(%L, %L, 1, 10, NULL)', w.id('a'), w.id('a', 20))), 'tenant', 'a dialer that entered nothing gets nothing');
SELECT is(w.in('b', format('SELECT reason FROM outdial.dial_campaign(%L, %L, 1, 10, NULL)', w.id('a'), w.id('a', 20)), 'dialer'), 'tenant', 'nor one that entered another tenant');
SELECT is(w.in('b', format('SELECT reason FROM outdial.dial_campaign(%L, %L, 1, 10, NULL)', w.id('b'), w.id('a', 20)), 'dialer'), 'tenant', 'nor with another tenant''s campaign');

-- The clock: one, and only owner moves it
SELECT is(w.as('api', 'UPDATE outdial.simulation_clock SET ahead = ''1 day'' RETURNING 1'), '42501', 'api cannot move the clock');
SELECT is(w.as('dialer', 'UPDATE outdial.simulation_clock SET ahead = ''1 day'' RETURNING 1'), '42501', 'nor can a dialer');
SELECT is(w.as('api', 'INSERT INTO outdial.simulation_clock (ahead) VALUES (''1 day'') RETURNING 1'), '42501', 'nor put another in its place');
SELECT is(has_table_privilege('gate', 'outdial.simulation_clock', 'UPDATE'), false, 'nor can a function of the gate');
SELECT isnt(w.as('owner', 'UPDATE outdial.simulation_clock SET ahead = ahead RETURNING 1'), '42501', 'owner can');
SELECT is((SELECT count(*) FROM pg_proc p, unnest(p.proargtypes) t WHERE p.pronamespace = 'outdial'::regnamespace AND t = 'timestamptz'::regtype
            AND p.proname ~ '^(dial_|dnc_|run_|enter)'), 0::bigint, 'no function that decides takes a time from its caller');
SELECT * FROM finish();
ROLLBACK;
