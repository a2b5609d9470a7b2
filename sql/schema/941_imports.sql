-- Importing leads by the batch, and whoever takes up what was left.

-- One batch of an import in one transaction: rows, refusals, counts and how far it is.
--   done     written
--   already  it had been written, and the answer was lost
--   other    somebody else goes on with this import
-- Arrays run in parallel.  p_phones holds JSON arrays of further numbers, p_lines and p_rows what a refusal would show.  A row is the lead with
-- its external_id, else the lead with its number (where one of the two has no external_id), else a new one; no external_id comes twice.
-- What comes twice by number within the batch was settled before.  The settings and the shape of the statements see to it that no step reads a
-- tenant's leads or compares all rows with all rows, whatever the planner believes of arrays and of a table that has just been empty; the
-- condition on tenant_id that no index knows leaves it the key alone.
CREATE OR REPLACE FUNCTION outdial.import_batch(p_tenant uuid, p_import uuid, p_policy text, p_list uuid,
    p_ids uuid[], p_externals text[], p_names text[], p_numbers text[], p_originals text[], p_categories text[], p_customs text[], p_phones text[],
    p_lines bigint[], p_rows text[],
    p_bad_lines bigint[], p_bad_fields text[], p_bad_codes text[], p_bad_reasons text[], p_bad_rows text[],
    p_from bigint, p_to bigint, p_merged bigint, p_skipped bigint) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_nestloop = off AS $$
DECLARE
    v_state    text;
    v_done     bigint;
    v_leads    uuid[] := '{}';                                  -- the known lead of each row, or NULL
    v_places   bigint[];
    v_known    uuid[];
    v_matched  bigint := 0;
    v_refused  bigint := cardinality(p_bad_lines);
    v_keep     boolean := p_policy <> 'update';
