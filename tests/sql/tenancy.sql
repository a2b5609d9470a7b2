-- Tenancy: what one tenant sees and changes of another is nothing, table by table, command by command, whoever asks.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap SCHEMA public;
\ir world/world.psql
SELECT no_plan();

-- A row of each tenant in every table that has one
CREATE FUNCTION w.fill(p text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    t uuid := w.id(p);
BEGIN
    PERFORM w.lead(p, 40, '+12125552040');
    INSERT INTO trunks (tenant_id, provider, trunk_sid, name) VALUES (t, 'twilio', 'TK' || p, 'canary');
    INSERT INTO scripts (tenant_id, campaign_id, locale, part, text) VALUES (t, w.id(p, 20), 'en', 'greeting', 'canary');
    INSERT INTO imports (id, tenant_id, sha256) VALUES (w.id(p, 60), t, 'canary');
    INSERT INTO import_refusals (tenant_id, import_id, line, field, code, reason, row_text) VALUES (t, w.id(p, 60), 1, 'phone', 'canary', 'canary', 'canary');
    INSERT INTO lead_lists (id, tenant_id, name) VALUES (w.id(p, 61), t, 'canary');
    INSERT INTO lead_list_members (tenant_id, list_id, lead_id) VALUES (t, w.id(p, 61), w.id(p, 40));
    INSERT INTO lead_phones (tenant_id, lead_id, position, phone_e164, original_phone) VALUES (t, w.id(p, 40), 2, '+12125552041', 'canary');
    INSERT INTO lead_texts_due (tenant_id, leads) VALUES (t, ARRAY[w.id(p, 40)]);
    INSERT INTO conversations (id, tenant_id, kind, phone_e164, lead_id, campaign_id) VALUES (w.id(p, 70), t, 'campaign', '+12125552040', w.id(p, 40), w.id(p, 20));
    INSERT INTO attempts (id, tenant_id, conversation_id, campaign_id, list_id, lead_id, account_id, phone_e164, caller_id, state, permitted_at, permit_until, holder, rules, provider_sid)
    VALUES (w.id(p, 71), t, w.id(p, 70), w.id(p, 20), w.id(p, 21), w.id(p, 40), w.id(p, 10), '+12125552040', '+12127771000', 'accepted', outdial.now(), outdial.now(), 1, '{}', 'CA' || p);
    INSERT INTO legs (tenant_id, conversation_id, attempt_id, account_id, provider_sid, party, status) VALUES (t, w.id(p, 70), w.id(p, 71), w.id(p, 10), 'CA' || p, 'lead', 'dialing');
    INSERT INTO price_asks (attempt_id, tenant_id, account_id, ended_at, due_at) VALUES (w.id(p, 71), t, w.id(p, 10), outdial.now(), outdial.now());
    INSERT INTO call_events (tenant_id, attempt_id, source, source_key, kind) VALUES (t, w.id(p, 71), 'webhook', 'x', 'canary');
    INSERT INTO stray_events (tenant_id, account_id, call_sid, kind, payload) VALUES (t, w.id(p, 10), 'CAx', 'canary', '{}');
    INSERT INTO dnc (tenant_id, phone_e164, source) VALUES (t, '+12125559999', 'api');
    INSERT INTO audit (tenant_id, principal, action) VALUES (t, 'command', 'canary');
    INSERT INTO webhook_endpoints (id, tenant_id, url, secret_sealed) VALUES (w.id(p, 80), t, 'https://canary.example/', 'canary');
    INSERT INTO webhook_events (tenant_id, type, object_id, object) VALUES (t, 'webhook.test', w.id(p, 80), '{"canary": 1}');
    INSERT INTO webhook_deliveries (tenant_id, endpoint_id, event_seq, due_at, asked_at, created_at)
    SELECT t, w.id(p, 80), seq, outdial.now(), outdial.now(), outdial.now() FROM webhook_events WHERE tenant_id = t AND type = 'webhook.test';
    INSERT INTO idempotency (tenant_id, principal, route, key, body_hash) VALUES (t, 'user', 'POST /', 'key', 'canary');
    INSERT INTO tenant_money (tenant_id, currency) VALUES (t, 'USD');
    INSERT INTO spend_news (tenant_id, micros) VALUES (t, 1);
    INSERT INTO refresh_tokens (token_hash, family, tenant_id, user_id, epoch, expires_at) VALUES ('canary ' || p, uuid7(), t, w.id(p, 1), 1, outdial.now() + interval '1 day');
    INSERT INTO totp_secrets (user_id, tenant_id, secret_sealed) VALUES (w.id(p, 1), t, 'canary');
    INSERT INTO recovery_codes (tenant_id, user_id, code_hash) VALUES (t, w.id(p, 1), 'canary');
    INSERT INTO identity_providers (tenant_id, name, issuer, audience, algorithm, public_key) VALUES (t, 'canary', 'https://issuer.example', 'a', 'RS256', 'PEM');
    INSERT INTO user_identities (tenant_id, issuer, subject, user_id) VALUES (t, 'https://issuer.example', 'ann', w.id(p, 1));
    INSERT INTO setup_links (token_hash, tenant_id, user_id, expires_at) VALUES ('canary ' || p, t, w.id(p, 1), outdial.now() + interval '1 day');
END $$;
SELECT w.fill('a'), w.fill('b') \g /dev/null

CREATE TABLE w.tables AS
SELECT c.relname::text AS name, c.oid AS oid, CASE WHEN c.relname = 'tenants' THEN 'id' ELSE 'tenant_id' END AS key
  FROM pg_class c WHERE c.relnamespace = 'outdial'::regnamespace AND c.relkind = 'r'
   AND (c.relname = 'tenants' OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'tenant_id' AND NOT attisdropped));
