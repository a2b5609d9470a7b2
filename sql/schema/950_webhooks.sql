-- Outgoing webhooks.  An event is written in the transaction of the change it tells of, and only for tenants with an active endpoint
-- that wants its kind; for all others a change costs one look at an index.
--
-- One piece of news changes a call's line, its attempt and its conversation in several statements, so the fold says itself when it is
-- done (webhook_call).  Campaigns, do-not-call rows and imports change in one statement each, and triggers see all of those.

-- Does anybody want one of these?
CREATE OR REPLACE FUNCTION outdial.webhook_wanted(p_tenant uuid, p_types text[]) RETURNS boolean
LANGUAGE sql STABLE SET search_path = outdial, pg_temp AS $$
    SELECT EXISTS (SELECT FROM webhook_endpoints WHERE tenant_id = p_tenant AND is_active AND (events IS NULL OR events && p_types))
$$;

-- The event, and a delivery for every endpoint that wants it.
CREATE OR REPLACE FUNCTION outdial.webhook_emit(p_tenant uuid, p_type text, p_object uuid, p_row jsonb) RETURNS void
LANGUAGE sql VOLATILE SET search_path = outdial, pg_temp AS $$
    WITH moment AS MATERIALIZED (
        SELECT outdial.now() AS at
    ), event AS (
        INSERT INTO webhook_events (tenant_id, type, object_id, object, created_at)
        SELECT p_tenant, p_type, p_object, p_row, at FROM moment RETURNING seq
    )
    INSERT INTO webhook_deliveries (tenant_id, endpoint_id, event_seq, due_at, asked_at, created_at)
    SELECT p_tenant, e.id, event.seq, at, at, at FROM event, moment, webhook_endpoints e
     WHERE e.tenant_id = p_tenant AND e.is_active AND e.full_since IS NULL AND (e.events IS NULL OR p_type = ANY (e.events))
$$;

