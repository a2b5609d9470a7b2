-- Beside a password: networks, second factors, sessions, and tokens of other issuers.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap SCHEMA public;
\ir world/world.psql
SELECT no_plan();

CREATE FUNCTION w.enter_from(p_tenant uuid, p_principal text, p_role text, p_address text, p_as text DEFAULT 'api') RETURNS text LANGUAGE sql AS $$
    SELECT w.as(p_as, format('WITH e AS MATERIALIZED (SELECT outdial.enter(%L, %L, 1, NULL, %L, %L)) SELECT CASE WHEN e.enter IS NULL THEN ''?'' ELSE ''in'' END FROM e',
                             p_tenant, p_principal, p_role, p_address))
$$;

-- Networks
UPDATE tenants SET allowed_networks = '{192.0.2.0/24,2001:db8::/32}' WHERE id = w.id('a');
SELECT is(w.enter_from(w.id('a'), 'user:' || w.id('a', 1), 'owner', '192.0.2.77'), 'in', 'from a network of the list');
SELECT is(w.enter_from(w.id('a'), 'user:' || w.id('a', 1), 'owner', '2001:db8::1'), 'in', 'from the other one');
SELECT is(w.enter_from(w.id('a'), 'user:' || w.id('a', 1), 'owner', '192.0.3.1'), 'OD403 address_not_allowed', 'from elsewhere');
SELECT is(w.enter_from(w.id('a'), 'user:' || w.id('a', 1), 'owner', NULL), 'OD403 address_not_allowed', 'from nowhere that is known');
SELECT is(w.enter_from(w.id('a'), 'key:' || w.id('a', 3), 'manager', '198.51.100.1'), 'OD403 address_not_allowed', 'a key from elsewhere');
SELECT is(w.enter_from(w.id('a'), 'user:' || w.id('a', 1), 'king', '198.51.100.1'), 'OD401 token_revoked', 'a dead credential is told that first');
SELECT is(w.enter_from(w.id('b'), 'user:' || w.id('a', 1), 'owner', '198.51.100.1'), 'OD404 not_found', 'another tenant is absent, wherever from');
SELECT is(w.enter_from(w.id('a'), 'dialer', NULL, NULL, 'dialer'), 'in', 'programs of the installation come from nowhere');
UPDATE users SET is_platform = true WHERE id = w.id('a', 1);
SELECT is(w.enter_from(w.id('a'), 'user:' || w.id('a', 1), 'owner', '198.51.100.1'), 'OD403 address_not_allowed', 'nor is the platform a way around');
UPDATE users SET is_platform = false WHERE id = w.id('a', 1);
SELECT throws_ok('UPDATE tenants SET allowed_networks = ''{}''', '23514', NULL, 'an empty list would be nobody');
UPDATE tenants SET allowed_networks = NULL;

-- Second factors
SELECT is(w.in('a', 'SELECT outdial.totp_begin(''sealed 1'')'), 'true', 'begun');
SELECT is(w.in('a', 'SELECT outdial.totp_begin(''sealed 2'')'), 'true', 'begun anew');
SELECT is(w.in('a', 'SELECT outdial.totp_confirm(''sealed 1'', 100, ''{h1,h2}'')'), 'false', 'the replaced secret confirms nothing');
SELECT is(w.as('api', 'SELECT coalesce(totp_sealed, ''none'') FROM outdial.login_find(''owner@a.test'')'), 'none', 'what is not confirmed is not asked for');
SELECT is(w.in('a', 'SELECT outdial.totp_confirm(''sealed 2'', 100, ''{h1,h2}'')'), 'true', 'confirmed');
SELECT is(w.in('a', 'SELECT outdial.totp_confirm(''sealed 2'', 101, ''{h3}'')'), 'false', 'once');
SELECT is(w.in('a', 'SELECT outdial.totp_begin(''sealed 3'')'), 'false', 'and not replaced by beginning anew');
SELECT is(w.as('api', 'SELECT totp_sealed FROM outdial.login_find(''owner@a.test'')'), 'sealed 2', 'asked for at the next login');
SELECT is(w.in('a', 'SELECT outdial.totp_spend(100, NULL)'), 'false', 'the step that confirmed is spent');
SELECT is(w.in('a', 'SELECT outdial.totp_spend(102, NULL)'), 'true', 'a later one is not');
SELECT is(w.in('a', 'SELECT outdial.totp_spend(101, NULL)'), 'false', 'an earlier one is');
SELECT is(w.in('a', 'SELECT outdial.totp_spend(0, ''h1'')'), 'true', 'a recovery code');
SELECT is(w.in('a', 'SELECT outdial.totp_spend(0, ''h1'')'), 'false', 'once');
SELECT is(w.in('b', 'SELECT outdial.totp_spend(0, ''h2'')'), 'false', 'somebody else''s');
SELECT is(w.as('api', 'SELECT count(*) FROM outdial.totp_find()'), '0', 'nobody has none');
SELECT is(w.in('b', format('SELECT outdial.totp_remove(%L)', w.id('a', 1))), 'false', 'not removed from another tenant');
SELECT is(w.in('a', format('SELECT outdial.totp_remove(%L)', w.id('a', 1))), 'true', 'removed');
SELECT is((SELECT count(*) FROM recovery_codes), 0::bigint, 'with its recovery codes');
SELECT is((SELECT totp_enabled FROM users WHERE id = w.id('a', 1)), false, 'and the user says so');