CREATE TABLE w.copies (name text, was jsonb);
DO $$ DECLARE t record; BEGIN
    FOR t IN SELECT * FROM w.tables LOOP
        EXECUTE format('INSERT INTO w.copies SELECT %L, to_jsonb(x) FROM outdial.%I x WHERE %I = w.id(''b'')', t.name, t.name, t.key);
    END LOOP;
END $$;
GRANT SELECT ON w.tables, w.copies TO PUBLIC;
SELECT is_empty($$ SELECT name FROM w.tables EXCEPT SELECT name FROM w.copies $$, 'every table with a tenant has a row of the other one, so that what follows can fail');

-- How somebody comes in
CREATE FUNCTION w.try(p_who text, p_sql text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE v text;
BEGIN
    CASE p_who
    WHEN 'api in a'       THEN RETURN left(w.in('a', p_sql), 5);
    WHEN 'dialer in a'    THEN RETURN left(w.in('a', p_sql, 'dialer'), 5);
    WHEN 'api nowhere'    THEN RETURN left(w.as('api', p_sql), 5);
    WHEN 'dialer nowhere' THEN RETURN left(w.as('dialer', p_sql), 5);
    WHEN 'events nowhere' THEN RETURN left(w.as('events', p_sql), 5);
    WHEN 'api forging b'  THEN
        SET LOCAL SESSION AUTHORIZATION api;
        PERFORM outdial.enter(w.id('a'), 'user:' || w.id('a', 1), 1, NULL, 'owner');
        PERFORM set_config('outdial.tenant', w.id('b')::text, true), set_config('outdial.principal', 'user:' || w.id('b', 1), true);
        EXECUTE p_sql INTO v;
        RESET SESSION AUTHORIZATION;
        RETURN v;
    END CASE;
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE;
END $$;
CREATE FUNCTION w.role_of(p_who text) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT split_part(p_who, ' ', 1) $$;
-- A column that this role may write, or any.
CREATE FUNCTION w.column_of(p_oid oid, p_role text, p_privilege text) RETURNS text LANGUAGE sql AS $$
    SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = p_oid AND attnum > 0 AND NOT attisdropped
     AND attidentity = ''
     ORDER BY has_column_privilege(p_role, attrelid, attnum, p_privilege) DESC, attname = 'tenant_id', attnum LIMIT 1
$$;
CREATE FUNCTION w.columns_of(p_oid oid, p_role text) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(quote_ident(attname), ', ' ORDER BY attnum) FILTER (WHERE has_column_privilege(p_role, attrelid, attnum, 'INSERT')),
                    string_agg(quote_ident(attname), ', ' ORDER BY attnum)) FROM pg_attribute WHERE attrelid = p_oid AND attnum > 0 AND NOT attisdropped AND attidentity = ''