BEGIN
    IF p_tenant IS DISTINCT FROM outdial.tenant() THEN
        RAISE EXCEPTION USING ERRCODE = 'OD404', MESSAGE = 'There is nothing at this address.', DETAIL = 'not_found';
    END IF;
    SELECT state, bytes_done INTO v_state, v_done FROM imports WHERE tenant_id = p_tenant AND id = p_import FOR UPDATE;
    IF v_done = p_to AND p_to > p_from THEN
        RETURN 'already';
    ELSIF v_done IS DISTINCT FROM p_from OR v_state <> 'running' THEN
        RETURN 'other';
    END IF;
    -- imports of one tenant take turns, so that neither makes a lead that the other has just made
    PERFORM pg_advisory_xact_lock(hashtextextended(p_tenant::text, 13));

    FOR v_try IN 1..5 LOOP
        BEGIN
            -- each row looks itself up: a list of keys would be compared with every lead while the table has no statistics
            WITH looked_up AS MATERIALIZED (
                SELECT g.n, coalesce(e.id, p.id) AS id, e.id IS NULL AS number_only
                  FROM unnest(p_ids, p_externals, p_numbers) WITH ORDINALITY AS g(id, external_id, number, n)
                  LEFT JOIN LATERAL (SELECT l.id FROM leads l WHERE l.tenant_id = p_tenant AND l.external_id = g.external_id AND l.deleted_at IS NULL LIMIT 1) e ON true
                  LEFT JOIN LATERAL (SELECT l.id FROM leads l WHERE l.tenant_id = p_tenant AND l.phone_e164 = g.number AND l.deleted_at IS NULL AND e.id IS NULL
                                        AND (g.external_id IS NULL OR l.external_id IS NULL) ORDER BY l.id::text LIMIT 1) p ON true
            ), chosen AS (
                -- of two rows for one lead the one that names it has it
                SELECT n, CASE WHEN row_number() OVER (PARTITION BY id ORDER BY number_only, n) = 1 THEN id END AS id FROM looked_up WHERE id IS NOT NULL
            )
            SELECT array_agg(n), array_agg(id), count(*) INTO v_places, v_known, v_matched FROM chosen WHERE id IS NOT NULL;
            IF v_matched > 0 THEN
                v_leads := array_fill(NULL::uuid, ARRAY[cardinality(p_ids)]);
                FOR i IN 1..v_matched LOOP
                    v_leads[v_places[i]] := v_known[i];
                END LOOP;
            END IF;

            INSERT INTO leads (id, tenant_id, external_id, name, category, phone_e164, original_phone, custom)
            SELECT g.id, p_tenant, g.external_id, coalesce(g.name, ''), g.category, g.number, coalesce(g.original, g.number), coalesce(g.custom, '{}')::jsonb
              FROM unnest(p_ids, p_externals, p_names, p_numbers, p_originals, p_categories, p_customs, v_leads)
                   AS g(id, external_id, name, number, original, category, custom, lead_id)
             WHERE g.id IS NOT NULL AND g.lead_id IS NULL;
            EXIT;
        EXCEPTION WHEN unique_violation THEN                    -- somebody has just made a lead with one of these external ids
            IF v_try = 5 THEN
                RAISE;
            END IF;
        END;
    END LOOP;

    IF v_matched > 0 AND p_policy = 'update' THEN
        UPDATE leads l SET external_id = coalesce(g.external_id, l.external_id), name = coalesce(g.name, l.name), category = coalesce(g.category, l.category),
                           phone_e164 = g.number, original_phone = coalesce(g.original, g.number), custom = l.custom || coalesce(g.custom, '{}')::jsonb,
                           updated_at = outdial.now()
          FROM unnest(p_externals, p_names, p_numbers, p_originals, p_categories, p_customs, v_leads)
               AS g(external_id, name, number, original, category, custom, lead_id)
         WHERE l.id = ANY (v_known) AND l.tenant_id IS NOT DISTINCT FROM p_tenant AND l.id = g.lead_id
           AND (l.external_id, l.name, l.category, l.phone_e164, l.original_phone, l.custom) IS DISTINCT FROM
               (coalesce(g.external_id, l.external_id), coalesce(g.name, l.name), coalesce(g.category, l.category), g.number, coalesce(g.original, g.number),
                l.custom || coalesce(g.custom, '{}')::jsonb);
    ELSIF v_matched > 0 AND p_policy = 'refuse' THEN
        INSERT INTO import_refusals (tenant_id, import_id, line, field, code, reason, row_text)
        SELECT p_tenant, p_import, g.line, 'phone', 'duplicate', 'There is a lead with this external_id or number already.', coalesce(g.row, '')
          FROM unnest(p_lines, p_rows, v_leads) AS g(line, row, lead_id) WHERE g.lead_id IS NOT NULL ON CONFLICT DO NOTHING;
        v_refused := v_refused + v_matched;
    END IF;
    IF cardinality(p_phones) > 0 THEN
        DELETE FROM lead_phones x WHERE x.tenant_id = p_tenant AND NOT v_keep AND x.lead_id = ANY (ARRAY(
            SELECT g.lead_id FROM unnest(p_phones, v_leads) AS g(phones, lead_id) WHERE g.phones IS NOT NULL AND g.lead_id IS NOT NULL));
        INSERT INTO lead_phones (tenant_id, lead_id, position, phone_e164, original_phone, label)
        SELECT p_tenant, coalesce(g.lead_id, g.id), p.n + 1, p.entry ->> 'phone_e164', p.entry ->> 'original_phone', p.entry ->> 'label'
          FROM unnest(p_ids, p_phones, v_leads) AS g(id, phones, lead_id)
         CROSS JOIN LATERAL jsonb_array_elements(g.phones::jsonb) WITH ORDINALITY AS p(entry, n)
         WHERE g.phones IS NOT NULL AND (g.lead_id IS NULL OR NOT v_keep);
    END IF;
    IF p_list IS NOT NULL THEN
        INSERT INTO lead_list_members (tenant_id, list_id, lead_id)
        SELECT p_tenant, p_list, coalesce(g.lead_id, g.id) FROM unnest(p_ids, v_leads) AS g(id, lead_id)
         WHERE g.id IS NOT NULL AND (g.lead_id IS NULL OR p_policy <> 'refuse') ON CONFLICT DO NOTHING;
    END IF;
    IF cardinality(p_bad_lines) > 0 THEN
        INSERT INTO import_refusals (tenant_id, import_id, line, field, code, reason, row_text)
        SELECT p_tenant, p_import, * FROM unnest(p_bad_lines, p_bad_fields, p_bad_codes, p_bad_reasons, p_bad_rows) ON CONFLICT DO NOTHING;
    END IF;
    UPDATE imports SET bytes_done = p_to, beat_at = outdial.now(),
                       rows = rows + cardinality(p_ids) + p_merged + p_skipped + cardinality(p_bad_lines),
                       imported = imported + cardinality(p_ids) - v_matched,
                       updated = updated + p_merged + CASE p_policy WHEN 'update' THEN v_matched ELSE 0 END,
                       skipped = skipped + p_skipped + CASE p_policy WHEN 'skip' THEN v_matched ELSE 0 END,
                       refused = refused + v_refused
     WHERE tenant_id = p_tenant AND id = p_import;
    RETURN 'done';
