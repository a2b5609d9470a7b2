-- Outgoing webhooks: what becomes an event, who is lent what, and what comes of it.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap SCHEMA public;
\ir world/world.psql
SELECT no_plan();
UPDATE tenants SET minimum_gap_minutes = 0, window_opens = 0, window_closes = 1440;
UPDATE campaigns SET retries = '{}';

CREATE FUNCTION w.endpoint(p text, p_n integer, p_events text[] DEFAULT NULL) RETURNS uuid LANGUAGE sql AS $$
    INSERT INTO webhook_endpoints (id, tenant_id, url, secret_sealed, events) VALUES (w.id(p, p_n), w.id(p), 'https://example.com/' || p_n, 'sealed', p_events) RETURNING id
$$;
CREATE FUNCTION w.events(p text DEFAULT 'a') RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(type || CASE WHEN type LIKE 'call.%' THEN ' ' || (object ->> 'status') ELSE '' END, ', ' ORDER BY seq), '') FROM webhook_events WHERE tenant_id = w.id(p)
$$;
CREATE FUNCTION w.clear() RETURNS void LANGUAGE sql AS $$ DELETE FROM webhook_events; UPDATE webhook_endpoints SET failures = 0, failing_since = NULL, full_since = NULL, is_active = true, disabled_reason = NULL, disabled_at = NULL $$;
CREATE FUNCTION w.emit(p text, p_count integer DEFAULT 1) RETURNS void LANGUAGE sql AS
$$ SELECT webhook_emit(w.id(p), 'dnc.added', uuid7(), '{}') FROM generate_series(1, p_count) $$;
-- What one dialer is lent in a turn: "endpoint x count", by endpoint.
CREATE FUNCTION w.claim(p_most integer DEFAULT 64) RETURNS text LANGUAGE plpgsql AS $$
DECLARE v text;
BEGIN
    SET LOCAL SESSION AUTHORIZATION dialer;
    SELECT coalesce(string_agg(url || ' x ' || n, ', ' ORDER BY url), 'nothing') INTO v FROM (
        SELECT replace(url, 'https://example.com/', '') AS url, count(*) AS n FROM outdial.webhook_claim(p_most) GROUP BY url) c;
    RESET SESSION AUTHORIZATION;
    RETURN v;
END $$;
-- Settles everything that is lent to an endpoint.
CREATE FUNCTION w.settle(p text, p_n integer, p_status integer) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(DISTINCT w.in(p, format('SELECT outdial.webhook_settle(%L, %L, %L, NULL, 1, ''x'', 100)', w.id(p), id, p_status), 'dialer'), ' ')
      FROM webhook_deliveries WHERE endpoint_id = w.id(p, p_n) AND lent_until IS NOT NULL
$$;
CREATE FUNCTION w.called(p_n integer) RETURNS uuid LANGUAGE plpgsql AS $$
BEGIN
    PERFORM w.lead('a', p_n, '+1212556' || p_n + 1000);
    UPDATE account_pace SET tokens = 100, refilled_at = outdial.now(); UPDATE campaign_pace SET tokens = 100, refilled_at = outdial.now();
    PERFORM w.turn();
    RETURN (SELECT id FROM attempts WHERE lead_id = w.id('a', p_n));
