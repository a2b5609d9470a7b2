-- Who may come in: enter(), refresh tokens, the throttle of logins, keys, links for a first password.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap SCHEMA public;
\ir world/world.psql
SELECT no_plan();

-- enter() and who one is afterwards
CREATE FUNCTION w.enter(p_tenant uuid, p_principal text, p_epoch bigint, p_token text, p_role text, p_as text DEFAULT 'api') RETURNS text LANGUAGE sql AS $$
    SELECT w.as(p_as, format('WITH e AS MATERIALIZED (SELECT outdial.enter(%L, %L, %L, %L, %L)) SELECT CASE WHEN e.enter IS NULL THEN ''?'' ELSE ''in'' END FROM e',
                             p_tenant, p_principal, p_epoch, p_token, p_role))
$$;
SELECT is(w.enter(w.id('a'), 'user:' || w.id('a', 1), 1, NULL, 'owner'), 'in', 'a user of the tenant');
SELECT is(w.enter(w.id('a'), 'user:' || w.id('a', 1), 1, 'token', 'viewer'), 'in', 'with a role below the own');
SELECT is(w.enter(w.id('a'), 'user:' || w.id('a', 1), 0, NULL, 'owner'), 'OD401 token_revoked', 'an epoch that is over');
SELECT is(w.enter(w.id('a'), 'user:' || w.id('a', 1), 2, NULL, 'owner'), 'OD401 token_revoked', 'an epoch that has not begun');
SELECT is(w.enter(w.id('a'), 'user:' || w.id('a', 1), NULL, NULL, 'owner'), 'OD401 token_revoked', 'no epoch is not every epoch');
SELECT is(w.enter(w.id('a'), 'user:' || w.id('a', 2), 1, NULL, 'owner'), 'OD401 token_revoked', 'a role above the own');
SELECT is(w.enter(w.id('a'), 'user:' || w.id('a', 2), 1, NULL, 'king'), 'OD401 token_revoked', 'a role that does not exist');
SELECT is(w.enter(w.id('a'), 'user:' || w.id('a', 2), 1, NULL, NULL), 'OD401 token_revoked', 'no role');
SELECT is(w.enter(w.id('b'), 'user:' || w.id('a', 1), 1, NULL, 'owner'), 'OD404 not_found', 'another tenant is absent');
SELECT is(w.enter(w.id('c'), 'user:' || w.id('a', 1), 1, NULL, 'owner'), 'OD404 not_found', 'and so is one that never was: the same answer');
SELECT is(w.enter(w.id('a'), 'user:' || w.id('a', 9), 1, NULL, 'owner'), 'OD401 token_revoked', 'a user that is gone');
SELECT is(w.enter(NULL, 'user:' || w.id('a', 1), 1, NULL, 'owner'), 'OD404 not_found', 'nobody is signed in without a tenant');
SELECT is(w.enter(w.id('a'), NULL, 1, NULL, 'owner'), 'OD401 unauthorized', 'nobody');
SELECT is(w.enter(w.id('a'), '', 1, NULL, 'owner'), 'OD401 unauthorized', 'an empty principal');
SELECT is(w.enter(w.id('a'), 'user', 1, NULL, 'owner'), '22P02', 'a principal without an id');
SELECT is(w.enter(w.id('a'), 'root:' || w.id('a', 1), 1, NULL, 'owner'), 'OD401 unauthorized', 'an unknown kind');
SELECT is(w.enter(w.id('a'), 'dialer', NULL, NULL, NULL), 'OD401 unauthorized', 'api is no dialer');
SELECT is(w.enter(w.id('a'), 'command', NULL, NULL, NULL), 'OD401 unauthorized', 'api is no operator');
SELECT is(w.enter(w.id('a'), 'dialer', NULL, NULL, NULL, 'dialer'), 'in', 'a dialer is');
SELECT is(w.enter(w.id('a'), 'command', NULL, NULL, NULL, 'dialer'), 'OD401 unauthorized', 'a dialer is no operator');
SELECT is(w.enter(w.id('a'), 'dialer', NULL, NULL, NULL, 'events'), 'OD401 unauthorized', 'events is no dialer');
SELECT is(w.enter(w.id('a'), 'command', NULL, NULL, NULL, 'owner'), 'in', 'the operator');

