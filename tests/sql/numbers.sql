-- Numbers bought, given back and imported: what the carrier says counts, once, and only for whom it says it.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap SCHEMA public;
\ir world/world.psql
SELECT no_plan();

CREATE FUNCTION w.sid(p_n integer) RETURNS text LANGUAGE sql AS $$ SELECT 'PN' || lpad(p_n::text, 32, '0') $$;
CREATE FUNCTION w.list(VARIADIC p_numbers text[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('sid', w.sid(right(n, 4)::integer), 'number', n, 'type', 'LOCAL', 'purchased_at', '2026-01-01T00:00:00Z')), '[]') FROM unnest(p_numbers) n
$$;
CREATE FUNCTION w.store(p text, p_account uuid, p_list jsonb, p_whole boolean DEFAULT true, p_seconds integer DEFAULT 0) RETURNS text LANGUAGE sql AS $$
    SELECT w.in(p, format('SELECT imported || '' '' || updated || '' '' || total FROM outdial.numbers_store(%L, %L, %L, %L, %s)', w.id(p), p_account, p_list, p_whole, p_seconds))
$$;
CREATE FUNCTION w.order(p_number text, p_key text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT w.in('a', format('SELECT outdial.number_order(%L, %L, ''LOCAL'', %L, NULL, ''user:1'', ''POST'', %L, ''hash'')', w.id('a'), p_number, w.id('a', 10), p_key))
$$;
CREATE FUNCTION w.report(p_id text, p_outcome text) RETURNS text LANGUAGE sql AS $$
    SELECT w.in('a', format('SELECT outdial.number_report(%L, %L, %L, %L, ''LOCAL'', NULL, ''{}'', ''because'')', w.id('a'), p_id, p_outcome, w.sid(7)), 'dialer')
$$;
CREATE FUNCTION w.actions(p_id text) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(action, ' ' ORDER BY seq) FROM audit WHERE object_id = p_id::uuid $$;

-- an order
SELECT w.order('+16065550001', 'k1') AS id \gset
SELECT is((SELECT state || ' ' || (verified_at IS NULL) || ' ' || (settle_at - outdial.now() BETWEEN '38 s' AND '40 s') FROM phone_numbers WHERE id = :'id'), 'buying true true', 'a wish is a row that nobody may show');
SELECT is((SELECT attempt_id::text FROM idempotency WHERE key = 'k1'), :'id', 'the key is bound to it');
SELECT matches(w.order('+16065550001'), '^23505', 'nobody orders it again');
SELECT is(w.report(:'id', 'empty'), 'buying', 'not in the list: once is not enough');
SELECT is((SELECT empty_looks FROM phone_numbers WHERE id = :'id'), 1, 'but remembered');
SELECT is(w.report(:'id', 'empty'), 'buying', 'twice in a minute neither');
SELECT is(w.report(:'id', 'unreachable'), 'buying', 'an answer that does not come says nothing');
SELECT w.ahead('61 seconds') \g /dev/null
SELECT is(w.report(:'id', 'empty'), 'gone', 'twice, a minute apart: it was not bought');
SELECT is((SELECT count(*) FROM phone_numbers WHERE id = :'id'), 0::bigint, 'and there is no row of it');
SELECT is((SELECT count(*) FROM idempotency WHERE key = 'k1'), 1::bigint, 'its key stays bound, and so buys nothing any more');
SELECT is(w.actions(:'id'), 'number.buy number.not_bought', 'the audit tells it');
SELECT w.order('+16065550002', 'k2') AS id \gset
SELECT is(w.report(:'id', 'not_bought'), 'gone', 'a plain refusal');
SELECT is((SELECT count(*) FROM idempotency WHERE key = 'k2'), 0::bigint, 'lets the key go, to be kept with the refusal');
SELECT w.order('+16065550003') AS id \gset
SELECT is(w.report(:'id', 'released'), 'buying', 'what is being bought is not given back');
SELECT is(w.report(:'id', 'bought'), 'owned', 'bought');
SELECT is((SELECT state || provider_sid || (verified_at IS NOT NULL) || coalesce(settle_at::text, '') FROM phone_numbers WHERE id = :'id'), 'owned' || w.sid(7) || 'true', 'is ours, and may be shown');
SELECT is(w.report(:'id', 'empty') || w.report(:'id', 'not_bought') || w.report(:'id', 'released'), 'ownedownedowned', 'late news takes nothing away');
SELECT is(w.in('b', format('SELECT outdial.number_report(%L, %L, ''released'', NULL, NULL, NULL, NULL, NULL)', w.id('a'), :'id')), 'gone', 'nor do strangers');
SELECT is(w.in('b', format('SELECT outdial.number_release(%L, %L)', w.id('a'), :'id')), 'OD404 not_found', 'who cannot give it back either');
SELECT is(w.in('b', format('SELECT outdial.number_order(%L, ''+16065550009'', ''LOCAL'', %L, NULL, NULL, NULL, NULL, NULL)', w.id('b'), w.id('a', 10))), 'OD404 not_found', 'or buy at somebody else''s cost');

-- giving back
SELECT is(w.in('a', format('SELECT outdial.number_release(%L, %L)', w.id('a'), :'id')), 'releasing', 'the carrier is to be asked');
SELECT is(w.report(:'id', 'unknown'), 'releasing', 'no clear answer: asked again');
SELECT is(w.report(:'id', 'kept'), 'owned', 'refused');
SELECT is((SELECT state FROM phone_numbers WHERE id = :'id'), 'owned', 'it stays ours');
SELECT w.in('a', format('SELECT outdial.number_release(%L, %L)', w.id('a'), :'id')) \g /dev/null
SELECT is(w.report(:'id', 'released'), 'gone', 'taken back');
SELECT is((SELECT count(*) FROM phone_numbers WHERE id = :'id'), 0::bigint, 'and no longer there');
SELECT is(w.in('a', format('SELECT outdial.number_release(%L, %L)', w.id('a'), w.id('a', 30))), 'releasing', 'a number nobody uses can go');
UPDATE phone_numbers SET state = 'owned', settle_at = NULL WHERE id = w.id('a', 30);
SELECT w.refusals('+12125551001') \g /dev/null
SELECT is(w.in('a', format('SELECT outdial.number_release(%L, %L)', w.id('a'), w.id('a', 30))), 'OD409 in_use', 'not while a call shows it');
UPDATE attempts SET ended_at = outdial.now(), state = 'ended'; UPDATE conversations SET closed_at = outdial.now(); UPDATE phone_numbers SET campaign_id = w.id('a', 20) WHERE id = w.id('a', 30);
SELECT is(w.in('a', format('SELECT outdial.number_release(%L, %L)', w.id('a'), w.id('a', 30))), 'OD409 in_use', 'nor while its campaign runs');
UPDATE campaigns SET state = 'stopped';
SELECT is(w.in('a', format('SELECT outdial.number_release(%L, %L)', w.id('a'), w.id('a', 30))), 'releasing', 'but afterwards');
SELECT is(w.refusals('+12125551002'), 'caller_id', 'and from then on no call shows it');

-- imports
SELECT is(w.store('a', w.id('a', 10), w.list('+16065550010', '+16065550011')), '2 0 2', 'a list is stored');
SELECT is(w.store('a', w.id('a', 10), w.list('+16065550010', '+16065550010') || '[{"sid":"PNx","number":"+16065550012","type":"LOCAL"},{"sid":null,"number":"5","type":"LOCAL"},{"number":"+16065550013"}]'::jsonb, false), '0 0 5', 'what is no number, or has no id, is left out');
SELECT is(w.store('b', w.id('b', 10), w.list('+16065550010')), '0 0 1', 'a number that another tenant has at another carrier account is not claimed');
SELECT is((SELECT count(*) FROM phone_numbers WHERE tenant_id = w.id('b') AND number = '+16065550010'), 0::bigint, 'by no row at all');
UPDATE provider_accounts SET account_sid = 'ACa' WHERE id = w.id('b', 10);
SELECT is(w.store('b', w.id('b', 10), w.list('+16065550010'), false), '1 0 1', 'tenants that share an account share its numbers');
UPDATE provider_accounts SET account_sid = 'ACb' WHERE id = w.id('b', 10);
SELECT is(w.store('a', w.id('b', 10), w.list('+16065550014')), 'OD404 not_found', 'nobody imports through another tenant''s account');
SELECT w.order('+16065550020') AS id \gset
SELECT w.store('a', w.id('a', 10), w.list('+16065550010')) \g /dev/null
SELECT is((SELECT carrier_gone FROM phone_numbers WHERE number = '+16065550011'), true, 'what a whole list does not have is gone');
SELECT is((SELECT state || carrier_gone FROM phone_numbers WHERE id = :'id'), 'buyingfalse', 'but not what is being bought');
SELECT w.store('a', w.id('a', 10), w.list('+16065550010', '+16065550020')) \g /dev/null
SELECT is((SELECT state || (verified_at IS NOT NULL) FROM phone_numbers WHERE id = :'id'), 'ownedtrue', 'a list that has it has settled the order');
SELECT w.store('a', w.id('a', 10), w.list('+16065550010'), p_seconds => 30) \g /dev/null
SELECT is((SELECT carrier_gone FROM phone_numbers WHERE id = :'id'), false, 'a list that was begun before it was bought cannot know it');
SELECT isnt(w.order('+16065550011'), '23505', 'a number that the carrier took away can be bought again');
SELECT is(w.in('a', 'INSERT INTO outdial.phone_numbers (tenant_id, number, type, provider) VALUES (outdial.tenant(), ''+16065550030'', ''LOCAL'', ''TWILIO'')'), '42501 permission denied for table phone_numbers', 'workers add numbers by these functions alone');
SELECT * FROM finish();
ROLLBACK;
