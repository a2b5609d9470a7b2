-- Who may touch what.  Everything not granted here is refused; every table with a tenant has forced row-level security.
ALTER SCHEMA outdial OWNER TO owner;
DO $$
DECLARE
    v_name  text;
BEGIN
    -- owner sees all, gate's functions see all; api and events see the tenant they have entered, and nothing without one
    FOR v_name IN SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'outdial'::regnamespace AND c.relkind = 'r' LOOP
        EXECUTE format('REVOKE ALL ON outdial.%I FROM PUBLIC, api, dialer, events', v_name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON outdial.%I TO gate', v_name);
        EXECUTE format('ALTER TABLE outdial.%I ENABLE ROW LEVEL SECURITY', v_name);
        EXECUTE format('ALTER TABLE outdial.%I FORCE ROW LEVEL SECURITY', v_name);
        EXECUTE format('DROP POLICY IF EXISTS owner_all ON outdial.%I', v_name);
        EXECUTE format('CREATE POLICY owner_all ON outdial.%I TO owner USING (true) WITH CHECK (true)', v_name);
        EXECUTE format('DROP POLICY IF EXISTS gate_all ON outdial.%I', v_name);
        EXECUTE format('CREATE POLICY gate_all ON outdial.%I TO gate USING (true) WITH CHECK (true)', v_name);
        EXECUTE format('DROP POLICY IF EXISTS own_tenant ON outdial.%I', v_name);
        IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = ('outdial.' || quote_ident(v_name))::regclass AND attname = 'tenant_id' AND NOT attisdropped) THEN
            EXECUTE format('CREATE POLICY own_tenant ON outdial.%I TO api, dialer, events USING (tenant_id = (SELECT outdial.tenant())) WITH CHECK (tenant_id = (SELECT outdial.tenant()))', v_name);
        END IF;
    END LOOP;
END $$;
DROP POLICY IF EXISTS own_tenant ON tenants;
CREATE POLICY own_tenant ON tenants TO api, dialer, events USING (id = (SELECT outdial.tenant()));

-- What the workers may do with a tenant's rows by themselves.  Attempts, conversations, legs, events, do-not-call and audit are
-- written by the gate's functions alone; the window, the gap and the status of a tenant by owner alone.
GRANT SELECT ON tenants, users, api_keys, provider_accounts, trunks, phone_numbers, number_use, campaigns, scripts, leads, campaign_lists, campaign_leads,
                imports, import_refusals, lead_lists, lead_list_members, lead_phones, conversations, attempts, legs, call_events, dnc, audit, idempotency, identity_providers TO api;
GRANT UPDATE (name, company, persona, default_country, locale, timezone, agent_phone, default_caller_id, accept_key, countries, allowed_networks, require_totp,
              updated_at) ON tenants TO api;
GRANT INSERT (id, tenant_id, email, name, password_hash, role, phone_e164, caller_id, locale), DELETE ON users TO api;
GRANT UPDATE (email, name, password_hash, role, phone_e164, caller_id, locale, status, epoch, updated_at) ON users TO api;
GRANT INSERT (id, tenant_id, name, key_hash, key_hint, scopes, role, created_by) ON api_keys TO api;
GRANT UPDATE (name, revoked_at, epoch) ON api_keys TO api;
GRANT INSERT (id, tenant_id, name, issuer, audience, algorithm, public_key, keys, jwks_url, user_claim, role_claim, role_map, default_role, creates_users, is_active),
      UPDATE (name, issuer, audience, algorithm, public_key, keys, jwks_url, user_claim, role_claim, role_map, default_role, creates_users, is_active, updated_at),
      DELETE ON identity_providers TO api;
GRANT INSERT, UPDATE, DELETE ON trunks TO api;
GRANT INSERT (id, tenant_id, provider, label, account_sid, api_key, app_sid, base_url, assistant_id, phone_number_id, sip_trunk_id, auth_token_sealed,
              api_secret_sealed, webhook_secret_sealed, default_number, calls_per_second, max_open_calls, screens_numbers),
      UPDATE (label, account_sid, api_key, app_sid, base_url, assistant_id, phone_number_id, sip_trunk_id, auth_token_sealed, api_secret_sealed,
              webhook_secret_sealed, default_number, calls_per_second, max_open_calls, screens_numbers, rates, status, status_reason, updated_at),
      DELETE ON provider_accounts TO api;
GRANT UPDATE (campaign_id, trunk_id, livekit_trunk_id, is_active, daily_cap, updated_at) ON phone_numbers TO api;
GRANT INSERT (id, tenant_id, name, agent_kind, is_default, account_id, caller_id, caller_id_strategy, number_daily_cap, interval_ms, max_open_calls, calls_per_second, window_opens,
              window_closes, agent_phone, agent_name, sip_trunk_id, assistant_id, locale, machine_detection, machine_detection_timeout_ms, wait_for_beep,
              async_machine_detection, ring_seconds, retries, lead_order, lead_mix, fresh_per_retry, max_attempts, retry_days, weight, breaker, budget, goal) ON campaigns TO api;
GRANT UPDATE (name, agent_kind, account_id, caller_id, caller_id_strategy, number_daily_cap, interval_ms, max_open_calls, calls_per_second, window_opens,
              window_closes, agent_phone, agent_name, sip_trunk_id, assistant_id, locale, machine_detection, machine_detection_timeout_ms, wait_for_beep,
              async_machine_detection, ring_seconds, retries, lead_order, lead_mix, fresh_per_retry, max_attempts, retry_days, weight, breaker, budget, goal,
              updated_at) ON campaigns TO api;