-- Sessions
SELECT w.in('a', format('SELECT outdial.session_start(%L, 1, ''t1'', 30, ''Firefox'', ''192.0.2.77'')', w.id('a', 1))) \g /dev/null
SELECT w.in('a', format('SELECT outdial.session_start(%L, 1, ''t2'', 30, NULL, ''2001:db8:1:2::3'')', w.id('a', 1))) \g /dev/null
SELECT is(w.in('a', format('SELECT string_agg(concat_ws('' '', agent, network, current), '', '' ORDER BY current DESC) FROM outdial.session_list(%L, ''t1'')', w.id('a', 1))),
          'Firefox 192.0.2.0/24 t, 2001:db8:1::/48 f', 'show a network, not an address');
SELECT is(w.in('a', format('SELECT outdial.session_drop(%L, NULL, ''t1'')', w.id('a', 1))), '1', 'all the others end');
SELECT is((SELECT count(*) FROM denied_tokens WHERE token_id = 't2'), 1::bigint, 'and so does their access token');
SELECT is(w.in('a', format('SELECT count(*) FROM outdial.session_list(%L, NULL)', w.id('a', 1))), '1', 'one is left');
UPDATE users SET epoch = 2 WHERE id = w.id('a', 1);
SELECT ok((SELECT epoch_at IS NOT NULL FROM users WHERE id = w.id('a', 1)), 'a raised epoch leaves its date');
UPDATE users SET epoch = 1, epoch_at = NULL WHERE id = w.id('a', 1);

-- Other issuers
INSERT INTO identity_providers (id, tenant_id, name, issuer, audience, algorithm, public_key, default_role, role_map)
VALUES (w.id('a', 80), w.id('a'), 'A', 'https://i.example', 'app', 'RS256', 'PEM', 'viewer', '{"staff": "manager"}'),
       (w.id('b', 80), w.id('b'), 'B', 'https://i.example', 'app', 'RS256', 'PEM', 'owner', '{}');
UPDATE users SET role = 'manager' WHERE id = w.id('a', 2);
CREATE FUNCTION w.external(p text, p_subject text, p_email text, p_role text, p_at timestamptz DEFAULT outdial.now()) RETURNS text LANGUAGE sql AS $$
    SELECT w.as('api', format('SELECT coalesce((SELECT x.id || '' '' || x.role FROM outdial.external_user(%L, %L, %L, %L, %L) x), ''nobody'')', w.id(p, 80), p_subject, p_email, p_at, p_role))
