-- Pacing: the pure decisions for every input, and what the gate makes of them.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap SCHEMA public;
\ir world/world.psql
SELECT no_plan();
UPDATE tenants SET minimum_gap_minutes = 0, window_opens = 0, window_closes = 1440;
UPDATE campaigns SET retries = '{}', breaker = NULL;

-- ---- the wait before another call ----
SELECT is(retry_delay('{"times": 9, "after_minutes": 60}', n), interval '1 hour', format('a constant wait after %s calls', n)) FROM unnest(ARRAY[0, 1, 2, 100]) n;
SELECT is((SELECT string_agg((extract(epoch FROM retry_delay('{"after_minutes": 1, "factor": 2, "max_minutes": 10}', n)) / 60)::integer::text, ' ' ORDER BY n) FROM generate_series(1, 7) n),
          '1 2 4 8 10 10 10', 'a growing wait doubles up to its end');
SELECT is(retry_delay('{"after_minutes": 0.05}', 1), interval '3 seconds', 'a fraction of a minute');
SELECT is(retry_delay('{"after_minutes": 60, "max_minutes": 5}', 1), interval '1 hour', 'an end before the beginning is the beginning');
SELECT is(retry_delay('{"after_minutes": 1e300, "factor": 1e300}', 10000), interval '43200 minutes', 'nothing is longer than thirty days');
SELECT is((SELECT count(*) FROM (SELECT d, lag(d) OVER (PARTITION BY rule ORDER BY n) AS before FROM
            (SELECT rule, n, retry_delay(rule::jsonb, n) AS d FROM generate_series(0, 10000) n,
                    unnest(ARRAY['{"after_minutes":0.001,"factor":10}', '{"after_minutes":60,"factor":1.5}', '{"after_minutes":43200,"factor":10}', '{"after_minutes":5,"factor":2,"max_minutes":7}', '{}']) rule) x) y
            WHERE d IS NULL OR d < before OR d <= interval '0' OR d > interval '43200 minutes' OR NOT isfinite(outdial.now() + d)), 0::bigint,
          'for 0 to 10,000 calls and any rule the wait never shrinks, never ends, and never exceeds thirty days');
SELECT is((SELECT count(*) FROM (SELECT return_delay(n) AS d, lag(return_delay(n)) OVER (ORDER BY n) AS before FROM generate_series(-5, 10000) n) x
            WHERE d IS NULL OR d < before OR d > interval '1 minute' OR d < interval '0.5 s'), 0::bigint, 'nor does that of a call that was not placed');

-- ---- whether there is another ----
CREATE FUNCTION w.again(p_retries jsonb, p_outcome text, p_attempts integer, p_most integer DEFAULT 0, p_days integer DEFAULT 0, p_first interval DEFAULT '0') RETURNS interval LANGUAGE plpgsql AS $$
DECLARE c campaigns;
BEGIN
    SELECT * INTO c FROM campaigns LIMIT 1;
    c.retries := p_retries; c.max_attempts := p_most; c.retry_days := p_days;
    RETURN retry_at(c, p_outcome, p_attempts, '2026-07-15 12:00+00'::timestamptz - p_first, '2026-07-15 12:00+00') - '2026-07-15 12:00+00'::timestamptz;
END $$;
SELECT is(w.again('{"busy": {"times": 2, "after_minutes": 60}}', o, n), CASE WHEN o = 'busy' AND n <= 2 THEN interval '1 hour' END, format('%s after %s calls', o, n))
  FROM unnest(ARRAY['busy', 'no_answer', 'failed', 'machine', 'answered', 'canceled']) o, generate_series(1, 4) n;
SELECT is(w.again('{"busy": {"times": 9, "after_minutes": 60}}', 'busy', 3, p_most => 4), interval '1 hour', 'below the most calls of a lead');
SELECT is(w.again('{"busy": {"times": 9, "after_minutes": 60}}', 'busy', 4, p_most => 4), NULL, 'at the most calls of a lead');
SELECT is(w.again('{"busy": {"times": 9, "after_minutes": 60}}', 'busy', 1, p_days => 1, p_first => '22 hours 59 minutes'), interval '1 hour', 'within a day of the first call');
SELECT is(w.again('{"busy": {"times": 9, "after_minutes": 60}}', 'busy', 1, p_days => 1, p_first => '23 hours 1 minute'), NULL, 'not later than a day after the first call');
SELECT is(w.again('{"busy": {"after_minutes": 60}}', 'busy', 1), NULL, 'a rule without a number of times gives none');
SELECT is(w.again('{}', 'busy', 1), NULL, 'no rule, no other call');

