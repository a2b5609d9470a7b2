-- What happens to an attempt after its permit: every move, in every order, said once or twice.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap SCHEMA public;
\ir world/world.psql
SELECT no_plan();
UPDATE tenants SET minimum_gap_minutes = 0, window_opens = 0, window_closes = 1440;
UPDATE campaigns SET retries = '{}';

-- A lead called by the campaign of tenant A: answers the attempt.
CREATE SEQUENCE w.numbers START 100;
CREATE FUNCTION w.called(p_holder bigint DEFAULT 1) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE n integer := nextval('w.numbers'); v text;
BEGIN
    PERFORM w.lead('a', n, '+1212556' || n + 1000);
    UPDATE campaigns SET state = 'running' WHERE id = w.id('a', 20);
    UPDATE account_pace SET tokens = 100, refilled_at = outdial.now(); UPDATE campaign_pace SET tokens = 100, refilled_at = outdial.now();
    v := w.turn(p_holder => p_holder);
    IF v NOT LIKE '1 %' THEN RAISE EXCEPTION 'the gate said %', v; END IF;
    RETURN (SELECT id FROM attempts WHERE lead_id = w.id('a', n));
END $$;
CREATE FUNCTION w.report(p uuid, p_outcome text, p_sid text DEFAULT NULL, p_http integer DEFAULT NULL, p_retry bigint DEFAULT 500) RETURNS text LANGUAGE sql AS
$$ SELECT w.in('a', format('SELECT outdial.attempt_report(%L, %L, %L, %L, %L, NULL, NULL, %L)', w.id('a'), p, p_outcome, p_sid, p_http, p_retry), 'dialer') $$;
CREATE FUNCTION w.hook(p uuid, p_sid text, p_status text, p_key text DEFAULT NULL, p_at timestamptz DEFAULT NULL, p_parent text DEFAULT NULL, p_by text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT w.as('api', format('SELECT outdial.hook_status(%L, %L, ARRAY[%L]::uuid[], %L, %L, %L, %L, %L, NULL, %L, NULL, ''{}'')',
                             w.id('a'), p, w.id('a', 10), p_sid, p_parent, coalesce(p_key, p_sid || p_status), p_status, p_at, p_by)) $$;
CREATE FUNCTION w.look(p uuid, p_found text, p_sid text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT w.in('a', format('SELECT outdial.look_settle(%L, %L, %L, %L)', w.id('a'), p, p_found, p_sid), 'dialer') $$;
-- attempt, conversation and lead in a line
CREATE FUNCTION w.told(p uuid) RETURNS text LANGUAGE sql AS $$
    SELECT a.state || ' ' || CASE WHEN c.closed_at IS NULL THEN 'open' ELSE coalesce(c.outcome, 'closed') END || ' '
           || coalesce((SELECT l.state FROM campaign_leads l WHERE l.list_id = a.list_id AND l.lead_id = a.lead_id), '-')
      FROM attempts a JOIN conversations c ON c.id = a.conversation_id WHERE a.id = p
$$;
CREATE TABLE w.a (name text PRIMARY KEY, id uuid DEFAULT w.called());
CREATE FUNCTION w.a(p text) RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM w.a WHERE name = p $$;

-- Each move of the table in model/states.h, and back to back the words that cause it
INSERT INTO w.a VALUES ('accepted');
SELECT is(w.told(w.a('accepted')), 'permitted open calling', 'a permit');
SELECT is(w.report(w.a('accepted'), 'accepted', 'CA1', 201), 'accepted', 'permitted -> accepted');
SELECT is(w.report(w.a('accepted'), 'accepted', 'CA1', 201), 'accepted', 'said again');
SELECT is(w.report(w.a('accepted'), 'unknown'), 'accepted', 'what is known is not unlearned');
SELECT is(w.report(w.a('accepted'), 'refused', NULL, 400), 'accepted', 'nor refused any more');
SELECT is(w.report(w.a('accepted'), 'accepted', 'CA1x', 201), 'accepted', 'nor given another id');
SELECT is((SELECT provider_sid FROM attempts WHERE id = w.a('accepted')), 'CA1', 'its id stays');
SELECT is(w.hook(w.a('accepted'), 'CA1', 'completed'), 'stored', 'accepted -> ended');
SELECT is(w.told(w.a('accepted')), 'ended answered done', 'the lead is done');
SELECT is(w.hook(w.a('accepted'), 'CA1', 'completed'), 'repeated', 'said again');
SELECT is(w.hook(w.a('accepted'), 'CA1', 'ringing'), 'stored', 'a late word is kept');
SELECT is(w.told(w.a('accepted')), 'ended answered done', 'and changes nothing');

INSERT INTO w.a VALUES ('refused');
SELECT is(w.report(w.a('refused'), 'refused', NULL, 400), 'refused', 'permitted -> refused');
SELECT is(w.told(w.a('refused')), 'refused failed failed', 'the lead has failed');
SELECT is(w.report(w.a('refused'), 'refused', NULL, 400), 'refused', 'said again');
SELECT is(w.report(w.a('refused'), 'later', NULL, 429), 'refused', 'nothing follows');

INSERT INTO w.a VALUES ('later');
SELECT is(w.report(w.a('later'), 'later', NULL, 429, 2000), 'not_placed', 'permitted -> not_placed');
SELECT is(w.told(w.a('later')), 'not_placed not_placed waiting', 'the lead waits again');
SELECT cmp_ok((SELECT blocked_until FROM account_pace WHERE account_id = w.id('a', 10)), '>', outdial.now() + interval '1 second', 'the account rests');
SELECT is((SELECT not_placed FROM campaign_leads WHERE lead_id = (SELECT lead_id FROM attempts WHERE id = w.a('later'))), 1, 'counted');
SELECT is(w.report(w.a('later'), 'later', NULL, 429, 2000), 'not_placed', 'said again');
SELECT is((SELECT not_placed FROM campaign_leads WHERE lead_id = (SELECT lead_id FROM attempts WHERE id = w.a('later'))), 1, 'counted once');
UPDATE account_pace SET blocked_until = NULL;
UPDATE campaign_leads SET state = 'done' WHERE state = 'waiting';

INSERT INTO w.a VALUES ('unknown');
SELECT is(w.report(w.a('unknown'), 'unknown'), 'unknown', 'permitted -> unknown');
SELECT is(w.told(w.a('unknown')), 'unknown open calling', 'the number stays taken');
SELECT is((SELECT next_look_at BETWEEN outdial.now() + interval '14 s' AND outdial.now() + interval '15 s' FROM attempts WHERE id = w.a('unknown')), true, 'the first look is 15 s later');
SELECT is(w.report(w.a('unknown'), 'accepted', 'CA2', 201), 'accepted', 'unknown -> accepted, by a late answer');
SELECT is((SELECT failure FROM attempts WHERE id = w.a('unknown')), NULL, 'and the doubt is forgotten');

INSERT INTO w.a VALUES ('webhook');
SELECT is(w.report(w.a('webhook'), 'unknown'), 'unknown', 'a lost answer');
SELECT is(w.hook(w.a('webhook'), 'CA3', 'ringing'), 'stored', 'its webhook comes');
SELECT is(w.told(w.a('webhook')), 'accepted open calling', 'unknown -> accepted, by a webhook');
INSERT INTO w.a VALUES ('first');
SELECT is(w.hook(w.a('first'), 'CA4', 'dialing'), 'stored', 'a webhook before the answer');
SELECT is(w.told(w.a('first')), 'accepted open calling', 'permitted -> accepted, by a webhook');
SELECT is(w.hook(w.a('first'), 'CA4', 'busy'), 'stored', 'even its end');
SELECT is(w.report(w.a('first'), 'accepted', 'CA4', 201), 'ended', 'before the answer');
SELECT is(w.told(w.a('first')), 'ended busy done', 'changes nothing of it');
INSERT INTO w.a VALUES ('first2');
SELECT is(w.hook(w.a('first2'), 'CA5', 'ringing'), 'stored', 'a webhook');
SELECT is(w.report(w.a('first2'), 'later', NULL, 429), 'accepted', 'knows better than a refusal');

-- Unknown: two empty looks a minute apart, and the holder gone or heard
INSERT INTO w.a VALUES ('empty');
SELECT w.report(w.a('empty'), 'unknown') \g /dev/null
SELECT is(w.look(w.a('empty'), 'empty'), 'unknown', 'the first empty look');
SELECT w.ahead('59 s') \g /dev/null
SELECT is(w.look(w.a('empty'), 'empty'), 'unknown', 'a second one too early');
SELECT is(w.look(w.a('empty'), 'unreachable'), 'unknown', 'no answer is not an empty answer');
SELECT w.ahead('2 s') \g /dev/null
SELECT is(w.look(w.a('empty'), 'several'), 'unknown', 'nor is more than one call');
SELECT is(w.look(w.a('empty'), 'empty'), 'not_placed', 'unknown -> not_placed after a minute');
SELECT is(w.told(w.a('empty')), 'not_placed not_placed waiting', 'and the lead waits again');
SELECT is(w.look(w.a('empty'), 'empty'), 'not_placed', 'said again');
UPDATE campaign_leads SET state = 'done' WHERE state = 'waiting';

INSERT INTO w.a VALUES ('holder', w.called(4711));
SELECT w.ahead('4 s') \g /dev/null
SELECT is(w.as('dialer', 'SELECT outdial.dialer_orphans(''d'', 4712)'), '1', 'nobody holds this permit any more');
SELECT is(w.told(w.a('holder')), 'unknown open calling', 'permitted -> unknown, by silence');
SELECT is(w.as('dialer', 'SELECT outdial.dialer_orphans(''d'', 4712)'), '0', 'said again');
SELECT w.look(w.a('holder'), 'empty') \g /dev/null
SELECT w.ahead('61 s') \g /dev/null
SELECT pg_advisory_lock(4711) \g /dev/null
SELECT is(w.look(w.a('holder'), 'empty'), 'unknown', 'while its holder lives and has said nothing it stays unknown');
SELECT pg_advisory_unlock(4711) \g /dev/null
SELECT is((SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND objid = 4711), 0::bigint, 'asking for a holder leaves no lock');
SELECT is(w.look(w.a('holder'), 'empty'), 'not_placed', 'once it is gone two empty looks settle it');
UPDATE campaign_leads SET state = 'done' WHERE state = 'waiting';
SELECT pg_advisory_lock(4713) \g /dev/null
INSERT INTO w.a VALUES ('alive', w.called(4713));
SELECT w.ahead('4 s') \g /dev/null
SELECT is(w.as('dialer', 'SELECT outdial.dialer_orphans(''d'', 4713)'), '0', 'a holder does not take its own permit for an orphan');
SELECT w.ahead('25 s') \g /dev/null
SELECT is(w.as('dialer', 'SELECT outdial.dialer_orphans(''d'', 4713)'), '1', 'until long after any request would have ended');
SELECT pg_advisory_unlock(4713) \g /dev/null
SELECT is(w.report(w.a('alive'), 'accepted', 'CA6', 201), 'accepted', 'and even then its report counts');

INSERT INTO w.a VALUES ('day');
SELECT w.report(w.a('day'), 'unknown') \g /dev/null
SELECT w.ahead('23 hours 59 minutes') \g /dev/null
SELECT is(w.look(w.a('day'), 'unreachable'), 'unknown', 'a list that cannot be read');
SELECT w.ahead('2 minutes') \g /dev/null
SELECT is(w.look(w.a('day'), 'unreachable'), 'perhaps_placed', 'unknown -> perhaps_placed after a day');
SELECT is(w.told(w.a('day')), 'perhaps_placed perhaps_placed failed', 'and never again');
SELECT w.ahead('30 days') \g /dev/null
SELECT is(w.turn(), '0 0 nobody_due', 'not after a month');

INSERT INTO w.a VALUES ('found');
SELECT w.report(w.a('found'), 'unknown') \g /dev/null
SELECT is(w.look(w.a('found'), 'found', 'CA1'), 'unknown', 'a call of another attempt is not this one');
SELECT is(w.look(w.a('found'), 'found', 'CA7'), 'accepted', 'unknown -> accepted, by the list');
SELECT cmp_ok((SELECT next_look_at FROM attempts WHERE id = w.a('found')), '<=', outdial.now(), 'and asked at once how it stands');
INSERT INTO w.a VALUES ('foreign sid');
SELECT is(w.report(w.a('foreign sid'), 'accepted', 'CA7', 201), 'unknown', 'an answer with the id of another call proves nothing');

-- Many answers at once
CREATE FUNCTION w.taken(p_tenant text, p_sids text[], VARIADIC p uuid[]) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(w.in(p_tenant, format('SELECT string_agg((SELECT name FROM w.a WHERE a.id = done), '','' ORDER BY done) FROM outdial.attempts_accepted(%L, %L, %L, %L) done',
                                          w.id(p_tenant), p, p_sids, array_fill(201, ARRAY[cardinality(p)])), 'dialer'), 'none')
$$;
GRANT SELECT ON w.a TO dialer;
INSERT INTO w.a VALUES ('batch first'), ('batch second'), ('batch heard'), ('batch refused');
SELECT w.hook(w.a('batch heard'), 'CA23', 'ringing') \g /dev/null
SELECT w.report(w.a('batch refused'), 'refused', NULL, 400) \g /dev/null
SELECT is(w.taken('b', '{CA21}', w.a('batch first')), 'none', 'another tenant writes nothing');
SELECT is(w.taken('a', '{CA7}', w.a('batch first')), 'none', 'nor is the id of another call taken');
SELECT is(w.taken('a', '{CA21,CA22,CA23,CA24}', w.a('batch first'), w.a('batch second'), w.a('batch heard'), w.a('batch refused')), 'batch first,batch second', 'the ordinary ones are written, the others left to be told one by one');
SELECT is(w.taken('a', '{CA21,CA22}', w.a('batch first'), w.a('batch second')), 'none', 'once');
SELECT is(w.told(w.a('batch second')), 'accepted open calling', 'permitted -> accepted, with others');
SELECT is((SELECT provider_sid || ' ' || http_status FROM attempts WHERE id = w.a('batch second')), 'CA22 201', 'with its id');
SELECT is((SELECT string_agg(kind, ' ' ORDER BY kind) FROM call_events WHERE attempt_id = w.a('batch second')), 'accepted adopted_by_answer', 'and told as by itself');
SELECT is(w.report(w.a('batch second'), 'accepted', 'CA22', 201), 'accepted', 'said again by itself');
SELECT is(w.hook(w.a('batch first'), 'CA21', 'ringing'), 'stored', 'its webhooks find it');

-- Silence: a minute after the last word, not after the first
UPDATE attempts SET next_look_at = NULL WHERE id NOT IN (w.a('batch first'), w.a('batch second'));
UPDATE attempts SET next_look_at = outdial.now() WHERE id IN (w.a('batch first'), w.a('batch second'));
UPDATE attempts SET last_heard_at = outdial.now() - interval '61 s' WHERE id = w.a('batch second');
CREATE FUNCTION w.silent() RETURNS text LANGUAGE sql AS $$ SELECT w.as('dialer', 'SELECT string_agg((SELECT name FROM w.a WHERE a.id = attempt_id), '','') FROM outdial.dialer_looks(100) WHERE kind = ''fetch''') $$;
SELECT is(w.silent(), 'batch second', 'who was heard of is not asked about');
SELECT is((SELECT next_look_at = last_heard_at + interval '60 s' FROM attempts WHERE id = w.a('batch first')), true, 'but a minute after that');

-- Accepted after all
INSERT INTO w.a VALUES ('late');
SELECT w.report(w.a('late'), 'not_sent') \g /dev/null
SELECT is(w.told(w.a('late')), 'not_placed not_placed waiting', 'not placed, they say');
SELECT is(w.hook(w.a('late'), 'CA8', 'ringing'), 'stored', 'and then it rings');
SELECT is(w.told(w.a('late')), 'accepted open calling', 'not_placed -> accepted: the number was free, so the call is taken up');
SELECT is(w.hook(w.a('late'), 'CA8', 'completed'), 'stored', 'it ends');
SELECT is(w.told(w.a('late')), 'ended answered done', 'as any other');
INSERT INTO w.a VALUES ('later1');
SELECT w.report(w.a('later1'), 'not_sent') \g /dev/null
SELECT w.ahead('10 s') \g /dev/null
SELECT is(w.turn(), '1 0 permitted', 'not placed, so called again');
INSERT INTO w.a SELECT 'later2', id FROM attempts WHERE lead_id = (SELECT lead_id FROM attempts WHERE id = w.a('later1')) AND state = 'permitted';
SELECT w.report(w.a('later2'), 'accepted', 'CA10', 201) \g /dev/null
SELECT is(w.hook(w.a('later1'), 'CA9', 'ringing'), 'stored', 'and then the first one rings');
SELECT is((SELECT state || ' ' || cancel_wanted FROM attempts WHERE id = w.a('later1')), 'accepted live', 'another call is open: this one is hung up');
SELECT is((SELECT count(*) FROM conversations c WHERE phone_e164 = (SELECT phone_e164 FROM attempts WHERE id = w.a('later1')) AND closed_at IS NULL), 1::bigint, 'one conversation per number all the while');
SELECT is(w.as('dialer', 'SELECT string_agg(kind || '' '' || mode, '','') FROM outdial.dialer_looks(100) WHERE kind = ''cancel'''), 'cancel live', 'the dialers are told');
SELECT is(w.hook(w.a('later1'), 'CA9', 'canceled'), 'stored', 'it is gone');
SELECT is(w.told(w.a('later2')), 'accepted open calling', 'and the lead is still being called');
SELECT is(w.hook(w.a('later2'), 'CA10', 'completed'), 'stored', 'the other one ends');
SELECT is(w.told(w.a('later2')), 'ended answered done', 'and its end is the lead''s');
SELECT is((SELECT attempts FROM campaign_leads WHERE lead_id = (SELECT lead_id FROM attempts WHERE id = w.a('later2'))), 1, 'which was called once');

-- The moves of the table, and no other
SELECT is_empty($$ SELECT kind FROM call_events WHERE source = 'system' AND kind !~ '^adopted_by_(webhook|answer|list)$' $$, 'how a call was found is kept');

-- Not placed: back to the queue five times, each time later, then failed
CREATE FUNCTION w.again() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE v uuid := w.called(); l uuid; n integer; s text; d numeric;
BEGIN
    SELECT lead_id INTO l FROM attempts WHERE id = v;
    FOR n IN 0 .. 5 LOOP
        PERFORM w.report(v, 'not_sent');
        SELECT state, extract(epoch FROM due_at - outdial.now()) INTO s, d FROM campaign_leads WHERE lead_id = l;
        RETURN NEXT s || CASE WHEN s = 'failed' THEN '' WHEN d BETWEEN 0.5 * 2 ^ n * 0.7 AND 0.5 * 2 ^ n * 1.26 THEN ' in time' ELSE ' in ' || d || ' s' END;
        EXIT WHEN s <> 'waiting';
        PERFORM w.ahead(make_interval(secs => d + 0.01));
        UPDATE account_pace SET tokens = 100; UPDATE campaign_pace SET tokens = 100;
        PERFORM w.turn();
        SELECT id INTO v FROM attempts WHERE lead_id = l AND state = 'permitted';
    END LOOP;
END $$;
SELECT results_eq('SELECT w.again()', ARRAY['waiting in time', 'waiting in time', 'waiting in time', 'waiting in time', 'waiting in time', 'failed'], 'five returns, doubling, then failed');
SELECT ok((SELECT bool_and(isfinite(outdial.now() + make_interval(secs => least(60, 0.5 * 2 ^ least(n, 10))))) FROM generate_series(0, 10000) n), 'the backoff stays finite');

-- Retries, by outcome
UPDATE campaigns SET retries = '{"busy": {"times": 2, "after_minutes": 60}, "no_answer": {"times": 1, "after_minutes": 240}, "machine": {"times": 1}}' WHERE id = w.id('a', 20);
CREATE FUNCTION w.retried(p_status text, p_by text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE v uuid := w.called(); l uuid; n integer; s text; o text; d interval; v_all text := '';
BEGIN
    SELECT lead_id INTO l FROM attempts WHERE id = v;
    FOR n IN 1 .. 5 LOOP
        PERFORM w.report(v, 'accepted', 'CR' || v, 201);
        PERFORM w.hook(v, 'CR' || v, p_status, p_by => p_by);
        SELECT state, due_at - outdial.now(), last_outcome INTO s, d, o FROM campaign_leads WHERE lead_id = l;
        v_all := v_all || s || CASE WHEN s = 'waiting' THEN ' ' || round(extract(epoch FROM d) / 60) || ' ' ELSE ' ' || o END;
        EXIT WHEN s <> 'waiting';
        PERFORM w.ahead(d + interval '1 s');
        UPDATE account_pace SET tokens = 100; UPDATE campaign_pace SET tokens = 100;
        PERFORM w.turn();
        SELECT id INTO v FROM attempts WHERE lead_id = l AND state = 'permitted';
    END LOOP;
    RETURN v_all;
END $$;
SELECT is(w.retried('busy'), 'waiting 60 waiting 60 done busy', 'busy: twice after an hour');
SELECT is(w.retried('no_answer'), 'waiting 240 done no_answer', 'no answer: once after four hours');
SELECT is(w.retried('completed', 'machine'), 'waiting 60 done machine', 'a machine: once, after an hour when nobody said when');
SELECT is(w.retried('completed', 'human'), 'done answered', 'a person is not called again');
SELECT is(w.retried('failed'), 'done failed', 'an outcome without a rule is not retried');
SELECT is(w.retried('canceled'), 'done canceled', 'nor is a cancelled call');
UPDATE campaigns SET retries = '{}';

-- Done exactly when nobody waits and nobody is being called
SELECT is((SELECT state FROM campaigns WHERE id = w.id('a', 20)), 'running', 'calls are open still');
SELECT is(w.report(id, 'refused'), 'refused', 'one by one they end') FROM attempts WHERE state IN ('permitted', 'unknown') ORDER BY id;
SELECT is((SELECT state FROM campaigns WHERE id = w.id('a', 20)), 'running', 'but for those under way');
SELECT is(w.hook(id, provider_sid, 'completed'), 'stored', 'one by one they end') FROM attempts WHERE state = 'accepted' ORDER BY id;
SELECT is((SELECT state FROM campaigns WHERE id = w.id('a', 20)), 'done', 'with the last one the campaign is done');
SELECT is((SELECT count(*) FROM campaign_leads WHERE list_id = w.id('a', 21) AND state IN ('waiting', 'calling')), 0::bigint, 'nobody is left');
SELECT is((SELECT count(*) FROM attempts a WHERE (a.ended_at IS NULL) <> (a.state IN ('permitted', 'accepted', 'unknown'))), 0::bigint, 'an attempt is open exactly in the open states');
SELECT is((SELECT count(*) FROM attempts a JOIN conversations c ON c.id = a.conversation_id WHERE (a.ended_at IS NULL) <> (c.closed_at IS NULL)), 0::bigint, 'and so is its conversation');
INSERT INTO w.a VALUES ('last');
SELECT is((SELECT count(*) FROM campaign_leads c WHERE state = 'calling' AND 1 <> (SELECT count(*) FROM attempts a WHERE a.lead_id = c.lead_id AND a.list_id = c.list_id AND a.ended_at IS NULL)), 0::bigint,
          'a lead that is being called has one open attempt');

-- Words that reach a call of another, or none
SELECT is(w.as('api', format('SELECT outdial.hook_status(%L, %L, ARRAY[%L]::uuid[], ''CA99'', NULL, ''k'', ''completed'', NULL, NULL, NULL, NULL, ''{}'')', w.id('b'), w.a('last'), w.id('a', 10))), 'foreign', 'another tenant''s name');
SELECT is(w.as('api', format('SELECT outdial.hook_status(%L, %L, ARRAY[%L]::uuid[], ''CA99'', NULL, ''k'', ''completed'', NULL, NULL, NULL, NULL, ''{}'')', w.id('a'), w.a('last'), w.id('b', 10))), 'foreign', 'another account');
SELECT is((SELECT count(*) FROM call_events WHERE attempt_id = w.a('last')) + (SELECT count(*) FROM stray_events), 0::bigint, 'of which nothing is stored');
SELECT is(w.as('api', format('SELECT outdial.hook_status(%L, %L, ARRAY[%L]::uuid[], ''CA99'', NULL, ''k'', ''completed'', NULL, NULL, NULL, NULL, ''{}'')', w.id('a'), uuid7(), w.id('a', 10))), 'stray', 'an attempt that is not there');
SELECT is((SELECT count(*) FROM stray_events), 1::bigint, 'is kept for a look');
SELECT is(w.hook(w.a('last'), 'CA1', 'completed'), 'stray', 'the id of another call');
SELECT is(w.told(w.a('last')), 'permitted open calling', 'touches nothing');
SELECT is(w.hook(w.a('last'), 'CAc', 'ringing', p_parent => 'CAp'), 'stored', 'a child line tells of its parent');
SELECT is((SELECT provider_sid FROM attempts WHERE id = w.a('last')), 'CAp', 'which is the call');
SELECT is(w.hook(w.a('last'), 'CAc', 'completed', p_parent => 'CAp'), 'stored', 'the agent''s line ends');
SELECT is(w.told(w.a('last')), 'accepted open calling', 'which is not the end of the call');
SELECT is(w.hook(w.a('last'), 'CAp', 'completed'), 'stored', 'the lead''s line ends');
SELECT is(w.told(w.a('last')), 'ended answered done', 'which is');

-- Press 1, press 2, nothing; the questions asked again
CREATE FUNCTION w.gather(p uuid, p_sid text, p_digits text, p_key text) RETURNS text LANGUAGE sql AS
$$ SELECT w.as('api', format('SELECT mode || coalesce('' '' || agent_phone, '''') FROM outdial.hook_gather(%L, %L, ARRAY[%L]::uuid[], %L, %L, NULL, %L, ''{}'')', w.id('a'), p, w.id('a', 10), p_sid, p_digits, p_key)) $$;
CREATE FUNCTION w.voice(p uuid, p_sid text, p_by text, p_key text) RETURNS text LANGUAGE sql AS
$$ SELECT w.as('api', format('SELECT mode FROM outdial.hook_voice(%L, %L, ARRAY[%L]::uuid[], %L, %L, %L, ''{}'')', w.id('a'), p, w.id('a', 10), p_sid, p_by, p_key)) $$;
INSERT INTO w.a VALUES ('press');
UPDATE tenants SET agent_phone = '+12125557777' WHERE id = w.id('a');
SELECT is(w.voice(w.a('press'), 'CB1', 'human', 'v'), 'person', 'a person');
SELECT is(w.voice(w.a('press'), 'CB1', 'human', 'v'), 'person', 'asked again, told the same');
SELECT is(w.voice(w.a('press'), 'CB2', 'human', 'v2'), 'hangup', 'another call that uses its name hangs up');
SELECT is(w.gather(w.a('press'), 'CB1', '1', 'g1'), 'connect +12125557777', '1: the agent');
SELECT is(w.gather(w.a('press'), 'CB1', '1', 'g1'), 'connect +12125557777', 'asked again, told the same');
SELECT is(w.gather(w.a('press'), 'CB1', '9', 'g2'), 'no_input', 'another key');
SELECT is(w.gather(w.a('press'), 'CB1', '2', 'g3'), 'opted_out', '2: never again');
SELECT is(w.gather(w.a('press'), 'CB1', '2', 'g3'), 'opted_out', 'asked again, told the same');
SELECT is((SELECT count(*) || ' ' || min(source) FROM dnc WHERE tenant_id = w.id('a')), '1 keypress', 'one row');
SELECT is(w.gather(w.a('press'), 'CB1', '1', 'g4'), 'hangup', 'after that no agent is rung');
SELECT is(w.refusals((SELECT phone_e164 FROM attempts WHERE id = w.a('press'))), 'do_not_call,call_already_open', 'and nobody calls again');
SELECT is(w.hook(w.a('press'), 'CB1', 'completed'), 'stored', 'the end');
INSERT INTO w.a VALUES ('machine');
SELECT is(w.voice(w.a('machine'), 'CB3', 'machine', 'v'), 'machine', 'a machine');
SELECT is(w.hook(w.a('machine'), 'CB3', 'completed'), 'stored', 'the end');
SELECT is(w.told(w.a('machine')), 'ended machine done', 'is one');
INSERT INTO w.a VALUES ('verdict');
SELECT w.hook(w.a('verdict'), 'CB4', 'in_progress', p_by => 'machine') \g /dev/null
SELECT w.hook(w.a('verdict'), 'CB4', 'completed', p_by => 'human') \g /dev/null
SELECT is((SELECT answered_by FROM attempts WHERE id = w.a('verdict')), 'machine', 'a verdict is given once');
INSERT INTO w.a VALUES ('opted meanwhile');
SELECT w.report(w.a('opted meanwhile'), 'accepted', 'CB5', 201) \g /dev/null
SELECT w.in('a', format('SELECT count(*) FROM outdial.dnc_add(%L, NULL, %L, NULL, ''api'', NULL)', w.id('a'), (SELECT phone_e164 FROM attempts WHERE id = w.a('opted meanwhile')))) \g /dev/null
SELECT is((SELECT cancel_wanted FROM attempts WHERE id = w.a('opted meanwhile')), 'ringing', 'an opt-out cancels what rings');
SELECT is(w.voice(w.a('opted meanwhile'), 'CB5', NULL, 'v'), 'hangup', 'and hangs up on what was answered');
SELECT is(w.in('a', format('SELECT is_new FROM outdial.dnc_add(%L, NULL, ''+12125550123'', NULL, ''api'', NULL)', w.id('a'))), 'true', 'a number is new to the list once');
SELECT is(w.in('a', format('SELECT is_new FROM outdial.dnc_add(%L, NULL, ''+12125550123'', NULL, ''api'', NULL)', w.id('a'))), 'false', 'and then known');

-- A new list withdraws what waits in the old one, and late returns with it
INSERT INTO w.a VALUES ('old list');
SELECT w.lead('a', 90, '+12125559090') \g /dev/null
UPDATE campaigns SET state = 'stopped' WHERE id = w.id('a', 20);
SELECT is(w.in('a', format('SELECT status FROM outdial.run_start(%L, %L, NULL, ''{0}'', ''{x}'', ''{+12125559091}'', ''{x}'', ''{x}'', ''{NULL}'', 1, 0)', w.id('a'), w.id('a', 20))), 'started', 'a new list');
SELECT is((SELECT state FROM campaign_leads WHERE lead_id = w.id('a', 90)), 'withdrawn', 'who waited in the old one is withdrawn');
SELECT is(w.report(w.a('old list'), 'not_sent'), 'not_placed', 'who was being called and was not');
SELECT is(w.told(w.a('old list')), 'not_placed not_placed withdrawn', 'is withdrawn too');
SELECT is(w.in('a', format('SELECT status FROM outdial.run_start(%L, %L, NULL, ''{0}'', ''{x}'', ''{+12125559092}'', ''{x}'', ''{x}'', ''{NULL}'', 1, 0)', w.id('a'), w.id('a', 20))), 'already_running', 'a running campaign is not started');
UPDATE campaigns SET state = 'stopped' WHERE id = w.id('a', 20);
SELECT is(w.in('a', format('SELECT status || cardinality(dnc) FROM outdial.run_start(%L, %L, NULL, ''{0}'', ''{x}'', ''{+12125550123}'', ''{x}'', ''{x}'', ''{NULL}'', 1, 0)', w.id('a'), w.id('a', 20))), 'nobody1', 'who opted out is not called by a new list');
SELECT is(w.in('a', format('SELECT status FROM outdial.run_set_state(%L, %L, ''running'', NULL)', w.id('a'), w.id('a', 20))), 'ok', 'and the list that was there goes on');

-- The fold: all orders of five words, each said twice, end in the same row
CREATE TABLE w.words (n integer, status text, at timestamptz);
INSERT INTO w.words VALUES (1, 'dialing', '2026-07-15 12:00:01+00'), (2, 'ringing', '2026-07-15 12:00:02+00'), (3, 'in_progress', '2026-07-15 12:00:05+00'),
                           (4, 'completed', '2026-07-15 12:00:30+00'), (5, 'busy', '2026-07-15 12:00:04+00');
CREATE TABLE w.orders AS
WITH RECURSIVE p(line) AS (SELECT ARRAY[]::integer[] UNION ALL SELECT line || n FROM p, generate_series(1, 5) n WHERE n <> ALL (line)) SELECT line FROM p WHERE cardinality(line) = 5;
SELECT is((SELECT count(*) FROM w.orders), 120::bigint, '120 orders');
CREATE FUNCTION w.fold() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE o record; i integer; twice integer; v attempts; v_sid text; v_seen integer := 0;
BEGIN
    SELECT * INTO v FROM attempts WHERE id = w.a('accepted');
    FOR o IN SELECT line FROM w.orders LOOP
        FOR twice IN 1 .. 2 LOOP            -- each word doubled at once, and the whole line doubled
            v_seen := v_seen + 1;
            v_sid := 'CF' || v_seen;
            FOR i IN 1 .. 10 LOOP
                PERFORM leg_fold(v, v_sid, 'CA1', (SELECT status FROM w.words WHERE n = o.line[CASE twice WHEN 1 THEN (i + 1) / 2 ELSE (i - 1) % 5 + 1 END]),
                                 (SELECT at FROM w.words WHERE n = o.line[CASE twice WHEN 1 THEN (i + 1) / 2 ELSE (i - 1) % 5 + 1 END]), NULL, '+12125550000');
            END LOOP;
        END LOOP;
    END LOOP;
    RETURN QUERY SELECT DISTINCT (to_jsonb(l) - 'id' - 'provider_sid')::text FROM legs l WHERE l.provider_sid LIKE 'CF%';
    IF (SELECT count(*) FROM legs WHERE provider_sid LIKE 'CF%') <> 240 THEN RAISE EXCEPTION 'folded less than was said'; END IF;
END $$;
CREATE TABLE w.folded AS SELECT w.fold() AS leg;
SELECT is((SELECT count(*) FROM w.folded), 1::bigint, 'all orders, each word twice: one result');
SELECT is((SELECT leg::jsonb ->> 'status' FROM w.folded LIMIT 1), 'completed', 'completed outranks busy');
SELECT is((SELECT (leg::jsonb ->> 'ended_at')::timestamptz FROM w.folded LIMIT 1), '2026-07-15 12:00:30+00'::timestamptz, 'and ends when it ended');
UPDATE w.words SET status = 'no_answer' WHERE n = 4; DELETE FROM legs WHERE provider_sid LIKE 'CF%'; DELETE FROM w.folded;
INSERT INTO w.folded SELECT w.fold();
SELECT is((SELECT count(*) || ' ' || min(leg::jsonb ->> 'status') FROM w.folded), '1 busy', 'of two equal ends the earlier by the carrier''s clock stays');
UPDATE w.words SET at = '2026-07-15 12:00:04+00' WHERE n = 4; DELETE FROM legs WHERE provider_sid LIKE 'CF%'; DELETE FROM w.folded;
INSERT INTO w.folded SELECT w.fold();
SELECT is((SELECT count(*) FROM w.folded), 1::bigint, 'even when both name the same second');

-- The ranks, in SQL and in C
\set header `grep -E '^ *X\((planned|dialing|ringing|in_progress|canceled|failed|no_answer|busy|completed), *[0-9]+' "$(git rev-parse --show-toplevel 2>/dev/null || echo .)"/include/model/states.h 2>/dev/null | sed -E 's/^ *X\(([a-z_]+), *([0-9]+).*/\1=\2/' | paste -sd, -`
SELECT is((SELECT string_agg(s || '=' || status_rank(s), ',' ORDER BY status_rank(s), array_position(ARRAY['planned', 'dialing', 'ringing', 'in_progress', 'canceled', 'failed', 'no_answer', 'busy', 'completed'], s))
             FROM unnest(ARRAY['planned', 'dialing', 'ringing', 'in_progress', 'canceled', 'failed', 'no_answer', 'busy', 'completed']) s), :'header', 'the same table in both languages');
SELECT is((SELECT string_agg(s, ',' ORDER BY s) FROM regexp_matches((SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'attempts_state_check'), '''([a-z_]+)''', 'g') m, unnest(m) s),
          'accepted,ended,not_placed,perhaps_placed,permitted,refused,unknown', 'the states of an attempt');
SELECT * FROM finish();
ROLLBACK;