GRANT DELETE ON campaigns TO api;
GRANT INSERT, UPDATE, DELETE ON scripts, leads, lead_lists, lead_list_members, lead_phones, imports, import_refusals, idempotency TO api;
GRANT DELETE ON dnc TO api;
GRANT SELECT ON webhook_endpoints, webhook_events, webhook_deliveries TO api;
GRANT INSERT (id, tenant_id, url, description, events, is_active, secret_sealed), DELETE ON webhook_endpoints TO api;
GRANT UPDATE (url, description, events, is_active, disabled_reason, disabled_at, failures, failing_since, secret_sealed, old_secret_sealed, old_secret_until,
              updated_at) ON webhook_endpoints TO api;
GRANT SELECT ON tenants, campaigns, campaign_leads, leads, attempts, legs, conversations TO dialer, events;
GRANT SELECT ON call_events TO events;
GRANT SELECT ON calls TO api, dialer, events, gate;
-- reference data without a tenant
DO $$
DECLARE
    v_name  text;
BEGIN
    FOREACH v_name IN ARRAY ARRAY['zone_prefixes', 'destination_prefixes', 'area_regions', 'data_sources', 'simulation_clock', 'migrations'] LOOP
        IF to_regclass('outdial.' || v_name) IS NOT NULL THEN
            EXECUTE format('ALTER TABLE outdial.%I DISABLE ROW LEVEL SECURITY', v_name);
            EXECUTE format('ALTER TABLE outdial.%I NO FORCE ROW LEVEL SECURITY', v_name);
            EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON outdial.%I FROM gate', v_name);
            IF v_name <> 'simulation_clock' THEN
                EXECUTE format('GRANT SELECT ON outdial.%I TO api, dialer, events', v_name);
            END IF;
        END IF;
    END LOOP;
END $$;
REVOKE INSERT, UPDATE, DELETE ON seal_key, tenants FROM gate;
GRANT INSERT, UPDATE ON tenants TO gate;
GRANT USAGE ON SEQUENCE number_turns TO gate;
REVOKE UPDATE, DELETE ON audit, call_events FROM gate;

-- Functions: nobody by default.  Definer functions belong to gate.
DO $$
DECLARE
    v_function  record;
BEGIN
    FOR v_function IN SELECT p.oid::regprocedure AS signature, p.prosecdef, p.proname FROM pg_proc p WHERE p.pronamespace = 'outdial'::regnamespace
                       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e') LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC, api, dialer, events', v_function.signature);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO gate, owner', v_function.signature);
        IF v_function.prosecdef THEN
            EXECUTE format('ALTER FUNCTION %s OWNER TO gate', v_function.signature);
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO owner', v_function.signature);
        END IF;
        IF v_function.proname = ANY (ARRAY['enter', 'tenant', 'principal', 'hold', 'now', 'uuid7', 'role_rank', 'status_rank',
                                           'phone_zones', 'phone_country', 'phone_kind', 'window_open_at',
                                           'login_find', 'login_failed', 'session_start', 'session_refresh', 'session_end', 'session_end_all', 'key_by_hash', 'accounts_by_sid',
                                           'session_list', 'session_drop', 'totp_find', 'totp_begin', 'totp_confirm', 'totp_spend', 'totp_remove',
                                           'providers_of', 'external_user', 'external_platform_user',
                                           'account_for', 'platform_tenants', 'platform_only', 'platform_tenant_create', 'platform_tenant_status', 'audit_add',
                                           'dial_single', 'attempt_report', 'attempt_state', 'dnc_add', 'dnc_settled', 'campaign_settled',
                                           'hook_status', 'hook_voice', 'hook_gather', 'hook_inbound', 'hook_redirect', 'caller_id_candidate', 'attempt_account',
                                           'number_page', 'run_campaign', 'leads_by_phone', 'run_start', 'run_set_state', 'list_add', 'campaign_recycle', 'campaign_pacing', 'numbers_store', 'number_order', 'number_release', 'number_report', 'setup_finish', 'look_news', 'lead_search', 'lead_delete', 'lead_text',
                                           'list_add_members', 'import_batch', 'imports_left', 'import_left', 'import_give_up', 'lead_texts_catch_up',
                                           'webhook_test', 'webhook_redeliver',
                                           'money_text', 'campaign_cost', 'campaign_forecast', 'tenant_cost']) THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO api', v_function.signature);
        END IF;
        IF v_function.proname = ANY (ARRAY['enter', 'tenant', 'principal', 'hold', 'now', 'uuid7',
                                           'dial_campaign', 'dialer_campaigns', 'dialer_orphans', 'attempts_accepted', 'dialer_looks', 'dialer_account', 'dialer_metrics',
                                           'dialer_numbers', 'number_report', 'dialer_prices', 'price_report', 'money_text',
                                           'attempt_report', 'look_owned', 'look_settle', 'look_news', 'cancel_settle', 'audit_add',
                                           'webhook_claim', 'webhook_return', 'webhook_settle', 'webhook_tend']) THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO dialer', v_function.signature);
        END IF;
        IF v_function.proname = ANY (ARRAY['enter', 'tenant', 'principal', 'now', 'money_text']) THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO events', v_function.signature);
        END IF;
    END LOOP;
END $$;