UPDATE users SET status = 'disabled' WHERE id = w.id('a', 2);
SELECT is(w.enter(w.id('a'), 'user:' || w.id('a', 2), 1, NULL, 'viewer'), 'OD401 token_revoked', 'a disabled user');
UPDATE users SET status = 'active' WHERE id = w.id('a', 2);
SELECT w.as('api', 'SELECT outdial.session_end(''dead'', outdial.now() + interval ''15 minutes'', NULL)') \g /dev/null
SELECT is(w.enter(w.id('a'), 'user:' || w.id('a', 1), 1, 'dead', 'owner'), 'OD401 token_revoked', 'a token that was logged out');
SELECT is(w.enter(w.id('a'), 'user:' || w.id('a', 1), 1, 'alive', 'owner'), 'in', 'and not the others');

-- Keys
SELECT is(w.enter(w.id('a'), 'key:' || w.id('a', 3), 1, NULL, 'manager'), 'in', 'a key');
SELECT is(w.enter(w.id('a'), 'key:' || w.id('a', 3), 1, NULL, 'owner'), 'OD401 key_revoked', 'a key above its role');
SELECT is(w.enter(w.id('a'), 'key:' || w.id('a', 3), NULL, NULL, 'manager'), 'OD401 key_revoked', 'a key without an epoch');
SELECT is(w.enter(w.id('b'), 'key:' || w.id('a', 3), 1, NULL, 'manager'), 'OD401 key_revoked', 'a key of another tenant');
SELECT is(w.enter(NULL, 'key:' || w.id('a', 3), 1, NULL, 'manager'), 'OD401 key_revoked', 'no key opens the platform');
SELECT is(w.as('api', 'SELECT id FROM outdial.key_by_hash(''keyhash-a'')'), w.id('a', 3)::text, 'found by its hash');
SELECT is(w.as('api', 'SELECT id FROM outdial.key_by_hash(''keyhash-x'')'), NULL, 'not found by another');
UPDATE api_keys SET revoked_at = outdial.now() WHERE id = w.id('a', 3);
SELECT is(w.enter(w.id('a'), 'key:' || w.id('a', 3), 1, NULL, 'manager'), 'OD401 key_revoked', 'a revoked key');
SELECT is(w.as('api', 'SELECT id FROM outdial.key_by_hash(''keyhash-a'')'), NULL, 'is not found either');

-- Suspension
UPDATE tenants SET status = 'suspended' WHERE id = w.id('a');
SELECT is(w.enter(w.id('a'), 'user:' || w.id('a', 1), 1, NULL, 'owner'), 'OD403 tenant_suspended', 'a suspended tenant');
SELECT is(w.enter(w.id('a'), 'dialer', NULL, NULL, NULL, 'dialer'), 'in', 'its calls are still brought to their end');
UPDATE tenants SET status = 'active' WHERE id = w.id('a');
UPDATE users SET is_platform = true WHERE id = w.id('a', 1);
SELECT is(w.in('a', 'SELECT count(*) > 1 FROM outdial.platform_tenants(10, NULL)'), 'true', 'a platform administrator sees every tenant');
SELECT is(w.enter(w.id('b'), 'user:' || w.id('a', 1), 1, NULL, 'owner'), 'OD404 not_found', 'gives no entry into another tenant');
UPDATE users SET is_platform = false WHERE id = w.id('a', 1);
SELECT is(w.in('a', 'SELECT count(*) FROM outdial.platform_tenants(10, NULL)'), 'OD403 forbidden', 'and nobody else');

