-- Starting, stopping and watching a campaign's run, and the views that clients read.

-- The campaign that a request without one means: the tenant's default, made at first use.
CREATE OR REPLACE FUNCTION outdial.run_campaign(p_tenant uuid, p_campaign uuid) RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_id uuid;
BEGIN
    IF p_tenant IS DISTINCT FROM outdial.tenant() THEN
        RAISE EXCEPTION USING ERRCODE = 'OD404', MESSAGE = 'There is nothing at this address.', DETAIL = 'not_found';
    END IF;
    IF p_campaign IS NOT NULL THEN
        SELECT id INTO v_id FROM campaigns WHERE tenant_id = p_tenant AND id = p_campaign;
        IF v_id IS NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'OD404', MESSAGE = 'There is no such campaign.', DETAIL = 'not_found';
        END IF;
        RETURN v_id;
    END IF;
    SELECT id INTO v_id FROM campaigns WHERE tenant_id = p_tenant AND is_default;
    IF v_id IS NULL THEN
        INSERT INTO campaigns (tenant_id, name, is_default) VALUES (p_tenant, 'Auto-dialer', true)
        ON CONFLICT (tenant_id) WHERE is_default DO UPDATE SET updated_at = campaigns.updated_at RETURNING id INTO v_id;
    END IF;
    RETURN v_id;
END $$;

-- Leads by number: the tenant's lead with that number, refreshed, or a new one.  Arrays run in parallel; answers ids in the same order.
CREATE OR REPLACE FUNCTION outdial.leads_by_phone(p_tenant uuid, p_names text[], p_phones text[], p_originals text[], p_categories text[], p_customs text[])
RETURNS uuid[] LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_ids uuid[];
BEGIN
    IF p_tenant IS DISTINCT FROM outdial.tenant() THEN
        RAISE EXCEPTION USING ERRCODE = 'OD404', MESSAGE = 'There is nothing at this address.', DETAIL = 'not_found';
    END IF;
    WITH given AS (
        SELECT * FROM unnest(p_names, p_phones, p_originals, p_categories, p_customs) WITH ORDINALITY AS g(name, phone, original, category, custom, n)
    ), known AS (
        SELECT DISTINCT ON (g.n) g.n, l.id FROM given g
          JOIN leads l ON l.tenant_id = p_tenant AND l.phone_e164 = g.phone AND l.deleted_at IS NULL
         ORDER BY g.n, l.id
    ), refreshed AS (
        UPDATE leads l SET name = coalesce(nullif(g.name, ''), l.name), category = coalesce(g.category, l.category),
                           custom = l.custom || coalesce(g.custom::jsonb, '{}'), original_phone = g.original, updated_at = outdial.now()
          FROM known k JOIN given g USING (n) WHERE l.tenant_id = p_tenant AND l.id = k.id
    ), fresh AS (
        SELECT g.*, uuid7() AS id FROM given g WHERE NOT EXISTS (SELECT FROM known k WHERE k.n = g.n)
    ), added AS (
        INSERT INTO leads (id, tenant_id, name, category, phone_e164, original_phone, custom)
        SELECT id, p_tenant, coalesce(name, ''), category, phone, original, coalesce(custom::jsonb, '{}') FROM fresh
    )
    SELECT array_agg(id ORDER BY n) INTO v_ids FROM (SELECT n, id FROM known UNION ALL SELECT n, id FROM fresh) AS both_kinds;
    RETURN v_ids;
END $$;