-- A call may have changed: the caller has locked its attempt.  Compares the call as clients see it with what was told last, so it may be
-- called as often as anybody likes.  All events of a call are kept once one of them is wanted, because the next is told from the last.
CREATE OR REPLACE FUNCTION outdial.webhook_call(p_tenant uuid, p_conversation uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
DECLARE
    v_call    jsonb;
    v_last    jsonb;
    v_status  text;
    v_ended   boolean;
    v_hidden  text[] := ARRAY['ringing_at', 'digits', 'attempt_id', 'kind', 'tenant_id', 'error_code'];
BEGIN
    IF NOT EXISTS (SELECT FROM webhook_endpoints WHERE tenant_id = p_tenant AND is_active
                      AND (events IS NULL OR events && ARRAY['call.started', 'call.ringing', 'call.answered', 'call.completed', 'call.updated'])) THEN
        RETURN;
    END IF;
    SELECT to_jsonb(c) - v_hidden INTO v_call FROM calls c
     WHERE tenant_id = p_tenant AND id = p_conversation ORDER BY attempt_id DESC NULLS LAST LIMIT 1;
    v_status := v_call ->> 'status';
    IF v_status IS NULL OR v_status = 'planned' THEN
        RETURN;
    END IF;
    SELECT object INTO v_last FROM webhook_events WHERE tenant_id = p_tenant AND object_id = p_conversation ORDER BY seq DESC LIMIT 1;
    IF v_call = v_last THEN
        RETURN;
    END IF;
    v_ended := coalesce(status_rank(v_last ->> 'status'), 0) >= 4;
    PERFORM webhook_emit(p_tenant, CASE WHEN v_ended OR v_status = v_last ->> 'status' THEN 'call.updated'
                                        WHEN v_status = 'dialing' THEN 'call.started'
                                        WHEN v_status = 'ringing' THEN 'call.ringing'
                                        WHEN v_status = 'in_progress' THEN 'call.answered'
                                        WHEN v_status = 'unknown' THEN 'call.updated'
                                        ELSE 'call.completed' END, p_conversation, v_call);
END $$;

CREATE OR REPLACE FUNCTION outdial.webhook_campaign() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
BEGIN
    IF webhook_wanted(NEW.tenant_id, ARRAY['campaign.state_changed']) THEN
        PERFORM webhook_emit(c.tenant_id, 'campaign.state_changed', c.id, to_jsonb(c) || jsonb_build_object('leads', jsonb_build_object(
                    'count', c.leads_count, 'url', format('/api/v1/tenants/%s/campaigns/%s/leads', c.tenant_id, c.id))))
           FROM campaign_shown c WHERE c.tenant_id = NEW.tenant_id AND c.id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER webhook_campaign AFTER UPDATE OF state ON campaigns FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION outdial.webhook_campaign();

-- Every row is an addition; where the person said so during a call or by message it is an opt-out too.
CREATE OR REPLACE FUNCTION outdial.webhook_dnc() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_row jsonb;
BEGIN
    IF NOT webhook_wanted(NEW.tenant_id, ARRAY['dnc.added', 'lead.opted_out']) THEN
        RETURN NULL;
    END IF;
    v_row := to_jsonb(NEW) || jsonb_build_object('scope', CASE WHEN NEW.campaign_id IS NULL THEN 'tenant' ELSE 'campaign' END);
    PERFORM webhook_emit(NEW.tenant_id, 'dnc.added', NEW.id, v_row);
    IF NEW.source IN ('keypress', 'sms') THEN
        PERFORM webhook_emit(NEW.tenant_id, 'lead.opted_out', NEW.id,
            v_row || jsonb_build_object('lead_id', (SELECT lead_id FROM conversations WHERE tenant_id = NEW.tenant_id AND id = NEW.call_id)));
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER webhook_dnc AFTER INSERT ON dnc FOR EACH ROW
    WHEN (NEW.tenant_id IS NOT NULL) EXECUTE FUNCTION outdial.webhook_dnc();

CREATE OR REPLACE FUNCTION outdial.webhook_import() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
BEGIN
    IF webhook_wanted(NEW.tenant_id, ARRAY['import.completed']) THEN
        PERFORM webhook_emit(NEW.tenant_id, 'import.completed', NEW.id, jsonb_build_object(
                    'import_id', NEW.id, 'state', NEW.state, 'file', NEW.file, 'bytes', NEW.bytes, 'bytes_done', NEW.bytes_done, 'rows', NEW.rows,
                    'imported', NEW.imported, 'updated', NEW.updated, 'skipped', NEW.skipped, 'refused', NEW.refused, 'encoding', NEW.encoding,
                    'list_id', NEW.list_id, 'reason', NEW.reason, 'created_at', NEW.created_at, 'ended_at', NEW.ended_at,
                    'refused_url', format('/api/v1/tenants/%s/leads/imports/%s/refused', NEW.tenant_id, NEW.id)));
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER webhook_import AFTER UPDATE OF state ON imports FOR EACH ROW
    WHEN (OLD.state = 'running' AND NEW.state = 'done') EXECUTE FUNCTION outdial.webhook_import();

-- A test event for one endpoint, whatever it wants to hear.  Answers the delivery's id.
CREATE OR REPLACE FUNCTION outdial.webhook_test(p_tenant uuid, p_endpoint uuid) RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_endpoint  webhook_endpoints;
    v_now       timestamptz := outdial.now();
    v_seq       bigint;
    v_id        uuid;
BEGIN
    SELECT * INTO v_endpoint FROM webhook_endpoints WHERE tenant_id = p_tenant AND id = p_endpoint AND p_tenant = outdial.tenant();
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'OD404', MESSAGE = 'There is nothing at this address.', DETAIL = 'not_found';
    ELSIF NOT v_endpoint.is_active THEN
        RAISE EXCEPTION USING ERRCODE = 'OD409', MESSAGE = 'This endpoint is not active. Set is_active first.', DETAIL = 'endpoint_inactive';
    END IF;
    INSERT INTO webhook_events (tenant_id, type, object_id, object, created_at)
    VALUES (p_tenant, 'webhook.test', p_endpoint, jsonb_build_object('endpoint_id', p_endpoint, 'message', 'This is a test.'), v_now) RETURNING seq INTO v_seq;
    INSERT INTO webhook_deliveries (tenant_id, endpoint_id, event_seq, due_at, asked_at, created_at)
    VALUES (p_tenant, p_endpoint, v_seq, v_now, v_now, v_now) RETURNING id INTO v_id;
    PERFORM audit_add(p_tenant, 'webhook.test', p_endpoint, jsonb_build_object('delivery', v_id));
    RETURN v_id;
END $$;

-- The same event once more, under the same id.
CREATE OR REPLACE FUNCTION outdial.webhook_redeliver(p_tenant uuid, p_endpoint uuid, p_delivery uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_active  boolean;
BEGIN
    SELECT is_active INTO v_active FROM webhook_endpoints WHERE tenant_id = p_tenant AND id = p_endpoint AND p_tenant = outdial.tenant() FOR NO KEY UPDATE;
    IF v_active IS NOT TRUE AND FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'OD409', MESSAGE = 'This endpoint is not active. Set is_active first.', DETAIL = 'endpoint_inactive';
    END IF;
    UPDATE webhook_deliveries SET state = 'waiting', due_at = outdial.now(), asked_at = outdial.now(), settled_at = NULL
     WHERE tenant_id = p_tenant AND p_tenant = outdial.tenant() AND endpoint_id = p_endpoint AND id = p_delivery AND lent_until IS NULL;
    IF NOT FOUND AND NOT EXISTS (SELECT FROM webhook_deliveries WHERE tenant_id = p_tenant AND p_tenant = outdial.tenant() AND endpoint_id = p_endpoint AND id = p_delivery) THEN
        RAISE EXCEPTION USING ERRCODE = 'OD404', MESSAGE = 'There is nothing at this address.', DETAIL = 'not_found';
    END IF;
    PERFORM audit_add(p_tenant, 'webhook.redeliver', p_endpoint, jsonb_build_object('delivery', p_delivery));
END $$;

-- Door 4 again: deliveries that are due, each lent to one dialer for twice as long as sending may take.
-- An endpoint is in one dialer's hands while it is chosen from, so that what is under way to it can be counted: eight at once, one
-- where the last three failed, thirty-two for a tenant.  Turns go round tenants, and within a tenant round its endpoints: whoever
-- is dead or slow takes its own places and nobody else's.
DROP FUNCTION IF EXISTS outdial.webhook_claim(integer);
CREATE OR REPLACE FUNCTION outdial.webhook_claim(p_most integer)
RETURNS TABLE (delivery_id uuid, tenant_id uuid, url text, secret_sealed text, old_secret_sealed text, event_id uuid, type text, seq bigint,
               object jsonb, created_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_now        timestamptz := outdial.now();
    v_endpoints  uuid[];
    v_taken      uuid[];
BEGIN
    -- the locks first, by themselves: what is chosen under them must see what was committed before they were given
    SELECT array_agg(locked.id) INTO v_endpoints FROM (
        WITH RECURSIVE waited_for AS (
            (SELECT endpoint_id FROM webhook_deliveries WHERE state = 'waiting' ORDER BY endpoint_id LIMIT 1)
            UNION ALL
            SELECT (SELECT d.endpoint_id FROM webhook_deliveries d WHERE d.state = 'waiting' AND d.endpoint_id > w.endpoint_id ORDER BY d.endpoint_id LIMIT 1)
              FROM waited_for w WHERE w.endpoint_id IS NOT NULL
        )
        SELECT e.id FROM webhook_endpoints e
         WHERE e.id IN (SELECT endpoint_id FROM waited_for) AND e.is_active
           AND EXISTS (SELECT FROM tenants t WHERE t.id = e.tenant_id AND t.status = 'active')
           FOR NO KEY UPDATE OF e SKIP LOCKED) AS locked;
    IF v_endpoints IS NULL THEN
        RETURN;
    END IF;
    WITH place AS (
        SELECT e.tenant_id, d.id, row_number() OVER (PARTITION BY e.id ORDER BY d.due_at, d.id) AS of_endpoint
          FROM webhook_endpoints e
         CROSS JOIN LATERAL (SELECT count(*) AS count FROM webhook_deliveries d
                              WHERE d.tenant_id = e.tenant_id AND d.endpoint_id = e.id AND d.lent_until > v_now) lent
         CROSS JOIN LATERAL (SELECT d.id, d.due_at FROM webhook_deliveries d WHERE d.endpoint_id = e.id AND d.state = 'waiting' AND d.due_at <= v_now
                              ORDER BY d.due_at, d.id LIMIT greatest(0, CASE WHEN e.failures >= 3 THEN 1 ELSE 8 END - lent.count)) d
         WHERE e.id = ANY (v_endpoints)
    ), turn AS (
        SELECT p.id, p.tenant_id, row_number() OVER (PARTITION BY p.tenant_id ORDER BY p.of_endpoint, p.id) AS of_tenant FROM place p
    )
    SELECT array_agg(chosen.id) INTO v_taken FROM (
        SELECT t.id FROM turn t
         WHERE t.of_tenant <= 32 - (SELECT count(*) FROM webhook_deliveries d WHERE d.tenant_id = t.tenant_id AND d.lent_until > v_now)
         ORDER BY t.of_tenant LIMIT p_most) AS chosen;
    -- a lease that runs out finds the delivery due
    RETURN QUERY
    UPDATE webhook_deliveries d SET lent_until = v_now + interval '30 seconds', due_at = v_now + interval '30 seconds', attempts = d.attempts + 1
      FROM webhook_endpoints e, webhook_events v
     WHERE d.id = ANY (v_taken) AND d.state = 'waiting' AND d.due_at <= v_now AND e.tenant_id = d.tenant_id AND e.id = d.endpoint_id AND v.tenant_id = d.tenant_id AND v.seq = d.event_seq
    RETURNING d.id, d.tenant_id, e.url, e.secret_sealed, CASE WHEN e.old_secret_until > v_now THEN e.old_secret_sealed END, v.id, v.type, v.seq, v.object,
              v.created_at;
END $$;

-- A dialer that stops gives back what it was sending: due at once, and nobody's failure.  A receiver may hear it twice.
CREATE OR REPLACE FUNCTION outdial.webhook_return(p_deliveries uuid[]) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    UPDATE webhook_deliveries SET lent_until = NULL, due_at = outdial.now(), attempts = attempts - 1
     WHERE id = ANY (p_deliveries) AND state = 'waiting' AND lent_until > outdial.now()
$$;

-- How long after its n-th failure a delivery is tried again, before chance is added; a day and a few hours in all.
CREATE OR REPLACE FUNCTION outdial.webhook_backoff(p_attempts integer) RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (ARRAY['5 seconds', '30 seconds', '2 minutes', '10 minutes', '30 minutes', '1 hour', '3 hours', '6 hours'])
           [least(greatest(p_attempts, 1), 8)]::interval
$$;

-- What came of a delivery.  p_status NULL: no answer, p_error says why.  p_percent shortens every waiting, for tests and rehearsals.
--   2xx   delivered.  The first one after five failures brings forward what waited for the endpoint.
--   410   the receiver wants no more: the endpoint is disabled
--   else  again later; given up 28 hours after it was asked for.  An endpoint that fails for five days, and twenty times, is disabled
CREATE OR REPLACE FUNCTION outdial.webhook_settle(p_tenant uuid, p_delivery uuid, p_status integer, p_error text, p_took_ms integer, p_response text,
                                                  p_percent integer)
RETURNS text LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_now       timestamptz := outdial.now();
    v_scale     double precision := p_percent / 100.0;
    v_good      boolean := coalesce(p_status BETWEEN 200 AND 299, false);
    v_delivery  webhook_deliveries;
    v_endpoint  webhook_endpoints;
    v_reason    text;
BEGIN
    SELECT e.* INTO v_endpoint FROM webhook_deliveries d JOIN webhook_endpoints e ON e.tenant_id = d.tenant_id AND e.id = d.endpoint_id
     WHERE d.tenant_id = p_tenant AND d.id = p_delivery AND p_tenant = outdial.tenant() FOR NO KEY UPDATE OF e;
    IF NOT FOUND THEN
        RETURN 'gone';
    END IF;
    UPDATE webhook_deliveries
       SET lent_until = NULL, response_status = p_status, response = p_response, error = p_error, duration_ms = p_took_ms,
           state = CASE WHEN v_good THEN 'delivered' WHEN asked_at + interval '28 hours' * v_scale <= v_now THEN 'failed' ELSE 'waiting' END,
           settled_at = CASE WHEN v_good OR asked_at + interval '28 hours' * v_scale <= v_now THEN v_now END,
           due_at = CASE WHEN v_good THEN due_at ELSE v_now + webhook_backoff(attempts) * v_scale * (0.8 + 0.4 * random()) END
     WHERE tenant_id = p_tenant AND id = p_delivery AND state = 'waiting' RETURNING * INTO v_delivery;
    IF NOT FOUND THEN
        RETURN 'settled';
    END IF;
    IF v_good THEN
        IF v_endpoint.failures > 0 THEN
            UPDATE webhook_endpoints SET failures = 0, failing_since = NULL WHERE id = v_endpoint.id;
        END IF;
        IF v_endpoint.failures >= 5 THEN
            UPDATE webhook_deliveries SET due_at = v_now
             WHERE endpoint_id = v_endpoint.id AND state = 'waiting' AND due_at > v_now AND lent_until IS NULL;
        END IF;
        RETURN v_delivery.state;
    END IF;
    v_reason := CASE WHEN p_status = 410 THEN 'The receiver answered 410: it wants no more.'
                     WHEN v_endpoint.failures >= 20 AND v_endpoint.failing_since < v_now - interval '5 days' * v_scale
                     THEN 'Every delivery failed for five days.' END;
    UPDATE webhook_endpoints SET failures = failures + 1, failing_since = coalesce(failing_since, v_now), is_active = is_active AND v_reason IS NULL,
                                 disabled_reason = CASE WHEN is_active THEN v_reason ELSE disabled_reason END,
                                 disabled_at = CASE WHEN is_active AND v_reason IS NOT NULL THEN v_now ELSE disabled_at END
     WHERE id = v_endpoint.id;
    IF v_reason IS NOT NULL AND v_endpoint.is_active THEN
        PERFORM audit_add(p_tenant, 'webhook.disabled', v_endpoint.id, jsonb_build_object('reason', v_reason));
    END IF;
    RETURN v_delivery.state;
END $$;

-- Every few seconds by one dialer: closes the queues of tenants that are full, opens them again below nine tenths, and forgets what is
-- older than thirty days.  A tenant's ceiling is shared evenly by its active endpoints.
CREATE OR REPLACE FUNCTION outdial.webhook_tend(p_ceiling integer) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_changed  integer;
    v_oldest   timestamptz := outdial.now() - interval '30 days';
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('webhook_tend', 12)) THEN
        RETURN 0;
    END IF;
    WITH waiting AS MATERIALIZED (
        SELECT endpoint_id, count(*) AS count FROM webhook_deliveries WHERE state = 'waiting' GROUP BY endpoint_id
    ), share AS (
        SELECT e.id, e.full_since, coalesce(w.count, 0) AS count,
               p_ceiling / greatest(1, (SELECT count(*) FROM webhook_endpoints o WHERE o.tenant_id = e.tenant_id AND o.is_active)) AS most
          FROM webhook_endpoints e LEFT JOIN waiting w ON w.endpoint_id = e.id
         WHERE w.count IS NOT NULL OR e.full_since IS NOT NULL
    ), changed AS (
        UPDATE webhook_endpoints e SET full_since = CASE WHEN s.full_since IS NULL THEN outdial.now() END
          FROM share s WHERE e.id = s.id AND CASE WHEN s.full_since IS NULL THEN s.count >= s.most ELSE s.count < s.most * 0.9 END
        RETURNING e.id, e.tenant_id, e.full_since
    ), told AS (
        INSERT INTO audit (tenant_id, principal, action, object_id, detail)
        SELECT tenant_id, 'dialer', CASE WHEN full_since IS NULL THEN 'webhook.queue_open' ELSE 'webhook.queue_full' END, id, '{}' FROM changed RETURNING 1
    )
    SELECT count(*) INTO v_changed FROM told;
    DELETE FROM webhook_events e USING (SELECT tenant_id, seq FROM webhook_events WHERE created_at < v_oldest
                                         ORDER BY created_at LIMIT 1000) old
     WHERE e.tenant_id = old.tenant_id AND e.seq = old.seq;
    RETURN v_changed;
END $$;