-- The seal: settings copied, cut differently, or made up open nothing
CREATE FUNCTION w.forge(p_settings text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE v text;
BEGIN
    SET LOCAL SESSION AUTHORIZATION api;
    PERFORM outdial.enter(w.id('a'), 'user:' || w.id('a', 1), 1, NULL, 'owner');
    EXECUTE p_settings;
    SELECT coalesce(outdial.tenant()::text, '-') || ' ' || coalesce(outdial.principal(), '-') || ' ' || (SELECT count(*) FROM outdial.leads) INTO v;
    RESET SESSION AUTHORIZATION;
    RETURN v;
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE;
END $$;
SELECT w.lead('a', 40, '+12125552040'), w.lead('b', 40, '+12125552040') \g /dev/null
SELECT is(w.forge(''), w.id('a') || ' user:' || w.id('a', 1) || ' 1', 'entered: one''s own');
SELECT is(w.forge(format('SELECT set_config(''outdial.tenant'', %L, true)', w.id('b'))), '- - 0', 'another tenant under the old seal');
SELECT is(w.forge('SELECT set_config(''outdial.principal'', ''command'', true)'), '- - 0', 'another principal under the old seal');
SELECT is(w.forge('SELECT set_config(''outdial.seal'', '''', true)'), '- - 0', 'no seal');
SELECT is(w.forge('SELECT set_config(''outdial.tenant'', '''', true)'), '- - 0', 'no tenant');
SELECT is(w.forge(format('SELECT outdial.enter(%1$L, %2$L, 1, NULL, ''owner''), set_config(''outdial.tenant'', %3$L, true), set_config(''outdial.principal'', ''command'', true)',
                         w.id('a'), 'user:' || w.id('a', 1) || ':x|command', w.id('a') || '|user:' || w.id('a', 1) || ':x')), '- - 0',
          'a principal that reads as the end of a tenant''s name and the beginning of another principal');
SELECT is(w.as('api', format('SELECT outdial.seal_of('''', %L, ''command'')', w.id('b'))), '42501', 'api cannot make seals');
SELECT is(w.as('api', 'SELECT key FROM outdial.seal_key'), '42501', 'nor read what they are made with');
SELECT is(has_table_privilege('gate', 'outdial.seal_key', 'UPDATE'), false, 'nor can anybody change it');

-- Refresh tokens
CREATE FUNCTION w.refresh(p_old text, p_new text) RETURNS text LANGUAGE sql AS
$$ SELECT w.as('api', format('SELECT coalesce((SELECT r.id::text FROM outdial.session_refresh(%L, %L, 30) r), ''no'')', p_old, p_new)) $$;
CREATE FUNCTION w.session(p_hash text) RETURNS text LANGUAGE sql AS
$$ SELECT w.in('a', format('SELECT outdial.session_start(%L, 1, %L, 30)', w.id('a', 1), p_hash)) $$;
SELECT w.session('r1') \g /dev/null
SELECT is(w.refresh('r1', 'r2'), w.id('a', 1)::text, 'a refresh token works');
SELECT is(w.refresh('r2', 'r3'), w.id('a', 1)::text, 'and so does its successor');
SELECT is(w.refresh('r1', 'x1'), 'no', 'a token that was used is refused');
SELECT is(w.refresh('r3', 'r4'), 'no', 'and its family is over: the thief is out, and so is the owner');
SELECT is((SELECT count(*) FROM refresh_tokens WHERE token_hash IN ('x1', 'r4')), 0::bigint, 'nothing was handed out');
SELECT w.session('s1') \g /dev/null
SELECT is(w.refresh('nonsense', 'x2'), 'no', 'a token nobody made');
SELECT is(w.refresh('s1', 's2'), w.id('a', 1)::text, 'another family lives');
SELECT w.as('api', 'SELECT outdial.session_end(NULL, NULL, ''s2'')') \g /dev/null
SELECT is(w.refresh('s2', 's3'), 'no', 'logout ends the family');
SELECT w.session('t1') \g /dev/null
UPDATE users SET epoch = 2 WHERE id = w.id('a', 1);
SELECT is(w.refresh('t1', 't2'), 'no', 'an older epoch is dead');
UPDATE users SET epoch = 1 WHERE id = w.id('a', 1);
SELECT w.session('u1') \g /dev/null
SELECT w.ahead('31 days') \g /dev/null
SELECT is(w.refresh('u1', 'u2'), 'no', 'a token past its days');
SELECT w.session('v1') \g /dev/null
UPDATE tenants SET status = 'suspended' WHERE id = w.id('a');
SELECT is(w.refresh('v1', 'v2'), 'no', 'a suspended tenant''s token');
UPDATE tenants SET status = 'active' WHERE id = w.id('a');
SELECT is(w.refresh('v1', 'v2'), w.id('a', 1)::text, 'lives again with the tenant');
SELECT w.in('b', format('SELECT outdial.session_end_all(%L)', w.id('a', 1))) \g /dev/null
SELECT is(w.refresh('v2', 'v3'), w.id('a', 1)::text, 'nobody ends another''s sessions');
SELECT w.in('a', format('SELECT outdial.session_end_all(%L)', w.id('a', 1))) \g /dev/null
SELECT is(w.refresh('v3', 'v4'), 'no', 'oneself ends them all');
SELECT w.in('b', format('SELECT outdial.session_start(%L, 1, ''stolen'', 30)', w.id('a', 1))) \g /dev/null
SELECT is((SELECT count(*) FROM refresh_tokens WHERE token_hash = 'stolen'), 0::bigint, 'nobody starts a session for another');

-- Logins: ten failures of a minute are told, and forgotten
SELECT is((SELECT count(coalesce(w.as('api', 'SELECT outdial.login_failed(''OWNER@a.test'')'), '')) FROM generate_series(1, 10)), 10::bigint, 'ten failures');
SELECT is(w.as('api', 'SELECT failures FROM outdial.login_find(''owner@A.test'')'), '10', 'are counted, however the address is written');
SELECT is(w.as('api', 'SELECT failures FROM outdial.login_find(''owner@b.test'')'), '0', 'for that address alone');
SELECT is((SELECT count(coalesce(w.as('api', 'SELECT outdial.login_failed(''nobody@x.test'')'), '')) FROM generate_series(1, 10)), 10::bigint, 'ten failures of somebody who is not here');
SELECT is(w.as('api', 'SELECT failures || coalesce(id::text, '' nobody'') FROM outdial.login_find(''nobody@x.test'')'), '10 nobody', 'are counted alike');
SELECT w.ahead('61 seconds') \g /dev/null
SELECT is(w.as('api', 'SELECT failures FROM outdial.login_find(''owner@a.test'')'), '0', 'a minute later they are over');
SELECT w.as('api', 'SELECT outdial.login_failed(''owner@a.test'')') \g /dev/null
SELECT w.session('w1') \g /dev/null
SELECT is(w.as('api', 'SELECT failures FROM outdial.login_find(''owner@a.test'')'), '0', 'a good login forgets them');
SELECT is((SELECT count(*) FROM login_failures WHERE email_hash LIKE '%@%'), 0::bigint, 'addresses are not kept in clear');

-- A link for the first password
INSERT INTO setup_links (token_hash, tenant_id, user_id, expires_at) VALUES ('link', w.id('a'), w.id('a', 2), outdial.now() + interval '1 day'), ('late', w.id('a'), w.id('a', 2), outdial.now() - interval '1 s');
SELECT w.in('a', format('SELECT outdial.session_start(%L, 1, ''before'', 30)', w.id('a', 1))) \g /dev/null
SELECT is(w.as('api', 'SELECT user_id FROM outdial.setup_finish(''late'', ''new'')'), NULL, 'a link past its day');
SELECT is(w.as('api', 'SELECT epoch FROM outdial.setup_finish(''link'', ''new'')'), '2', 'a link sets the password and ends every session');
SELECT is(w.as('api', 'SELECT epoch FROM outdial.setup_finish(''link'', ''newer'')'), NULL, 'once');
SELECT is((SELECT password_hash FROM users WHERE id = w.id('a', 2)), 'new', 'the first password stays');
SELECT is(w.as('api', 'SELECT count(*) FROM outdial.setup_links'), '42501', 'api cannot read links');
SELECT * FROM finish();
ROLLBACK;