$$;

SELECT ok(coalesce(w.try(who, format('SELECT count(*) FROM outdial.%I WHERE %I = %L', name, key, w.id('b'))), 'NULL') IN ('0', '42501'), format('%s sees nothing of B in %s', who, name))
  FROM w.tables, unnest(ARRAY['api in a', 'dialer in a', 'api nowhere', 'dialer nowhere', 'events nowhere', 'api forging b']) who ORDER BY name, who;
SELECT ok(coalesce(w.try(who, format('SELECT count(*) FROM outdial.%I', name)), 'NULL') IN ('0', '42501'), format('%s sees no row at all in %s', who, name))
  FROM w.tables, unnest(ARRAY['api nowhere', 'dialer nowhere', 'events nowhere', 'api forging b']) who ORDER BY name, who;
SELECT ok(coalesce(w.try(who, format('WITH x AS (UPDATE outdial.%I SET %s = %s RETURNING 1) SELECT count(*) FROM x', name, col, col)), 'NULL')
          = ANY (CASE who WHEN 'api in a' THEN ARRAY['1', '2', '42501'] ELSE ARRAY['0', '42501'] END), format('%s updates nothing of B in %s', who, name))
  FROM w.tables, unnest(ARRAY['api in a', 'dialer in a', 'api nowhere', 'dialer nowhere', 'events nowhere', 'api forging b']) who,
       LATERAL (SELECT w.column_of(oid, w.role_of(who), 'UPDATE') AS col) c ORDER BY name, who;
SELECT ok(coalesce(w.try(who, format('WITH x AS (DELETE FROM outdial.%I WHERE %I = %L RETURNING 1) SELECT count(*) FROM x', name, key, w.id('b'))), 'NULL') IN ('0', '42501'), format('%s deletes nothing of B in %s', who, name))
  FROM w.tables, unnest(ARRAY['api in a', 'dialer in a', 'api nowhere', 'dialer nowhere', 'events nowhere', 'api forging b']) who ORDER BY name, who;
SELECT is(w.try(who, format('WITH x AS (INSERT INTO outdial.%1$I (%2$s) SELECT %2$s FROM jsonb_populate_record(NULL::outdial.%1$I, (SELECT was FROM w.copies WHERE name = %1$L LIMIT 1)) RETURNING 1) SELECT count(*) FROM x',
                            name, w.columns_of(oid, w.role_of(who)))), '42501', format('%s inserts nothing of B into %s', who, name))
  FROM w.tables, unnest(ARRAY['api in a', 'dialer in a', 'api nowhere', 'dialer nowhere', 'events nowhere', 'api forging b']) who ORDER BY name, who;
SELECT is(w.try('api in a', format('WITH x AS (UPDATE outdial.%I SET tenant_id = %L RETURNING 1) SELECT count(*) FROM x', name, w.id('b'))), '42501', format('no row of %s is given away', name))
  FROM w.tables WHERE name <> 'tenants' ORDER BY name;
SELECT is((SELECT count(*) FROM w.tables t WHERE w.try('api in a', format('SELECT count(*) FROM outdial.%I', name)) NOT IN ('0', '42501')), (SELECT count(*) FROM w.tables WHERE has_table_privilege('api', oid, 'SELECT')),
          'positive control: api sees its own tenant in every table that it may read');
DO $$ DECLARE t record; v bigint; BEGIN
    FOR t IN SELECT * FROM w.tables LOOP
        EXECUTE format('SELECT count(*) FROM (SELECT to_jsonb(x) FROM outdial.%I x WHERE %I = w.id(''b'') EXCEPT SELECT was FROM w.copies WHERE name = %L) d', t.name, t.key, t.name) INTO v;
        IF v > 0 THEN RAISE EXCEPTION '% changed', t.name; END IF;
    END LOOP;