-- ---- the breaker ----
CREATE FUNCTION w.step(p_state text, p_trips integer, p_ago interval, p_failed text, p_rule jsonb DEFAULT '{"attempts":4,"failurePercent":75,"cooldownSeconds":10,"goodProbes":2,"pauseAfter":3}') RETURNS text LANGUAGE sql AS $$
    SELECT state || ' ' || trips || ' ' || does || coalesce(' ' || extract(epoch FROM clears_at - '2026-07-15 12:00+00')::integer, '')
      FROM breaker_step(p_rule, p_state, '2026-07-15 12:00+00'::timestamptz - p_ago, p_trips, (SELECT coalesce(array_agg(c = 'x'), '{}') FROM regexp_split_to_table(p_failed, '') c WHERE c <> ''), '2026-07-15 12:00+00')
$$;
SELECT is(w.step('closed', 0, '1 hour', f), CASE WHEN length(f) >= 4 AND length(replace(f, '.', '')) >= 3 THEN 'open 1 wait 10' ELSE 'closed 0 run' END, 'closed, calls ' || f)
  FROM unnest(ARRAY['', 'x', 'xxx', 'xxxx', 'xxx.', 'x.xx', '..xx', '....', '.xxx', 'xx..']) f;
SELECT is(w.step('open', 1, '9 seconds', ''), 'open 1 wait 1', 'open: it waits');
SELECT is(w.step('open', 1, '9 seconds', 'xxxx'), 'open 1 wait 1', 'whatever still ends');
SELECT is(w.step('open', 1, '10 seconds', ''), 'half_open 1 probe', 'then it tries');
SELECT is(w.step('open', 2, '19 seconds', ''), 'open 2 wait 1', 'the second time it waits twice as long');
SELECT is(w.step('open', 2, '20 seconds', ''), 'half_open 2 probe', 'and then tries');
SELECT is(w.step('open', 40, '59 minutes', '', '{"attempts":4,"failurePercent":75,"cooldownSeconds":10,"goodProbes":2,"pauseAfter":100}'), 'open 40 wait 60', 'never longer than an hour');
SELECT is(w.step('half_open', 1, '1 second', ''), 'half_open 1 probe', 'no probe has ended');
SELECT is(w.step('half_open', 1, '1 second', '.'), 'half_open 1 probe', 'one good one of two');
SELECT is(w.step('half_open', 1, '1 second', '..'), 'closed 0 run', 'two good ones close it');
SELECT is(w.step('half_open', 1, '1 second', 'x'), 'open 2 wait 20', 'a bad one opens it again');
SELECT is(w.step('half_open', 1, '1 second', '.x'), 'open 2 wait 20', 'even after a good one');
SELECT is(w.step('half_open', 2, '1 second', 'x'), 'closed 0 pause', 'the third time somebody must look');
SELECT is(w.step('closed', 2, '1 second', 'xxxx'), 'closed 0 pause', 'also when it had closed in between without being reset');
SELECT is(w.step('open', 1, '1 second', 'xxxx', NULL), 'closed 0 run', 'a breaker that was taken away holds nothing back');
SELECT is(w.step('half_open', 1, '1 second', 'x', NULL), 'closed 0 run', 'nor one that was trying');
-- every state, every string of results up to four: only the moves of the table, and every pause ends closed
SELECT is((WITH RECURSIVE s(f) AS (SELECT '' UNION ALL SELECT f || c FROM s, unnest(ARRAY['x', '.']) c WHERE length(f) < 4)
           SELECT count(*) FROM s, unnest(ARRAY['closed', 'open', 'half_open']) st, generate_series(0, 3) t, unnest(ARRAY[interval '0', '1 s', '1 min', '2 h']) a, LATERAL w.step(st, t, a, f) r
            WHERE r !~ '^(closed \d run|closed 0 pause|open [1-9] wait \d+|half_open \d probe|open 0 wait \d+)$' OR (st = 'closed' AND r LIKE 'half_open%')), 0::bigint, 'nothing but the moves of the table');

