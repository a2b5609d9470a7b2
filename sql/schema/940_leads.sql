-- Reading campaigns whole, finding leads by any text, taking a lead away.

-- A campaign as clients see it.  The window is the one that counts: the campaign's, narrowed by the tenant's.
DROP VIEW IF EXISTS outdial.campaign_shown;
CREATE VIEW outdial.campaign_shown WITH (security_invoker = true) AS
SELECT c.id, c.tenant_id, c.name, c.state, c.state_reason, c.agent_kind, c.is_default, c.caller_id, c.caller_id_strategy, c.number_daily_cap,
       c.interval_ms / 60000.0 AS interval_minutes, c.max_open_calls, c.calls_per_second, c.window_opens AS opens, c.window_closes AS closes,
       to_char(make_interval(mins => greatest(c.window_opens, t.window_opens)), 'HH24:MI') AS window_opens,
       to_char(make_interval(mins => least(c.window_closes, t.window_closes)), 'HH24:MI') AS window_closes,
       c.agent_phone, coalesce(c.agent_name, 'telephony-agent') AS agent_name, c.sip_trunk_id, c.assistant_id, c.locale,
       c.machine_detection, c.machine_detection_timeout_ms, c.wait_for_beep, c.async_machine_detection, c.ring_seconds, c.retries,
       c.lead_order, c.lead_mix, c.fresh_per_retry, c.max_attempts, c.retry_days, c.weight, c.breaker, c.budget, c.goal,
       c.list_id, c.created_at, c.updated_at,
       coalesce((SELECT total - skipped FROM campaign_lists l WHERE l.tenant_id = c.tenant_id AND l.id = c.list_id), 0) AS leads_count,
       coalesce((SELECT jsonb_agg(jsonb_build_object('id', n.id, 'number', n.number, 'type', n.type, 'provider', n.provider,
                                                     'providerSid', n.provider_sid, 'isActive', n.is_active) ORDER BY n.id)
                   FROM phone_numbers n WHERE n.tenant_id = c.tenant_id AND n.campaign_id = c.id), '[]') AS phone_numbers
  FROM campaigns c JOIN tenants t ON t.id = c.tenant_id;
GRANT SELECT ON outdial.campaign_shown TO api, gate;