END $$;

-- Imports that nobody has written a batch of for a while, those of tenants with the fewest at work first.  Who is asked only hears of
-- them; whether one is really left shows when its lock is taken.
CREATE OR REPLACE FUNCTION outdial.imports_left(p_limit bigint) RETURNS TABLE (tenant_id uuid, import_id uuid, kept boolean, silent_seconds double precision)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    SELECT i.tenant_id, i.id, i.kept, extract(epoch FROM outdial.now() - i.beat_at)
      FROM imports i
     WHERE i.state = 'running' AND i.beat_at < outdial.now() - interval '2 seconds'
     ORDER BY (SELECT count(*) FROM imports b WHERE b.tenant_id = i.tenant_id AND b.state = 'running' AND b.beat_at >= outdial.now() - interval '2 seconds'), i.id
     LIMIT p_limit
$$;
-- What a left import needs to go on; as whom is in the row.
CREATE OR REPLACE FUNCTION outdial.import_left(p_tenant uuid, p_import uuid)
RETURNS TABLE (principal text, epoch bigint, role text, options text, sha256 text) LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    SELECT principal, epoch, role, options::text, sha256 FROM imports WHERE tenant_id = p_tenant AND id = p_import AND state = 'running'
$$;
-- Without a file, or without anybody who may still do this, it ends here, unless somebody went on with it in these last seconds; the same
-- bytes again would.
CREATE OR REPLACE FUNCTION outdial.import_give_up(p_tenant uuid, p_import uuid, p_reason text, p_silent_seconds double precision) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    UPDATE imports SET state = 'failed', reason = p_reason, kept = false, ended_at = outdial.now()
     WHERE tenant_id = p_tenant AND id = p_import AND state = 'running' AND beat_at <= outdial.now() - make_interval(secs => p_silent_seconds)
$$;

-- Gives a page of a list of leads, in order of their ids, to a campaign's present list (made when there is none): a million in one
-- transaction would keep the campaign from calling.
CREATE OR REPLACE FUNCTION outdial.list_add_members(p_tenant uuid, p_campaign uuid, p_members uuid, p_after uuid, p_limit bigint)
RETURNS TABLE (added bigint, seen bigint, last uuid) LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_list   uuid;
    v_leads  uuid[];
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
    v_leads := ARRAY(SELECT m.lead_id FROM lead_list_members m WHERE m.tenant_id = p_tenant AND m.list_id = p_members
                        AND (p_after IS NULL OR m.lead_id > p_after) ORDER BY m.lead_id LIMIT p_limit);
    INSERT INTO campaign_leads (tenant_id, list_id, campaign_id, lead_id, position)
    SELECT p_tenant, v_list, p_campaign, l.id, (SELECT c.total FROM campaign_lists c WHERE c.id = v_list) + row_number() OVER (ORDER BY l.id)
      FROM leads l WHERE l.id = ANY (v_leads) AND l.tenant_id IS NOT DISTINCT FROM p_tenant AND l.deleted_at IS NULL
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS added = ROW_COUNT;
    UPDATE campaign_lists SET total = total + added WHERE id = v_list;
    seen := cardinality(v_leads);
    last := v_leads[seen];
    RETURN NEXT;
END $$;