-- ---- 429: halve and grow back ----
SELECT is(throttle_level(0.5, '2026-01-01', '2026-01-01'::timestamptz + s * interval '1 second')::numeric(6, 3), least(1, 0.5 + 0.02 * s)::numeric(6, 3), format('%s s after a halving', s)) FROM unnest(ARRAY[0, 1, 10, 24, 25, 59]) s;
SELECT is(throttle_level(0.02, '2026-01-01', '2026-01-01 00:01:01'), 1::float8, 'whole after a minute, from however low');
SELECT is(throttle_level(0.02, '-infinity', '2026-01-01'), 1::float8, 'whole when there was none');
SELECT is(throttle_level(0.5, '2026-01-02', '2026-01-01'), 0.5::float8, 'a clock that went back gives nothing');
INSERT INTO account_pace (account_id, refilled_at) VALUES (w.id('a', 10), outdial.now()) ON CONFLICT DO NOTHING;
SELECT account_slow_down(w.id('a', 10), 1000, '2026-07-15 12:00+00'), account_slow_down(w.id('a', 10), 1000, '2026-07-15 12:00:00.5+00') \g /dev/null
SELECT is((SELECT throttle FROM account_pace WHERE account_id = w.id('a', 10)), 0.5::float8, 'a storm halves once a second, not once a call');
SELECT account_slow_down(w.id('a', 10), 1000, '2026-07-15 12:00:00+00'::timestamptz + n * interval '1 second') FROM generate_series(2, 40) n \g /dev/null
SELECT cmp_ok((SELECT throttle FROM account_pace WHERE account_id = w.id('a', 10)), '>=', 0.02::float8, 'and never to nothing');
CREATE FUNCTION w.rests(p_ms bigint) RETURNS numeric LANGUAGE plpgsql AS $$
BEGIN
    UPDATE account_pace SET blocked_until = NULL;
    PERFORM account_slow_down(w.id('a', 10), p_ms, '2026-07-15 13:00+00');
    RETURN (SELECT extract(epoch FROM blocked_until - '2026-07-15 13:00+00') FROM account_pace WHERE account_id = w.id('a', 10))::numeric(10, 1);
END $$;
SELECT is(w.rests(ms), r::numeric(10, 1), format('asked to rest %s ms', ms)) FROM (VALUES (-1::bigint, 0.5), (0, 0.5), (700, 0.7), (60000, 60), (900001, 900), (1000000000000, 900), (9223372036854775807, 900), (NULL, 1)) v(ms, r);
UPDATE account_pace SET blocked_until = NULL, throttle = 1, throttled_at = '-infinity';

-- ---- shares ----
SELECT is((SELECT served || ' ' || coalesce(most::text, 'all') FROM fair_share(s, h, g, f, a)), r, t) FROM (VALUES
    (7::float8,  true,  1, NULL::float8, 20::float8, '7 all',  'alone: all'),
    (0,   true,  1, 0,  20, '0 20',  'level: as far ahead as allowed'),
    (10,  true,  1, 0,  20, '10 10', 'ahead: less'),
    (20,  true,  1, 0,  20, '20 0',  'far ahead: nothing until the others have had theirs'),
    (99,  true,  1, 0,  20, '99 0',  'however far'),
    (0,   true,  1, 10, 20, '0 30',  'behind: more'),
    (10,  true,  5, 0,  20, '10 0',  'weight counts'),
    (10,  true,  5, 10, 1,  '10 5',  'nobody is kept below its weight'),
    (500, false, 1, 3,  20, '3 20',  'who comes back owes nothing'),
    (0,   false, 1, 90, 20, '90 20', 'and has saved nothing')) v(s, h, g, f, a, r, t);