END $$;
CREATE FUNCTION w.report(p uuid, p_outcome text, p_sid text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT w.in('a', format('SELECT outdial.attempt_report(%L, %L, %L, %L, 201, NULL, NULL, 500)', w.id('a'), p, p_outcome, p_sid), 'dialer') $$;
CREATE FUNCTION w.hook(p uuid, p_sid text, p_status text, p_key text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT w.as('api', format('SELECT outdial.hook_status(%L, %L, ARRAY[%L]::uuid[], %L, NULL, %L, %L, NULL, NULL, NULL, NULL, ''{}'')',
                             w.id('a'), p, w.id('a', 10), p_sid, coalesce(p_key, p_sid || p_status), p_status)) $$;

-- Nobody listens: nothing is written, whatever happens
SELECT w.report(w.called(40), 'accepted', 'CA40'), w.hook((SELECT id FROM attempts WHERE lead_id = w.id('a', 40)), 'CA40', 'completed') \g /dev/null
INSERT INTO dnc (tenant_id, phone_e164, source) VALUES (w.id('a'), '+12125550140', 'api');
SELECT w.endpoint('b', 81) \g /dev/null
UPDATE campaigns SET state = 'running' WHERE tenant_id = w.id('a');
SELECT is(w.events(), '', 'no event for a tenant without endpoints, although another one has one');
SELECT w.endpoint('a', 80, '{dnc.added}') \g /dev/null
UPDATE webhook_endpoints SET is_active = false WHERE id = w.id('a', 80);
INSERT INTO dnc (tenant_id, phone_e164, source) VALUES (w.id('a'), '+12125550141', 'api');
SELECT is(w.events(), '', 'nor for one whose endpoint is not active');
UPDATE webhook_endpoints SET is_active = true;
SELECT w.report(w.called(41), 'accepted', 'CA41') \g /dev/null
SELECT is(w.events(), '', 'nor of a kind that none of them wants');
INSERT INTO dnc (tenant_id, phone_e164, source) VALUES (NULL, '+12125550142', 'command');
SELECT is(w.events(), '', 'the platform''s list is nobody''s event');

-- A call, said in every order, once each
UPDATE webhook_endpoints SET events = NULL WHERE id = w.id('a', 80);
CREATE TABLE w.c AS SELECT w.called(42) AS id;
SELECT is(w.events(), '', 'a permit is not yet a call');
SELECT w.hook(id, 'CA42', 'ringing') FROM w.c \g /dev/null
SELECT is(w.events(), 'call.started dialing, call.ringing ringing', 'a webhook that comes before the answer starts the call');
SELECT w.report(id, 'accepted', 'CA42') FROM w.c \g /dev/null
SELECT w.hook(id, 'CA42', 'ringing', 'again'), w.hook(id, 'CA42', 'dialing') FROM w.c \g /dev/null
SELECT is(w.events(), 'call.started dialing, call.ringing ringing', 'what is late or repeated is no news');
SELECT w.hook(id, 'CA42', 'in_progress'), w.hook(id, 'CA42', 'completed') FROM w.c \g /dev/null
SELECT alike(w.events(), 'call.started dialing, call.ringing ringing, call.answered in_progress, %call.completed completed%', 'answered, completed');
SELECT is((SELECT count(*) FROM webhook_events WHERE type = 'call.completed'), 1::bigint, 'one end');
SELECT is((SELECT object ->> 'outcome' FROM webhook_events WHERE type = 'call.completed'), 'answered', 'with its outcome, in one message');
SELECT w.clear() \g /dev/null
CREATE TABLE w.u AS SELECT w.called(43) AS id;
SELECT w.clear(), w.report(id, 'unknown') FROM w.u \g /dev/null
SELECT is(w.events(), 'call.updated unknown', 'an unclear answer is an update');
SELECT w.report(id, 'refused') FROM w.u \g /dev/null
SELECT alike(w.events(), 'call.updated unknown, %call.completed failed%', 'a refused call has ended');
SELECT is_empty($$ SELECT FROM webhook_events v WHERE (SELECT count(*) FROM webhook_deliveries d WHERE d.tenant_id = v.tenant_id AND d.event_seq = v.seq) <> 1 $$, 'one delivery each');

-- Places: eight for an endpoint, thirty-two for a tenant, in turns round the tenants
SELECT w.clear(), w.emit('a', 20), w.emit('b', 20) \g /dev/null
SELECT is(w.claim(10), '80 x 5, 81 x 5', 'two tenants share what there is');
SELECT is(w.claim(), '80 x 3, 81 x 3', 'up to eight for each endpoint');
SELECT is(w.claim(), 'nothing', 'and no more while those are under way');
SELECT is(w.settle('a', 80, 200), 'delivered', 'delivered');
SELECT is(w.claim(), '80 x 8', 'places that are free again are taken, the other one''s are still busy');
SELECT w.clear(), w.endpoint('a', 82), w.endpoint('a', 83), w.endpoint('a', 84), w.endpoint('a', 85) \g /dev/null
SELECT w.emit('a', 20), w.emit('b', 1) \g /dev/null
SELECT matches(w.claim(40), '^80 x [67], 81 x 1, 82 x [67], 83 x [67], 84 x [67], 85 x [67]$', 'five endpoints of a tenant have thirty-two places together');
SELECT is((SELECT count(*) FROM webhook_deliveries WHERE tenant_id = w.id('a') AND lent_until IS NOT NULL), 32::bigint, 'thirty-two');
DELETE FROM webhook_endpoints WHERE id IN (w.id('a', 82), w.id('a', 83), w.id('a', 84), w.id('a', 85));
UPDATE tenants SET status = 'suspended' WHERE id = w.id('b');
SELECT w.clear(), w.emit('b') \g /dev/null
SELECT is(w.claim(), 'nothing', 'a suspended tenant''s wait');
UPDATE tenants SET status = 'active';

-- A lease that runs out
SELECT w.clear(), w.emit('a') \g /dev/null
SELECT is(w.claim(), '80 x 1', 'lent');
SELECT w.ahead('29 seconds') \g /dev/null
SELECT is(w.claim(), 'nothing', 'as long as the lease lives, to nobody else');
SELECT w.ahead('2 seconds') \g /dev/null
SELECT is(w.claim(), '80 x 1', 'then it is sent again');
SELECT is((SELECT attempts FROM webhook_deliveries), 2, 'for the second time');
SELECT is(w.settle('a', 80, 204), 'delivered', '204 is as good');
SELECT is(w.in('a', format('SELECT outdial.webhook_settle(%L, %L, 500, NULL, 1, NULL, 100)', w.id('a'), id), 'dialer'), 'settled', 'what the first sender says afterwards changes nothing')
  FROM webhook_deliveries;
SELECT is(w.in('b', format('SELECT outdial.webhook_settle(%L, %L, 500, NULL, 1, NULL, 100)', w.id('a'), id), 'dialer'), 'gone', 'another tenant''s delivery is nobody''s')
  FROM webhook_deliveries;

-- Failures
SELECT w.clear(), w.emit('a', 30) \g /dev/null
SELECT is(w.claim(), '80 x 8', 'eight are tried');
SELECT is(w.settle('a', 80, 500), 'waiting', 'eight fail');
SELECT is(w.claim(), '80 x 1', 'from then on one at a time');
SELECT is(w.settle('a', 80, NULL), 'waiting', 'no answer is a failure');
SELECT ok(bool_and(due_at - outdial.now() BETWEEN interval '3.9 seconds' AND interval '6 seconds'), 'the second try is five seconds later, more or less')
  FROM webhook_deliveries WHERE attempts = 1;
SELECT is((SELECT count(*) FROM webhook_deliveries WHERE due_at > outdial.now()), 9::bigint, 'nine wait for theirs');
SELECT is(w.claim(), '80 x 1', 'the next one');
SELECT is(w.settle('a', 80, 200), 'delivered', 'is taken');
SELECT is((SELECT count(*) FROM webhook_deliveries WHERE due_at > outdial.now() AND state = 'waiting'), 0::bigint, 'so nobody waits any longer');
SELECT is((SELECT failures::text || coalesce(failing_since::text, ' -') FROM webhook_endpoints WHERE id = w.id('a', 80)), '0 -', 'all is well again');
SELECT is(w.claim(), '80 x 8', 'eight at a time');
SELECT set_eq($$ SELECT extract(epoch FROM webhook_backoff(n)) FROM generate_series(1, 12) n $$, ARRAY[5, 30, 120, 600, 1800, 3600, 10800, 21600]::numeric[], 'the waits grow to six hours');
SELECT w.clear(), w.emit('a') \g /dev/null
DO $$ BEGIN
    FOR i IN 1 .. 11 LOOP PERFORM w.claim(), w.settle('a', 80, 503); UPDATE webhook_deliveries SET due_at = outdial.now() WHERE state = 'waiting'; END LOOP;
END $$;
SELECT is((SELECT state || attempts FROM webhook_deliveries), 'waiting11', 'tries alone do not end it');
SELECT w.ahead('27 hours'), w.claim(), w.settle('a', 80, 503), w.ahead('61 minutes') \g /dev/null
UPDATE webhook_deliveries SET due_at = outdial.now();
SELECT w.claim() \g /dev/null
SELECT is(w.settle('a', 80, 503), 'failed', 'a day and some hours do');
SELECT is(w.in('a', format('SELECT outdial.webhook_redeliver(%L, %L, %L)', w.id('a'), w.id('a', 80), id)), '', 'until somebody asks for it') FROM webhook_deliveries;
SELECT is(w.claim(), '80 x 1', 'then it goes out again');
SELECT is(w.settle('a', 80, 410), 'waiting', '410');
SELECT is((SELECT is_active FROM webhook_endpoints WHERE id = w.id('a', 80)), false, 'ends the endpoint');
SELECT is((SELECT count(*) FROM audit WHERE tenant_id = w.id('a') AND action = 'webhook.disabled' AND principal = 'dialer'), 1::bigint, 'and is in the audit');
SELECT is(w.in('a', format('SELECT outdial.webhook_redeliver(%L, %L, %L)', w.id('a'), w.id('a', 80), id)), 'OD409 endpoint_inactive', 'nothing is redelivered to it') FROM webhook_deliveries;
SELECT w.clear(), w.emit('a') \g /dev/null
UPDATE webhook_endpoints SET failures = 19, failing_since = outdial.now() - interval '6 days' WHERE id = w.id('a', 80);
SELECT w.claim(), w.settle('a', 80, 500) \g /dev/null
SELECT is((SELECT is_active FROM webhook_endpoints WHERE id = w.id('a', 80)), true, 'six days, but only twenty failures');
UPDATE webhook_deliveries SET due_at = outdial.now();
SELECT w.claim(), w.settle('a', 80, 500) \g /dev/null
SELECT is((SELECT is_active FROM webhook_endpoints WHERE id = w.id('a', 80)), false, 'and one more');

-- A dialer that stops
SELECT w.clear(), w.emit('a') \g /dev/null
SELECT is(w.claim(), '80 x 1', 'lent');
SELECT w.as('dialer', format('SELECT outdial.webhook_return(ARRAY[%L]::uuid[])', id)) FROM webhook_deliveries \g /dev/null
SELECT is((SELECT state || attempts || (lent_until IS NULL) || (due_at <= outdial.now()) FROM webhook_deliveries), 'waiting0truetrue', 'what it gives back has not been tried');
SELECT is(w.claim(), '80 x 1', 'and is lent again at once');
SELECT is(w.settle('a', 80, 200), 'delivered', 'told');
SELECT w.as('dialer', format('SELECT outdial.webhook_return(ARRAY[%L]::uuid[])', id)) FROM webhook_deliveries \g /dev/null
SELECT is((SELECT state || attempts FROM webhook_deliveries), 'delivered1', 'what is settled stays so');
SELECT is(w.in('a', 'SELECT outdial.webhook_return(ARRAY[uuid7()])'), '42501 permission denied for function webhook_return', 'only a dialer has something to give back');

-- A full queue, and old things
SELECT w.clear(), w.emit('a', 10), w.emit('b', 3) \g /dev/null
SELECT is(w.as('dialer', 'SELECT outdial.webhook_tend(10)'), '1', 'a tenant''s queue is full');
SELECT w.emit('a') \g /dev/null
SELECT is((SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = w.id('a', 80)), 10::bigint, 'nothing more is queued');
SELECT is((SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = w.id('b', 81)), 3::bigint, 'the other one''s is its own');
SELECT w.claim(), w.settle('a', 80, 200) \g /dev/null
SELECT is(w.as('dialer', 'SELECT outdial.webhook_tend(10)'), '1', 'it opens again');
SELECT w.emit('a') \g /dev/null
SELECT is((SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = w.id('a', 80)), 11::bigint, 'and takes more');
SELECT w.ahead('31 days') \g /dev/null
SELECT is(w.as('dialer', 'SELECT outdial.webhook_tend(10)'), '0', 'a month later');
SELECT is((SELECT count(*) FROM webhook_events) + (SELECT count(*) FROM webhook_deliveries), 0::bigint, 'it is forgotten');

-- Who may call what
SELECT is(w.as('api', 'SELECT count(*) FROM outdial.webhook_claim(1)'), '42501', 'a worker cannot claim');
SELECT is(w.in('a', format('SELECT outdial.webhook_settle(%L, uuid7(), 200, NULL, 1, NULL, 100)', w.id('a'))), '42501 permission denied for function webhook_settle', 'nor settle');
SELECT is(w.in('a', format('SELECT outdial.webhook_emit(%L, ''dnc.added'', uuid7(), ''{}'')', w.id('a'))), '42501 permission denied for function webhook_emit', 'nor make an event');
SELECT is(w.in('b', format('SELECT outdial.webhook_test(%L, %L)', w.id('a'), w.id('a', 80))), 'OD404 not_found', 'nor test another tenant''s endpoint');
SELECT is(w.in('b', format('SELECT outdial.webhook_test(%L, %L)', w.id('b'), w.id('a', 80))), 'OD404 not_found', 'however it asks');
SELECT * FROM finish();
ROLLBACK;