END $$;
SELECT is((SELECT count(*) FROM w.copies WHERE name = 'legs'), (SELECT count(*) FROM legs WHERE tenant_id = w.id('b')), 'B''s rows are all there');

-- The catalogue: nothing was forgotten
SELECT is_empty($$ SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'outdial'::regnamespace AND c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
                   AND c.relname NOT IN ('zone_prefixes', 'destination_prefixes', 'area_regions', 'data_sources', 'simulation_clock', 'migrations') $$,
                'row-level security is forced on every table but reference data');
SELECT is_empty($$ SELECT tablename, policyname FROM pg_policies WHERE schemaname = 'outdial' AND policyname NOT IN ('owner_all', 'gate_all', 'own_tenant') $$, 'three policies and no other');
SELECT is_empty($$ SELECT tablename FROM pg_policies WHERE schemaname = 'outdial' AND policyname <> 'own_tenant' AND roles <> ARRAY[CASE policyname WHEN 'owner_all' THEN 'owner' ELSE 'gate' END]::name[] $$,
                'the open policies are for owner and gate');
SELECT is_empty($$ SELECT name FROM w.tables EXCEPT SELECT tablename FROM pg_policies WHERE schemaname = 'outdial' AND policyname = 'own_tenant' AND qual LIKE '%tenant() AS tenant%' $$,
                'every table with a tenant compares it with the one that was entered');
SELECT is_empty($$ SELECT rolname FROM pg_roles WHERE rolname IN ('owner', 'api', 'dialer', 'events', 'gate') AND (rolbypassrls OR rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication) $$, 'nobody bypasses');
SELECT is_empty($$ SELECT m.rolname FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member JOIN pg_roles r ON r.oid = a.roleid
                    WHERE r.rolname IN ('owner', 'gate', 'api', 'dialer', 'events') AND m.rolname <> 'owner' AND NOT m.rolsuper $$, 'nobody but owner steps into another role');
SELECT is((SELECT rolcanlogin FROM pg_roles WHERE rolname = 'gate'), false, 'nobody logs in as gate');
SELECT is_empty($$ SELECT p.oid::regprocedure FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                    WHERE p.pronamespace = 'outdial'::regnamespace AND a.grantee = 0 AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') $$, 'no function of ours is for PUBLIC');
SELECT is_empty($$ SELECT c.oid::regclass, a.privilege_type FROM pg_class c, aclexplode(c.relacl) a
                    WHERE c.relnamespace = 'outdial'::regnamespace AND a.grantee = 0 AND NOT (c.relname = 'migrations' AND a.privilege_type = 'SELECT') $$, 'no table is for PUBLIC');
SELECT is_empty($$ SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'outdial'::regnamespace AND p.prosecdef AND p.proowner <> 'gate'::regrole $$, 'definer functions belong to gate');
SELECT is_empty($$ SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'outdial'::regnamespace AND p.prosecdef
                     AND NOT coalesce(p.proconfig, '{}') && ARRAY['search_path=outdial, pg_temp'] $$, 'and look in one place, pg_temp last');
SELECT is_empty($$ SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'outdial'::regnamespace AND p.provolatile = 'i' AND p.prosecdef $$, 'none of them promises to be immutable');
SELECT is_empty($$ SELECT r FROM unnest(ARRAY['api', 'dialer', 'events']) r WHERE has_schema_privilege(r, 'outdial', 'CREATE') OR has_schema_privilege(r, 'public', 'CREATE')
                      OR has_database_privilege(r, current_database(), 'CREATE') OR has_database_privilege(r, current_database(), 'TEMP') $$, 'the programs create nothing, not even temporary tables');
SELECT is_empty($$ SELECT t FROM unnest(ARRAY['attempts', 'conversations', 'legs', 'call_events', 'audit', 'campaign_leads', 'campaign_lists', 'account_pace', 'campaign_pace', 'simulation_clock', 'refresh_tokens',
                                              'setup_links', 'denied_tokens', 'login_failures', 'seal_key', 'stray_events', 'dialers', 'zone_prefixes', 'destination_prefixes']) t,
                          unnest(ARRAY['api', 'dialer', 'events']) r, unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) p
                    WHERE has_table_privilege(r, 'outdial.' || t, p) OR (p IN ('INSERT', 'UPDATE', 'REFERENCES') AND has_any_column_privilege(r, 'outdial.' || t, p)) $$,
                'what happened is written by the gate''s functions alone');