-- played: campaigns with weights, each turn the next in line takes what it may, the account gives `tokens` a round
CREATE FUNCTION w.shares(p_weights integer[], p_tokens integer, p_rounds integer, p_absent integer DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE v_served float8[]; v_had integer[]; v_hungry boolean[]; t integer; i integer; r integer; s record; k integer; n integer := cardinality(p_weights);
BEGIN
    v_served := array_fill(0::float8, ARRAY[n]); v_had := array_fill(0, ARRAY[n]); v_hungry := array_fill(false, ARRAY[n]);
    FOR r IN 1 .. p_rounds LOOP
        t := p_tokens;
        FOR i IN 1 .. n LOOP
            CONTINUE WHEN i = p_absent;
            s := fair_share(v_served[i], v_hungry[i], p_weights[i], (SELECT min(v_served[j]) FROM generate_subscripts(p_weights, 1) j WHERE j <> i AND v_hungry[j]), p_tokens);
            k := least(coalesce(s.most, t), t);
            v_served[i] := s.served + k::float8 / p_weights[i]; v_had[i] := v_had[i] + k; v_hungry[i] := true; t := t - k;
        END LOOP;
    END LOOP;
    RETURN array_to_string(ARRAY(SELECT round(100.0 * h / sum(h) OVER ())::text FROM unnest(v_had) WITH ORDINALITY u(h, o) ORDER BY o), ' ');
END $$;
SELECT is(w.shares('{1,1}', 5, 1000), '50 50', 'two alike');
SELECT is(w.shares('{1,3}', 5, 1000), '25 75', 'one to three');
SELECT is(w.shares('{3,1}', 1, 1000), '75 25', 'three to one, a call at a time');
SELECT is(w.shares('{1,1,1,1,1}', 3, 3000), '20 20 20 20 20', 'five alike, fewer calls than campaigns');
SELECT is(w.shares('{5,3,2}', 20, 1000), '50 30 20', 'five, three, two');
SELECT is(w.shares('{5,3,2}', 20, 1000, p_absent => 1), '0 60 40', 'the share of who is absent goes to the others');

-- ---- places in the queue ----
CREATE FUNCTION w.order(p_order text, p_mix text DEFAULT 'fresh_first', p_most integer DEFAULT 20, p_per integer DEFAULT 1) RETURNS text LANGUAGE plpgsql AS $$
DECLARE c campaigns; p campaign_pace;
BEGIN
    UPDATE campaigns SET lead_order = p_order, lead_mix = p_mix, fresh_per_retry = p_per WHERE id = w.id('a', 20);
    SELECT * INTO c FROM campaigns WHERE id = w.id('a', 20);
    SELECT * INTO p FROM campaign_pace WHERE campaign_id = w.id('a', 20);
    RETURN (SELECT string_agg(right(u::text, 2), ' ' ORDER BY n) FROM unnest(claim_leads(c, p, outdial.now(), p_most)) WITH ORDINALITY x(u, n));
END $$;
SELECT w.lead('a', n, '+121255510' || n) FROM generate_series(40, 45) n \g /dev/null
UPDATE leads SET priority = CASE right(id::text, 2) WHEN '43' THEN 10 WHEN '41' THEN 5 WHEN '45' THEN -5 ELSE 0 END WHERE tenant_id = w.id('a');
SELECT is(w.order('list'), '40 41 42 43 44 45', 'as given');
SELECT is(w.order('newest'), '45 44 43 42 41 40', 'newest first');
SELECT is(w.order('priority'), '43 41 40 42 44 45', 'by priority, then as given');
SELECT is(w.order('random'), w.order('random'), 'random, but the same every time');
SELECT is((SELECT count(DISTINCT x) FROM regexp_split_to_table(w.order('random'), ' ') x), 6::bigint, 'and everybody once');
SELECT is(w.order('priority'), '43 41 40 42 44 45', 'changed while it runs, effective at once');
UPDATE leads SET priority = 20 WHERE id = w.id('a', 44);
SELECT is(w.order('priority'), '44 43 41 40 42 45', 'a priority given later counts at once');
SELECT w.lead('a', 46, '+12125551046') \g /dev/null
UPDATE leads SET priority = 30 WHERE id = w.id('a', 46);
SELECT is(w.order('priority', p_most => 2), '46 44', 'a lead added later takes its place');
SELECT is(w.order('list'), '40 41 42 43 44 45 46', 'back to the list');
UPDATE campaign_leads SET due_at = outdial.now() - interval '1 minute' * (50 - position), attempts = 1 WHERE position IN (40, 41, 42);
SELECT is(w.order('list', 'fresh_first'), '43 44 45 46 40 41 42', 'new ones first');
SELECT is(w.order('list', 'retries_first'), '40 41 42 43 44 45 46', 'retries first, longest due first');
SELECT is(w.order('list', 'fresh_first', 3), '43 44 45', 'no more than asked for');
SELECT is(w.order('list', 'retries_first', 4), '40 41 42 43', 'the rest from the other queue');
SELECT is(w.order('list', 'ratio', 4, 1), '43 44 40 41', 'one for one');
SELECT is(w.order('list', 'ratio', 4, 3), '43 44 45 40', 'three new ones to one retry');
SELECT is(w.order('list', 'ratio', 7, 1), '43 44 45 46 40 41 42', 'when the new ones are used up, retries');
UPDATE campaign_leads SET state = 'done' WHERE position > 42;
SELECT is(w.order('list', 'ratio', 3, 100), '40 41 42', 'nobody waits for a new one that does not come');
SELECT is(w.order('priority'), '41 40 42', 'among those due again priority counts too');
UPDATE campaign_leads SET due_at = outdial.now() + interval '1 minute' WHERE position = 41;
SELECT is(w.order('priority'), '40 42', 'not before they are due');

-- ---- the marks never hide anybody ----
DELETE FROM campaign_leads; UPDATE campaigns SET lead_order = 'list', lead_mix = 'fresh_first';
UPDATE campaign_pace SET tokens = 1000;
INSERT INTO campaign_leads (tenant_id, list_id, campaign_id, lead_id, position) SELECT w.id('a'), w.id('a', 21), w.id('a', 20), w.id('a', n), n FROM generate_series(40, 46) n;
CREATE FUNCTION w.mark() RETURNS text LANGUAGE sql AS $$ SELECT CASE fresh_from WHEN -9223372036854775808 THEN 'begin' WHEN 9223372036854775807 THEN 'end' ELSE fresh_from::text END FROM campaign_pace WHERE campaign_id = w.id('a', 20) $$;
UPDATE account_pace SET tokens = 100, refilled_at = outdial.now(); UPDATE campaign_pace SET tokens = 100, refilled_at = outdial.now();
SELECT is(w.turn(p_most => 2), '2 0 permitted', 'two are called');
SELECT is(w.mark(), '42', 'the mark stands at the third');
SELECT is(w.in('a', format('SELECT outdial.campaign_recycle(%L, %L, NULL)', w.id('a'), w.id('a', 20))), '0', 'who is being called is not recycled');
UPDATE campaign_leads SET state = 'done', last_outcome = CASE position WHEN 40 THEN 'busy' ELSE 'answered' END WHERE state = 'calling';
SELECT is(w.in('a', format('SELECT outdial.campaign_recycle(%L, %L, ''{busy}'')', w.id('a'), w.id('a', 20))), '1', 'one ended busy');
SELECT is(w.mark(), 'begin', 'and the mark went back');
SELECT is(w.in('b', format('SELECT outdial.campaign_recycle(%L, %L, NULL)', w.id('a'), w.id('a', 20))), 'OD404 not_found', 'another tenant''s campaign is absent');
UPDATE conversations SET closed_at = outdial.now(); UPDATE attempts SET state = 'ended', ended_at = outdial.now(), outcome = 'busy';
SELECT is(w.turn(p_most => 1), '1 0 permitted', 'it is called again');
SELECT is((SELECT lead_id FROM attempts ORDER BY id DESC LIMIT 1), w.id('a', 40), 'first, as its place is');
SELECT is(w.mark(), '42', 'the mark stands where it stood');
SELECT is(w.turn(), '5 0 permitted', 'the others');
SELECT is(w.mark(), 'end', 'nobody waits');
SELECT w.lead('a', 47, '+12125551047') \g /dev/null
SELECT is(w.mark(), '47', 'somebody new');
SELECT is(w.turn(), '1 0 permitted', 'is called');
UPDATE campaign_leads SET state = 'waiting' WHERE position = 44;
SELECT is(w.mark(), 'begin', 'whoever puts a lead back moves the mark');
UPDATE campaign_pace SET fresh_from = 9223372036854775807, looked_at = outdial.now();
SELECT is(w.turn(), '0 0 nobody_due', 'even if a mark were wrong');
SELECT is((SELECT state FROM campaigns WHERE id = w.id('a', 20)), 'running', 'no campaign ends for it');
SELECT w.ahead('61 seconds') \g /dev/null
SELECT is(w.turn(), '0 0 nobody_due', 'a number whose call is open is put off');
SELECT is((SELECT reason FROM campaign_leads WHERE position = 44), 'call_already_open', 'it was found within a minute');

-- ---- who cannot be judged does not hold up the others ----
UPDATE conversations SET closed_at = outdial.now(); UPDATE attempts SET state = 'ended', ended_at = outdial.now(), outcome = 'busy' WHERE ended_at IS NULL;
DELETE FROM campaign_leads;
UPDATE leads SET zones = '{Not/AZone}' WHERE id = w.id('a', 40);
UPDATE tenants SET window_opens = 1, window_closes = 1439 WHERE id = w.id('a');
INSERT INTO campaign_leads (tenant_id, list_id, campaign_id, lead_id, position) SELECT w.id('a'), w.id('a', 21), w.id('a', 20), w.id('a', n), n FROM generate_series(40, 41) n;
UPDATE account_pace SET tokens = 100, refilled_at = outdial.now(); UPDATE campaign_pace SET tokens = 100, refilled_at = outdial.now();
SELECT is(w.turn(), '1 1 permitted', 'one is unusable, the next is called');
SELECT ok((SELECT state = 'failed' AND reason LIKE 'unusable: %' FROM campaign_leads WHERE position = 40), 'and says why');
UPDATE tenants SET window_opens = 0, window_closes = 1440 WHERE id = w.id('a');

-- ---- money ----
SELECT is(call_rate('{"perMinute": {"+1": 14000, "+1900": 500000, "*": 200000}}', p), r, p) FROM (VALUES ('+12125550000', 14000::bigint), ('+19005550000', 500000), ('+4420', 200000)) v(p, r);
SELECT is(call_rate('{"perMinute": {"+1": 14000}}', '+4420'), NULL, 'a price that nobody named is no price');
SELECT is(minor_micros(c), m, c) FROM (VALUES ('USD', 10000::bigint), ('TRY', 10000), ('JPY', 1000000), ('KWD', 1000)) v(c, m);
UPDATE conversations SET closed_at = outdial.now(); UPDATE attempts SET state = 'ended', ended_at = outdial.now(), outcome = 'busy' WHERE ended_at IS NULL;
DELETE FROM campaign_leads; DELETE FROM attempts;
INSERT INTO campaign_leads (tenant_id, list_id, campaign_id, lead_id, position) SELECT w.id('a'), w.id('a', 21), w.id('a', 20), w.id('a', n), n FROM generate_series(41, 47) n;
UPDATE account_pace SET tokens = 100, refilled_at = outdial.now(); UPDATE campaign_pace SET tokens = 100, refilled_at = outdial.now();
UPDATE provider_accounts SET rates = '{"currency": "USD", "perMinute": {"*": 10000}}' WHERE id = w.id('a', 10);
UPDATE campaigns SET budget = '{"amount": 7, "currency": "USD"}' WHERE id = w.id('a', 20);
CREATE FUNCTION w.spent() RETURNS text LANGUAGE sql AS $$ SELECT spent_micros || '+' || coalesce((SELECT sum(micros) FROM spend_news WHERE campaign_id = w.id('a', 20)), 0) FROM campaign_pace WHERE campaign_id = w.id('a', 20) $$;
SELECT is(w.turn(), '3 0 budget', 'seven cents, two a call reserved: three calls');
SELECT is(w.spent(), '60000+0', 'reserved');
SELECT is((SELECT count(*) FROM audit WHERE action = 'campaign.budget_warning'), 1::bigint, '80 % is told');
SELECT is(w.turn(), '0 0 budget', 'no fourth while they are open');
SELECT is((SELECT state FROM campaigns WHERE id = w.id('a', 20)), 'running', 'they may cost less than was reserved');
UPDATE attempts SET estimate_micros = 10000, state = 'ended', ended_at = outdial.now(), outcome = 'answered' WHERE lead_id = w.id('a', 41);
UPDATE conversations SET closed_at = outdial.now() WHERE lead_id = w.id('a', 41);
SELECT is(w.spent(), '60000+-10000', 'one ended after a minute');
SELECT is(w.turn(), '1 0 budget', 'which leaves room for one more');
SELECT is(w.spent(), '70000+0', 'all is reserved');
UPDATE attempts SET price_micros = -30000, price_currency = 'USD' WHERE lead_id = w.id('a', 41);
SELECT is(w.spent(), '70000+20000', 'the carrier asked more than was estimated');
UPDATE attempts SET price_micros = 1, price_currency = 'EUR' WHERE lead_id = w.id('a', 42);
SELECT is(w.spent(), '70000+20000', 'a price in another currency is not counted');
UPDATE attempts SET estimate_micros = 0, state = 'ended', ended_at = outdial.now(), outcome = 'busy' WHERE ended_at IS NULL; UPDATE conversations SET closed_at = outdial.now();
SELECT is(w.spent(), '70000+-40000', 'busy lines cost nothing');
SELECT is(w.turn(p_most => 2), '2 0 permitted', 'so two more are called');
UPDATE attempts SET estimate_micros = 20000, state = 'ended', ended_at = outdial.now(), outcome = 'answered' WHERE ended_at IS NULL; UPDATE conversations SET closed_at = outdial.now();
SELECT is(w.turn(), '0 0 budget', 'and then no more');
SELECT is((SELECT state || ': ' || state_reason FROM campaigns WHERE id = w.id('a', 20)), 'paused: The campaign''s budget is used up.', 'the campaign waits for somebody');
SELECT is(w.refusals('+12125559001', w.id('a', 20)), 'campaign_state', 'nor does it place single calls');
SELECT is(w.refusals('+12125559001'), '', 'others do');
UPDATE campaigns SET state = 'running', budget = '{"amount": 9, "currency": "USD"}' WHERE id = w.id('a', 20);
SELECT is(w.turn(p_most => 1), '1 0 permitted', 'more money, more calls');
SELECT is(w.spent(), '90000+0', 'and what was spent is still known');
UPDATE campaigns SET budget = '{"amount": 900, "currency": "EUR"}' WHERE id = w.id('a', 20);
UPDATE conversations SET closed_at = outdial.now() WHERE closed_at IS NULL; UPDATE attempts SET state = 'ended', ended_at = outdial.now(), outcome = 'busy' WHERE ended_at IS NULL;
UPDATE campaign_leads SET state = 'waiting', due_at = '-infinity' WHERE position = 47;
SELECT is(w.turn(), '0 0 budget', 'a budget in a currency without prices is no budget');
UPDATE campaigns SET budget = NULL, state = 'running' WHERE id = w.id('a', 20);
INSERT INTO tenant_money (tenant_id, currency, credit_micros) VALUES (w.id('a'), 'USD', 30000);
SELECT is(w.refusals('+12125559002'), '', 'prepaid: one call');
SELECT is(w.refusals('+12125559003'), 'campaign_state', 'and no other');
SELECT is(w.refusals('+12125559003', p => 'b'), '', 'another tenant''s credit is its own');
UPDATE tenant_money SET credit_micros = NULL, day_limit_micros = 40000, day_spent_micros = 20000, day = (outdial.now() AT TIME ZONE 'UTC')::date;
SELECT is(w.refusals('+12125559004'), '', 'a limit per day: one more');
SELECT is(w.refusals('+12125559005'), 'campaign_state', 'then none today');
SELECT w.ahead('1 day') \g /dev/null
SELECT is(w.refusals('+12125559005'), '', 'but tomorrow');
UPDATE tenant_money SET currency = 'EUR';
SELECT is(w.refusals('+12125559006'), 'campaign_state', 'a limit in a currency without prices permits nothing');
DELETE FROM tenant_money;

-- ---- enough ----
UPDATE conversations SET closed_at = outdial.now(); UPDATE attempts SET state = 'ended', ended_at = outdial.now(), outcome = 'busy' WHERE ended_at IS NULL;
DELETE FROM campaign_leads; DELETE FROM attempts;
INSERT INTO campaign_leads (tenant_id, list_id, campaign_id, lead_id, position) SELECT w.id('a'), w.id('a', 21), w.id('a', 20), w.id('a', n), n FROM generate_series(41, 47) n;
UPDATE account_pace SET tokens = 100, refilled_at = outdial.now(); UPDATE campaign_pace SET tokens = 100, refilled_at = outdial.now();
UPDATE campaigns SET goal = '{"outcome": "human", "count": 2}' WHERE id = w.id('a', 20);
SELECT is(w.turn(), '2 0 permitted', 'two humans are wanted: two calls');
SELECT is(w.turn(), '0 0 goal', 'no third while both may reach them');
UPDATE attempts SET state = 'ended', ended_at = outdial.now(), outcome = 'answered', answered_by = CASE lead_id WHEN w.id('a', 41) THEN 'human' ELSE 'unknown' END WHERE ended_at IS NULL;
UPDATE conversations SET closed_at = outdial.now();
SELECT is(w.turn(), '1 0 permitted', 'one was none');
UPDATE attempts SET state = 'ended', ended_at = outdial.now(), outcome = 'answered', answered_by = 'human' WHERE ended_at IS NULL; UPDATE conversations SET closed_at = outdial.now();
SELECT is(w.turn(), '0 0 goal', 'both are reached');
SELECT is((SELECT state || ': ' || state_reason FROM campaigns WHERE id = w.id('a', 20)), 'done: The goal was reached.', 'and the run is over');
UPDATE campaigns SET goal = NULL, state = 'running' WHERE id = w.id('a', 20);

-- ---- the breaker at the gate ----
DELETE FROM attempts; UPDATE campaign_leads SET state = 'waiting', due_at = '-infinity';
UPDATE campaigns SET breaker = '{"attempts":3,"failurePercent":100,"cooldownSeconds":10,"goodProbes":1,"pauseAfter":2}' WHERE id = w.id('a', 20);
UPDATE account_pace SET tokens = 100, refilled_at = outdial.now(); UPDATE campaign_pace SET tokens = 100, refilled_at = outdial.now();
CREATE FUNCTION w.all_end(p_outcome text) RETURNS void LANGUAGE sql AS $$
    UPDATE attempts SET state = 'ended', ended_at = outdial.now(), outcome = p_outcome WHERE ended_at IS NULL;
    UPDATE conversations SET closed_at = outdial.now() WHERE closed_at IS NULL;
    UPDATE campaign_leads SET state = 'done' WHERE state = 'calling';
$$;
SELECT is(w.turn(p_most => 3), '3 0 permitted', 'three calls');
SELECT w.all_end('later') \g /dev/null
SELECT is(w.turn(p_most => 1), '1 0 permitted', 'a 429 says nothing about the carrier''s lines');
SELECT w.all_end('busy') \g /dev/null
UPDATE campaign_leads SET state = 'waiting', due_at = '-infinity';
SELECT is(w.turn(p_most => 2), '2 0 permitted', 'nor is busy a failure');
SELECT w.all_end('failed') \g /dev/null
SELECT is(w.turn(p_most => 1), '1 0 permitted', 'two failures of three');
SELECT w.all_end('not_placed') \g /dev/null
SELECT is(w.turn(), '0 0 breaker', 'three of three');
SELECT is((SELECT state FROM campaigns WHERE id = w.id('a', 20)), 'running', 'it waits, and still runs');
SELECT is(w.in('a', format('SELECT breaker ->> ''state'' FROM outdial.campaign_pacing(%L, %L)', w.id('a'), w.id('a', 20))), 'open', 'and says so');
SELECT is(w.refusals('+12125559010', w.id('a', 20)), 'campaign_state', 'a single call of it is refused');
SELECT w.ahead('11 seconds') \g /dev/null
SELECT is(w.turn(), '1 0 permitted', 'then one call tries');
SELECT is(w.turn(), '0 0 breaker', 'one at a time');
SELECT w.all_end('answered') \g /dev/null
SELECT is(w.turn(p_most => 2), '2 0 permitted', 'it was good: all is well');
SELECT is((SELECT breaker_state || breaker_trips FROM campaign_pace WHERE campaign_id = w.id('a', 20)), 'closed0', 'and forgotten');
SELECT w.all_end('answered') \g /dev/null
UPDATE campaign_leads SET state = 'waiting', due_at = '-infinity';
SELECT is(w.turn(p_most => 3), '3 0 permitted', 'three more');
SELECT w.all_end('refused') \g /dev/null
UPDATE campaign_leads SET state = 'waiting', due_at = '-infinity';
SELECT w.turn() \g /dev/null
DELETE FROM attempts WHERE outcome = 'answered';
SELECT is(w.turn(), '0 0 breaker', 'open again');
SELECT w.ahead('11 seconds') \g /dev/null
SELECT is(w.turn(), '1 0 permitted', 'the probe');
SELECT w.all_end('failed') \g /dev/null
SELECT is(w.turn(), '0 0 campaign_state', 'failed: the second time somebody must look');
SELECT is((SELECT state FROM campaigns WHERE id = w.id('a', 20)), 'paused', 'paused');
SELECT ok((SELECT state_reason LIKE 'Too many calls failed%' FROM campaigns WHERE id = w.id('a', 20)), 'and it says why');
SELECT is(w.in('a', format('SELECT status FROM outdial.run_set_state(%L, %L, ''running'', NULL)', w.id('a'), w.id('a', 20))), 'ok', 'somebody has looked');
SELECT is(w.turn(p_most => 1), '1 0 permitted', 'and it goes on');
SELECT * FROM finish();
ROLLBACK;