$$;
CREATE FUNCTION w.email(p text, n integer) RETURNS text LANGUAGE sql AS $$ SELECT email FROM users WHERE id = w.id(p, n) $$;
SELECT is(w.as('api', 'SELECT string_agg(name, '''') FROM outdial.providers_of(''https://i.example'', ''{x,app}'', NULL)'), 'AB', 'two tenants may trust one issuer');
SELECT is(w.as('api', format('SELECT string_agg(name, '''') FROM outdial.providers_of(''https://i.example'', ''{app}'', %L)', w.id('b'))), 'BA', 'the one that is asked for comes first');
SELECT is(w.external('a', 's2', NULL, 'viewer'), 'nobody', 'an unknown subject');
SELECT is(w.external('a', 's2', w.email('a', 2), 'viewer'), w.id('a', 2) || ' viewer', 'by a verified address, with the mapped role');
SELECT is(w.external('a', 's2', NULL, 'manager'), w.id('a', 2) || ' manager', 'from then on by the subject');
SELECT is(w.external('b', 's2', NULL, 'viewer'), 'nobody', 'which is nobody in another tenant');
SELECT is(w.external('b', 's2', w.email('a', 2), 'viewer'), 'nobody', 'nor is the address');
SELECT is(w.external('a', 's2', NULL, 'owner'), 'nobody', 'a role above what the provider may give');
SELECT is(w.external('a', 's2', NULL, NULL), 'nobody', 'no role');
SELECT is(w.external('a', 's1', w.email('a', 1), 'viewer'), 'nobody', 'a user above what the provider may give');
SELECT is((SELECT count(*) FROM user_identities), 1::bigint, 'is not linked either');
UPDATE users SET role = 'agent' WHERE id = w.id('a', 2);
SELECT is(w.external('a', 's2', NULL, 'manager'), w.id('a', 2) || ' agent', 'never more than the user''s own role');
UPDATE users SET epoch = epoch + 1 WHERE id = w.id('a', 2);
SELECT is(w.external('a', 's2', NULL, 'viewer', outdial.now() - interval '5 seconds'), 'nobody', 'a token from before the epoch was raised is dead');
SELECT is(w.external('a', 's2', NULL, 'viewer', outdial.now() + interval '5 seconds'), w.id('a', 2) || ' viewer', 'a later one is good');
SELECT is(w.external('a', 's2', NULL, 'viewer', NULL), 'nobody', 'and one without a date never');
UPDATE users SET status = 'disabled' WHERE id = w.id('a', 2);
SELECT is(w.external('a', 's2', NULL, 'viewer', outdial.now() + interval '5 seconds'), 'nobody', 'a disabled user');
UPDATE users SET status = 'active' WHERE id = w.id('a', 2);
UPDATE identity_providers SET is_active = false WHERE id = w.id('a', 80);
SELECT is(w.external('a', 's2', NULL, 'viewer', outdial.now() + interval '5 seconds'), 'nobody', 'a provider that is switched off');
UPDATE users SET is_platform = true WHERE id = w.id('b', 1);
SELECT is(w.external('b', 's9', w.email('b', 1), 'owner'), 'nobody', 'a platform administrator is not a tenant''s to vouch for');
UPDATE users SET is_platform = false WHERE id = w.id('b', 1);
SELECT is(w.external('b', 's9', 'new@b.test', 'agent'), 'nobody', 'nobody is made unless the provider may');
UPDATE identity_providers SET creates_users = true WHERE id = w.id('b', 80);
SELECT isnt(w.external('b', 's9', 'New@b.test', 'agent'), 'nobody', 'somebody is made');
SELECT is((SELECT role || ' ' || tenant_id FROM users WHERE email = 'new@b.test'), 'agent ' || w.id('b'), 'in that tenant, with that role');
SELECT is(w.external('b', 's10', w.email('a', 2), 'agent'), 'nobody', 'an address of another tenant stays there');
SELECT is((SELECT count(*) FROM audit WHERE tenant_id = w.id('b') AND action = 'user.add'), 1::bigint, 'and the audit says so');
SELECT is(w.as('api', format('SELECT id FROM outdial.external_platform_user(NULL, upper(%L), NULL, outdial.now())', w.email('a', 2))), w.id('a', 2)::text, 'the installation''s provider vouches by address');
SELECT is(w.as('api', format('SELECT id FROM outdial.external_platform_user(NULL, %L, %L, outdial.now())', w.email('a', 2), w.id('b'))), NULL, 'in the token''s tenant');

SELECT * FROM finish();
ROLLBACK;