SELECT is_empty($$ SELECT v FROM unnest(ARRAY['tenants.window_opens', 'tenants.window_closes', 'tenants.minimum_gap_minutes', 'tenants.status', 'tenants.id', 'phone_numbers.verified_at', 'phone_numbers.number',
                                              'phone_numbers.account_id', 'provider_accounts.verified_number', 'users.is_platform', 'campaigns.state', 'campaigns.list_id', 'campaigns.signed_permit_id',
                                              'users.tenant_id', 'campaigns.tenant_id', 'api_keys.scopes', 'api_keys.role']) v, unnest(ARRAY['api', 'dialer', 'events']) r
                    WHERE has_column_privilege(r, 'outdial.' || split_part(v, '.', 1), split_part(v, '.', 2), 'UPDATE') $$, 'what the programs may not change by themselves');
SELECT is_empty($$ SELECT v FROM unnest(ARRAY['phone_numbers.verified_at', 'provider_accounts.verified_number', 'users.is_platform', 'campaigns.state', 'campaigns.list_id', 'users.epoch', 'tenants.id', 'dnc.id']) v
                    WHERE has_column_privilege('api', 'outdial.' || split_part(v, '.', 1), split_part(v, '.', 2), 'INSERT') $$, 'nor set when they make a row');
SELECT is_empty($$ SELECT 1 FROM unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) p, unnest(ARRAY['audit', 'call_events']) t WHERE has_table_privilege('gate', 'outdial.' || t, p) $$, 'what is written in the audit and in events stays, for the gate too');
SELECT is_empty($$ SELECT p.oid::regprocedure, r FROM pg_proc p, unnest(ARRAY['api', 'dialer', 'events']) r WHERE p.pronamespace = 'outdial'::regnamespace AND has_function_privilege(r, p.oid, 'EXECUTE')
                     AND p.proname = ANY (ARRAY['gate_admit', 'gate_number', 'attempt_adopt', 'attempt_close', 'attempt_end', 'lead_settle', 'leg_fold', 'call_news', 'hook_enter', 'dnc_write', 'seal_of',
                                                'choose_caller_id', 'pool_pick', 'caller_id_usable', 'number_used', 'number_unused', 'number_mirror', 'list_withdraw', 'campaign_finish', 'is_do_not_call', 'script_text', 'destination_allowed', 'holder_gone']) $$, 'inner functions are not for programs');
SELECT is_empty($$ SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'outdial'::regnamespace AND has_function_privilege('api', p.oid, 'EXECUTE') AND p.proname ~ '^(dialer_|dial_campaign|look_owned|look_settle|cancel_settle)' $$,
                'what dialers do is not for workers');