-- Free text over a lead's name, external id and number, whatever stands between the letters of the search.  Under row-level security
-- ILIKE is not leakproof and could use no index, so one definer function does it, after asking whose tenant this is.
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA outdial;
CREATE OR REPLACE FUNCTION outdial.lead_text(p_name text, p_external_id text, p_phone text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT lower(p_name) || ' ' || lower(coalesce(p_external_id, '')) || ' ' || coalesce(p_phone, '') $$;
DROP INDEX IF EXISTS leads_text;
CREATE INDEX IF NOT EXISTS lead_texts_trigrams ON lead_texts USING gin (text outdial.gin_trgm_ops);

-- Texts of these leads as they are now.  They are found by their key alone, or the planner may read all of a tenant's; the share lock makes a change that comes meanwhile wait and write its own text after this one.
CREATE OR REPLACE FUNCTION outdial.lead_texts_write(p_tenant uuid, p_leads uuid[]) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp SET enable_seqscan = off AS $$
    INSERT INTO lead_texts (tenant_id, lead_id, text)
    SELECT tenant_id, id, lead_text(name, external_id, phone_e164)
      FROM (SELECT * FROM leads WHERE id = ANY (p_leads) AND tenant_id IS NOT DISTINCT FROM p_tenant FOR SHARE) l
    ON CONFLICT (tenant_id, lead_id) DO UPDATE SET text = excluded.text WHERE lead_texts.text <> excluded.text
$$;

-- Few leads are found at once; many, as an import writes them, are left for later (lead_texts_catch_up).  Until then they are found
-- among the newest.
CREATE OR REPLACE FUNCTION outdial.leads_written() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_written  record;
BEGIN
    FOR v_written IN SELECT tenant_id, array_agg(id) AS leads FROM written GROUP BY tenant_id LOOP
        IF cardinality(v_written.leads) <= 100 THEN
            PERFORM lead_texts_write(v_written.tenant_id, v_written.leads);
        ELSE
            INSERT INTO lead_texts_due (tenant_id, leads) VALUES (v_written.tenant_id, v_written.leads);
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS leads_added ON leads;
CREATE TRIGGER leads_added AFTER INSERT ON leads REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION outdial.leads_written();
DROP TRIGGER IF EXISTS leads_changed ON leads;
CREATE TRIGGER leads_changed AFTER UPDATE ON leads REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION outdial.leads_written();
INSERT INTO lead_texts (tenant_id, lead_id, text)
SELECT tenant_id, id, outdial.lead_text(name, external_id, phone_e164) FROM leads WHERE NOT EXISTS (SELECT FROM lead_texts) AND deleted_at IS NULL;

-- Writes what is due, some batches at a time and never the same ones twice; answers how many leads.  While an import is at work,
-- only what has waited for a minute: rows first, words after.
CREATE OR REPLACE FUNCTION outdial.lead_texts_catch_up(p_batches integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_batch  record;
    v_count  bigint := 0;
    v_busy   boolean := EXISTS (SELECT FROM imports WHERE state = 'running' AND beat_at > outdial.now() - interval '3 seconds');
BEGIN
    FOR v_batch IN DELETE FROM lead_texts_due WHERE id IN (SELECT id FROM lead_texts_due
                     WHERE NOT v_busy OR since < outdial.now() - interval '1 minute' ORDER BY id LIMIT p_batches FOR UPDATE SKIP LOCKED) RETURNING tenant_id, leads LOOP
        PERFORM lead_texts_write(v_batch.tenant_id, v_batch.leads);
        v_count := v_count + cardinality(v_batch.leads);
    END LOOP;
    RETURN v_count;
END $$;

CREATE OR REPLACE FUNCTION outdial.lead_search(p_tenant uuid, p_text text, p_limit bigint, p_after uuid) RETURNS SETOF leads
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_text    text := lower(btrim(p_text));
    v_digits  text := regexp_replace(p_text, '[^0-9]', '', 'g');
    v_word    text;
    v_oldest  uuid;
    v_found   bigint;
BEGIN
    IF p_tenant IS DISTINCT FROM outdial.tenant() THEN
        RAISE EXCEPTION USING ERRCODE = 'OD404', MESSAGE = 'There is nothing at this address.', DETAIL = 'not_found';
    END IF;
    -- a number with its usual punctuation is looked for by its digits; a leading 0 is how it is written at home
    IF v_text ~ '^[-+0-9() ./]+$' AND length(v_digits) >= 3 THEN
        v_text := ltrim(v_digits, '0');
    END IF;
    v_text := replace(replace(replace(v_text, '\', '\\'), '%', '\%'), '_', '\_') || '%';
    v_word := '% ' || v_text;
    -- three letters are found anywhere; fewer only where a word begins, for the index knows nothing shorter
    IF length(v_text) > 3 THEN
        v_text := '%' || v_text;
    END IF;
    -- what many leads have is found among the newest, and so is what was just imported; what few have, by the index
    SELECT id INTO v_oldest FROM leads WHERE tenant_id = p_tenant AND (p_after IS NULL OR id < p_after) ORDER BY id DESC OFFSET 4999 LIMIT 1;
    RETURN QUERY
    SELECT * FROM leads l
     WHERE l.tenant_id = p_tenant AND l.deleted_at IS NULL AND (p_after IS NULL OR l.id < p_after) AND (v_oldest IS NULL OR l.id >= v_oldest)
       AND (lead_text(l.name, l.external_id, l.phone_e164) LIKE v_text OR lead_text(l.name, l.external_id, l.phone_e164) LIKE v_word)
     ORDER BY l.id DESC LIMIT p_limit;
    GET DIAGNOSTICS v_found = ROW_COUNT;
    IF v_found < p_limit AND v_oldest IS NOT NULL THEN
        RETURN QUERY
        WITH found AS MATERIALIZED (
            SELECT t.lead_id, t.tenant_id FROM lead_texts t WHERE t.text LIKE v_text OR t.text LIKE v_word
        )
        SELECT l.* FROM found f JOIN leads l ON l.tenant_id = p_tenant AND l.id = f.lead_id
         WHERE f.tenant_id = p_tenant AND f.lead_id < v_oldest AND l.deleted_at IS NULL ORDER BY l.id DESC LIMIT p_limit - v_found;
    END IF;
END $$;

-- A lead goes: what waits for it in any campaign is withdrawn, what was said stays.
CREATE OR REPLACE FUNCTION outdial.lead_delete(p_tenant uuid, p_lead uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_list  record;
BEGIN
    IF p_tenant IS DISTINCT FROM outdial.tenant() THEN
        RAISE EXCEPTION USING ERRCODE = 'OD404', MESSAGE = 'There is nothing at this address.', DETAIL = 'not_found';
    END IF;
    -- campaigns first, as the gate locks them
    PERFORM FROM campaigns WHERE tenant_id = p_tenant AND id IN (
        SELECT campaign_id FROM campaign_leads WHERE tenant_id = p_tenant AND lead_id = p_lead AND state = 'waiting') ORDER BY id FOR UPDATE;
    UPDATE leads SET deleted_at = outdial.now(), updated_at = outdial.now() WHERE tenant_id = p_tenant AND id = p_lead AND deleted_at IS NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    FOR v_list IN UPDATE campaign_leads SET state = 'withdrawn', reason = 'lead_deleted'
                   WHERE tenant_id = p_tenant AND lead_id = p_lead AND state = 'waiting' RETURNING campaign_id, list_id LOOP
        PERFORM campaign_finish(p_tenant, v_list.campaign_id, v_list.list_id);
    END LOOP;
    PERFORM audit_add(p_tenant, 'lead.delete', p_lead, '{}');
    RETURN true;
END $$;