-- Starts a run over a new list, which replaces the old one.  Numbers are normalised and screened already; do-not-call is asked here.
--   status  started | already_running | nobody | unsupported
--   dnc     positions (in p_index's terms) of numbers that are on a do-not-call list
DROP FUNCTION IF EXISTS outdial.run_start(uuid, uuid, bigint, integer[], text[], text[], text[], text[], text[], integer, integer);
CREATE OR REPLACE FUNCTION outdial.run_start(p_tenant uuid, p_campaign uuid, p_interval_ms bigint, p_index integer[], p_names text[], p_phones text[],
                                             p_originals text[], p_categories text[], p_customs text[], p_total integer, p_skipped integer)
RETURNS TABLE (status text, dnc integer[], interval_ms bigint, campaign_state text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_campaign  campaigns;
    v_list      uuid := uuid7();
    v_leads     uuid[];
    v_keep      integer[];
BEGIN
    SELECT * INTO v_campaign FROM campaigns WHERE tenant_id = p_tenant AND id = p_campaign AND p_tenant = outdial.tenant() FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'OD404', MESSAGE = 'There is no such campaign.', DETAIL = 'not_found';
    END IF;
    campaign_state := v_campaign.state;
    interval_ms := coalesce(p_interval_ms, v_campaign.interval_ms);
    dnc := '{}';
    IF v_campaign.agent_kind <> 'keypad' THEN
        status := 'unsupported'; RETURN NEXT; RETURN;
    END IF;
    IF v_campaign.state = 'running' THEN
        status := 'already_running'; RETURN NEXT; RETURN;
    END IF;
    SELECT coalesce(array_agg(p_index[n]) FILTER (WHERE is_do_not_call(p_tenant, p_campaign, p_phones[n])), '{}'),
           coalesce(array_agg(n) FILTER (WHERE NOT is_do_not_call(p_tenant, p_campaign, p_phones[n])), '{}')
      INTO dnc, v_keep FROM generate_subscripts(p_phones, 1) n;
    IF cardinality(v_keep) = 0 THEN
        status := 'nobody'; RETURN NEXT; RETURN;
    END IF;
    v_leads := leads_by_phone(p_tenant,
        (SELECT array_agg(p_names[n] ORDER BY n) FROM unnest(v_keep) n), (SELECT array_agg(p_phones[n] ORDER BY n) FROM unnest(v_keep) n),
        (SELECT array_agg(p_originals[n] ORDER BY n) FROM unnest(v_keep) n), (SELECT array_agg(p_categories[n] ORDER BY n) FROM unnest(v_keep) n),
        (SELECT array_agg(p_customs[n] ORDER BY n) FROM unnest(v_keep) n));
    PERFORM list_withdraw(p_tenant, p_campaign);
    INSERT INTO campaign_lists (id, tenant_id, campaign_id, total, skipped)
    VALUES (v_list, p_tenant, p_campaign, p_total, p_skipped + cardinality(dnc));
    INSERT INTO campaign_leads (tenant_id, list_id, campaign_id, lead_id, position)
    SELECT p_tenant, v_list, p_campaign, v_leads[i], p_index[v_keep[i]] FROM generate_subscripts(v_keep, 1) i;
    PERFORM breaker_reset(p_campaign);
    UPDATE campaigns SET state = 'running', state_reason = NULL, list_id = v_list, interval_ms = coalesce(p_interval_ms, campaigns.interval_ms),
                         updated_at = outdial.now() WHERE id = p_campaign;
    PERFORM audit_add(p_tenant, 'campaign.start', p_campaign, jsonb_build_object('total', p_total, 'callable', cardinality(v_keep)));
    status := 'started'; campaign_state := 'running';
    RETURN NEXT;
END $$;

-- What still waits in a campaign's present list is not called any more.
CREATE OR REPLACE FUNCTION outdial.list_withdraw(p_tenant uuid, p_campaign uuid) RETURNS void
LANGUAGE sql VOLATILE SET search_path = outdial, pg_temp AS $$
    UPDATE campaign_leads SET state = 'withdrawn', reason = 'list_replaced'
     WHERE tenant_id = p_tenant AND state = 'waiting' AND list_id = (SELECT list_id FROM campaigns WHERE tenant_id = p_tenant AND id = p_campaign);
    UPDATE campaign_lists SET replaced_at = outdial.now()
     WHERE tenant_id = p_tenant AND campaign_id = p_campaign AND replaced_at IS NULL;
$$;

-- Start (again), pause or stop without touching the list.
--   status  ok | already_running | nobody | unsupported | not_running
DROP FUNCTION IF EXISTS outdial.run_set_state(uuid, uuid, text, bigint);
CREATE OR REPLACE FUNCTION outdial.run_set_state(p_tenant uuid, p_campaign uuid, p_state text, p_interval_ms bigint)
RETURNS TABLE (status text, campaign_state text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_campaign  campaigns;
BEGIN
    SELECT * INTO v_campaign FROM campaigns WHERE tenant_id = p_tenant AND id = p_campaign AND p_tenant = outdial.tenant() FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'OD404', MESSAGE = 'There is no such campaign.', DETAIL = 'not_found';
    END IF;
    campaign_state := v_campaign.state;
    status := 'ok';
    IF p_state = 'running' THEN
        IF v_campaign.agent_kind <> 'keypad' THEN
            status := 'unsupported'; RETURN NEXT; RETURN;
        ELSIF v_campaign.state = 'running' THEN
            status := 'already_running'; RETURN NEXT; RETURN;
        ELSIF NOT EXISTS (SELECT FROM campaign_leads WHERE tenant_id = p_tenant AND list_id = v_campaign.list_id AND state IN ('waiting', 'calling')) THEN
            status := 'nobody'; RETURN NEXT; RETURN;
        END IF;
        PERFORM breaker_reset(p_campaign);
    ELSIF v_campaign.state NOT IN ('running', 'paused', 'stopped') OR v_campaign.state = p_state THEN
        status := 'not_running'; RETURN NEXT; RETURN;
    END IF;
    UPDATE campaigns SET state = p_state, state_reason = NULL, interval_ms = coalesce(p_interval_ms, campaigns.interval_ms), updated_at = outdial.now()
     WHERE id = p_campaign;
    PERFORM audit_add(p_tenant, 'campaign.' || CASE p_state WHEN 'running' THEN 'resume' WHEN 'paused' THEN 'pause' ELSE 'stop' END, p_campaign, '{}');
    campaign_state := p_state;
    RETURN NEXT;
END $$;

-- Adds leads to the present list (made when there is none).  Answers how many were new to it.
CREATE OR REPLACE FUNCTION outdial.list_add(p_tenant uuid, p_campaign uuid, p_leads uuid[]) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_list   uuid;
    v_count  integer;
BEGIN
    SELECT list_id INTO v_list FROM campaigns WHERE tenant_id = p_tenant AND id = p_campaign AND p_tenant = outdial.tenant() FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'OD404', MESSAGE = 'There is no such campaign.', DETAIL = 'not_found';
    END IF;
    IF v_list IS NULL THEN
        v_list := uuid7();
        INSERT INTO campaign_lists (id, tenant_id, campaign_id) VALUES (v_list, p_tenant, p_campaign);
        UPDATE campaigns SET list_id = v_list WHERE id = p_campaign;
    END IF;
    INSERT INTO campaign_leads (tenant_id, list_id, campaign_id, lead_id, position)
    SELECT p_tenant, v_list, p_campaign, l.id, (SELECT coalesce(max(total), 0) FROM campaign_lists WHERE id = v_list) + row_number() OVER (ORDER BY array_position(p_leads, l.id))
      FROM leads l WHERE l.tenant_id = p_tenant AND l.id = ANY (p_leads) AND l.deleted_at IS NULL
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    UPDATE campaign_lists SET total = total + v_count WHERE id = v_list;
    RETURN v_count;
END $$;

-- A call as clients see it: one conversation, its first attempt, the lead's line.
CREATE OR REPLACE VIEW outdial.calls WITH (security_invoker = true) AS
SELECT c.id, c.tenant_id, c.direction, c.kind, c.lead_id, c.campaign_id, c.agent_id AS assigned_to, c.agent_id AS answered_by_user_id,
       a.id AS attempt_id, a.provider_sid AS call_sid, a.caller_id AS from_number, c.phone_e164 AS to_number, a.answered_by, a.digits,
       CASE WHEN a.state IN ('refused', 'not_placed') THEN 'failed'
            WHEN a.state IN ('unknown', 'perhaps_placed') THEN 'unknown'
            WHEN a.state = 'permitted' THEN 'planned'
            WHEN l.status IS NULL OR l.status = 'planned' THEN 'dialing'
            ELSE l.status END AS status,
       a.failure, a.error_code, l.duration, l.ringing_at, l.answered_at, coalesce(l.ended_at, a.ended_at) AS ended_at, c.outcome, c.opened_at AS created_at,
       CASE WHEN a.ended_at IS NOT NULL AND a.provider_sid IS NOT NULL THEN outdial.money_text(coalesce(abs(a.price_micros), a.estimate_micros)) END AS price,
       CASE WHEN a.ended_at IS NOT NULL AND a.provider_sid IS NOT NULL THEN coalesce(a.price_currency, a.estimate_currency) END AS price_currency,
       coalesce(a.ended_at IS NOT NULL AND a.provider_sid IS NOT NULL AND a.price_micros IS NULL AND a.estimate_micros IS NOT NULL, false) AS price_estimated
  FROM conversations c
  LEFT JOIN attempts a ON a.tenant_id = c.tenant_id AND a.conversation_id = c.id
  LEFT JOIN legs l ON l.tenant_id = a.tenant_id AND l.attempt_id = a.id AND l.parent_sid IS NULL;