-- Functions that take a tenant: another one's is refused, or answers nothing
SELECT is(w.try('api in a', q), want, q) FROM (VALUES
    (format('SELECT count(*) FROM outdial.account_for(%L, ''twilio'')', w.id('b')), '0'),
    (format('SELECT count(*) FROM outdial.attempt_account(%L, %L)', w.id('b'), w.id('b', 71)), '0'),
    (format('SELECT count(*) FROM outdial.attempt_account(%L, %L)', w.id('a'), w.id('b', 71)), '0'),
    (format('SELECT count(*) FROM outdial.attempt_state(%L, %L)', w.id('b'), w.id('b', 71)), '0'),
    (format('SELECT count(*) FROM outdial.attempt_state(%L, %L)', w.id('a'), w.id('b', 71)), '0'),
    (format('SELECT outdial.attempt_report(%L, %L, ''refused'', NULL, 400, NULL, NULL, NULL)', w.id('b'), w.id('b', 71)), 'OD404'),
    (format('SELECT outdial.attempt_report(%L, %L, ''refused'', NULL, 400, NULL, NULL, NULL)', w.id('a'), w.id('b', 71)), 'OD404'),
    (format('SELECT outdial.look_news(%L, %L, ''CAb'', ''completed'', NULL, NULL, NULL)', w.id('b'), w.id('b', 71)), 'ended'),
    (format('SELECT outdial.look_news(%L, %L, ''CAb'', ''completed'', NULL, NULL, NULL)', w.id('a'), w.id('b', 71)), 'ended'),
    (format('SELECT coalesce(outdial.caller_id_candidate(%L, %L, %L, NULL), ''none'')', w.id('b'), w.id('b', 20), w.id('b', 10)), 'none'),
    (format('SELECT count(*) FROM outdial.dnc_add(%L, NULL, ''+12125550000'', NULL, ''api'', NULL)', w.id('b')), 'OD404'),
    ('SELECT count(*) FROM outdial.dnc_add(NULL, NULL, ''+12125550000'', NULL, ''api'', NULL)', 'OD403'),
    (format('SELECT coalesce(outdial.dnc_settled(%L, ''+12125559998''), false)', w.id('b')), 'false'),
    ('SELECT coalesce(outdial.dnc_settled(NULL, ''+12125559998''), false)', 'false'),
    (format('SELECT outdial.campaign_settled(%L, %L)', w.id('b'), w.id('b', 20)), 'false'),
    (format('SELECT outdial.campaign_settled(%L, %L)', w.id('a'), w.id('a', 20)), 'true'),
    (format('SELECT outdial.run_campaign(%L, NULL)', w.id('b')), 'OD404'),
    (format('SELECT outdial.run_campaign(%L, %L)', w.id('a'), w.id('b', 20)), 'OD404'),
    (format('SELECT count(*) FROM outdial.run_set_state(%L, %L, ''paused'', NULL)', w.id('b'), w.id('b', 20)), 'OD404'),
    (format('SELECT count(*) FROM outdial.run_set_state(%L, %L, ''paused'', NULL)', w.id('a'), w.id('b', 20)), 'OD404'),
    (format('SELECT count(*) FROM outdial.run_start(%L, %L, NULL, ''{1}'', ''{x}'', ''{+12125550001}'', ''{x}'', ''{x}'', ''{NULL}'', 1, 0)', w.id('a'), w.id('b', 20)), 'OD404'),
    (format('SELECT outdial.list_add(%L, %L, ARRAY[%L]::uuid[])', w.id('a'), w.id('b', 20), w.id('b', 40)), 'OD404'),
    (format('SELECT outdial.list_add(%L, %L, ARRAY[%L]::uuid[])', w.id('a'), w.id('a', 20), w.id('b', 40)), '0'),
    (format('SELECT cardinality(outdial.leads_by_phone(%L, ''{x}'', ''{+12125550001}'', ''{x}'', ''{x}'', ''{NULL}''))', w.id('b')), 'OD404'),
    (format('SELECT outdial.import_batch(%L, %L, ''update'', NULL, ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', 0, 1, 0, 0)', w.id('b'), w.id('b', 60)), 'OD404'),
    (format('SELECT outdial.import_batch(%L, %L, ''update'', NULL, ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', ''{}'', 0, 1, 0, 0)', w.id('a'), w.id('b', 60)), 'other'),
    (format('SELECT count(*) FROM outdial.numbers_store(%L, %L, ''[]'', true, 0)', w.id('b'), w.id('b', 10)), 'OD404'),
    (format('SELECT count(*) FROM outdial.numbers_store(%L, %L, ''[]'', true, 0)', w.id('a'), w.id('b', 10)), 'OD404'),
    (format('SELECT coalesce(outdial.audit_add(%L, ''forged'', NULL, NULL)::text, ''nothing'')', w.id('b')), 'nothi'),
    (format('SELECT count(*) FROM outdial.session_list(%L, NULL)', w.id('b', 1)), '0'),
    (format('SELECT outdial.session_drop(%L, NULL, NULL)', w.id('b', 1)), '0'),
    (format('SELECT outdial.totp_remove(%L)', w.id('b', 1)), 'false'),
    ('SELECT count(*) FROM outdial.platform_tenants(10, NULL)', 'OD403'),
    ('SELECT count(*) FROM outdial.platform_tenant_create(''x'', ''x'', NULL, NULL, NULL, NULL)', 'OD403'),
    (format('SELECT count(*) FROM outdial.platform_tenant_status(%L, ''suspended'')', w.id('b')), 'OD403'),
    (format('SELECT outdial.hook_status(%L, %L, ARRAY[%L]::uuid[], ''CAz'', NULL, ''k'', ''completed'', NULL, NULL, NULL, NULL, NULL)', w.id('a'), w.id('b', 71), w.id('a', 10)), 'forei'),
    (format('SELECT outdial.hook_status(%L, %L, ARRAY[%L]::uuid[], ''CAz'', NULL, ''k'', ''completed'', NULL, NULL, NULL, NULL, NULL)', w.id('b'), w.id('b', 71), w.id('a', 10)), 'forei'),
    (format('SELECT outdial.hook_status(%L, %L, ARRAY[%L]::uuid[], ''CAz'', NULL, ''k'', ''completed'', NULL, NULL, NULL, NULL, NULL)', w.id('a'), w.id('b', 71), w.id('b', 10)), 'forei'),
    (format('SELECT outdial.hook_status(%L, %L, NULL, ''CAz'', NULL, ''k'', ''completed'', NULL, NULL, NULL, NULL, NULL)', w.id('b'), w.id('b', 71)), 'forei'),
    (format('SELECT outdial.hook_status(%L, %L, ''{}'', ''CAz'', NULL, ''k'', ''completed'', NULL, NULL, NULL, NULL, NULL)', w.id('b'), w.id('b', 71)), 'forei'),
    (format('SELECT mode FROM outdial.hook_voice(%L, %L, NULL, ''CAz'', NULL, ''k'', NULL)', w.id('b'), w.id('b', 71)), 'forei'),
    (format('SELECT mode FROM outdial.hook_gather(%L, %L, NULL, ''CAz'', ''2'', NULL, ''k'', NULL)', w.id('b'), w.id('b', 71)), 'forei'),
    (format('SELECT count(*) FROM outdial.hook_redirect(%L, %L, NULL)', w.id('b'), w.id('b', 71)), '0'),
    (format('SELECT count(*) FROM outdial.campaign_cost(%L, %L)', w.id('b'), w.id('b', 20)), '0'),
    (format('SELECT count(*) FROM outdial.campaign_cost(%L, %L)', w.id('a'), w.id('b', 20)), '0'),
    (format('SELECT count(outdial.campaign_forecast(%L, %L, ''{+12125550001}'', 1))', w.id('b'), w.id('b', 20)), '0'),
    (format('SELECT count(outdial.campaign_forecast(%L, %L, ''{+12125550001}'', 1))', w.id('a'), w.id('b', 20)), '0'),
    (format('SELECT count(*) FROM outdial.tenant_cost(%L, ''-infinity'', ''infinity'', ''day'')', w.id('b')), '0'),
    (format('SELECT count(*) FROM outdial.calls WHERE tenant_id = %L', w.id('b')), '0'),
    ('SELECT count(*) FROM outdial.calls', '1')) AS v(q, want);
SELECT is((SELECT count(*) FROM dnc WHERE tenant_id = w.id('b') OR tenant_id IS NULL), 1::bigint, 'none of that wrote a do-not-call row of B');
SELECT is((SELECT count(*) FROM audit WHERE tenant_id = w.id('b')), 1::bigint, 'nor an audit line of B');
SELECT is((SELECT state FROM attempts WHERE id = w.id('b', 71)), 'accepted', 'nor touched B''s call');
SELECT is((SELECT count(*) FROM attempts WHERE tenant_id = w.id('b')), 1::bigint, 'nor made one');
SELECT * FROM finish();
ROLLBACK;
