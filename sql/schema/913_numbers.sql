-- Numbers bought, imported and given back.
--
-- Money is spent as calls are placed: the wish is a committed row first (state buying), the carrier is asked once and outside of any
-- transaction, and what became of it is reported here.  Whoever asks may die in between: a row whose settle_at has come is looked at
-- by a dialer, which asks the carrier's own list.  A request begins within five seconds of its row or never, so the first look,
-- forty seconds later, cannot come too early; a list that does not have the number twice, a minute apart, means that it was not bought.

-- The wish to buy; an Idempotency-Key is bound to the number for good in the same transaction.
DROP FUNCTION IF EXISTS outdial.number_order(uuid, text, text, uuid, uuid, text, text, text, text);
CREATE OR REPLACE FUNCTION outdial.number_order(p_tenant uuid, p_number text, p_type text, p_account uuid, p_campaign uuid,
                                                p_key_principal text, p_key_route text, p_key text, p_key_hash text) RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_id   uuid;
    v_now  timestamptz := outdial.now();
BEGIN
    IF p_tenant IS DISTINCT FROM outdial.tenant() OR NOT EXISTS (SELECT FROM provider_accounts WHERE id = p_account AND tenant_id = p_tenant AND provider = 'twilio') THEN
        RAISE EXCEPTION USING ERRCODE = 'OD404', MESSAGE = 'There is no such account.', DETAIL = 'not_found';
    END IF;
    -- a number that the carrier had taken away can be bought again
    DELETE FROM phone_numbers WHERE tenant_id = p_tenant AND number = p_number AND carrier_gone AND state = 'owned';
    INSERT INTO phone_numbers (tenant_id, account_id, number, type, provider, campaign_id, state, ordered_at, settle_at)
    VALUES (p_tenant, p_account, p_number, p_type, 'TWILIO', p_campaign, 'buying', v_now, v_now + interval '40 seconds') RETURNING id INTO v_id;
    PERFORM audit_add(p_tenant, 'number.buy', v_id, jsonb_build_object('number', p_number, 'account_id', p_account));
    IF p_key IS NOT NULL THEN
        INSERT INTO idempotency (tenant_id, principal, route, key, body_hash, attempt_id, created_at)
        VALUES (p_tenant, p_key_principal, p_key_route, p_key, p_key_hash, v_id, v_now)
        ON CONFLICT (tenant_id, principal, route, key) DO UPDATE SET body_hash = excluded.body_hash, attempt_id = excluded.attempt_id,
                                                                     status = NULL, headers = NULL, body = NULL, created_at = excluded.created_at;
    END IF;
    RETURN v_id;
END $$;

-- The wish to give a number back.  From here on no call shows it; the counter's lock waits for calls that are being permitted.
-- Answers the state: releasing (ask the carrier), or gone (a number that no carrier has for us).
CREATE OR REPLACE FUNCTION outdial.number_release(p_tenant uuid, p_id uuid) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_number    phone_numbers;
    v_campaign  text;
    v_now       timestamptz := outdial.now();
BEGIN
    IF p_tenant IS NOT DISTINCT FROM outdial.tenant() THEN
        PERFORM FROM number_use u JOIN phone_numbers n ON n.tenant_id = u.tenant_id AND n.number = u.number WHERE n.tenant_id = p_tenant AND n.id = p_id FOR UPDATE OF u;
        SELECT * INTO v_number FROM phone_numbers WHERE tenant_id = p_tenant AND id = p_id FOR UPDATE;
    END IF;
    IF v_number.id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'OD404', MESSAGE = 'There is nothing at this address.', DETAIL = 'not_found';
    ELSIF v_number.state = 'buying' THEN
        RAISE EXCEPTION USING ERRCODE = 'OD409', MESSAGE = 'The carrier has not confirmed yet that this number is bought. Try again in a few minutes.', DETAIL = 'purchase_in_progress';
    END IF;
    SELECT name INTO v_campaign FROM campaigns WHERE tenant_id = p_tenant AND state = 'running' AND (id = v_number.campaign_id OR caller_id = v_number.number) LIMIT 1;
    IF v_campaign IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'OD409', DETAIL = 'in_use',
            MESSAGE = format('The campaign %s is running and calls from this number. Stop it or unlink the number first.', v_campaign);
    ELSIF EXISTS (SELECT FROM attempts WHERE tenant_id = p_tenant AND caller_id = v_number.number AND ended_at IS NULL) THEN
        RAISE EXCEPTION USING ERRCODE = 'OD409', MESSAGE = 'A call from this number is under way. Wait until it is over.', DETAIL = 'in_use';
    END IF;
    PERFORM audit_add(p_tenant, 'number.release', p_id, jsonb_build_object('number', v_number.number));
    IF v_number.provider_sid IS NULL OR v_number.account_id IS NULL OR v_number.carrier_gone THEN
        DELETE FROM phone_numbers WHERE tenant_id = p_tenant AND id = p_id;
        RETURN 'gone';
    END IF;
    UPDATE phone_numbers SET state = 'releasing', ordered_at = coalesce(ordered_at, v_now), settle_at = v_now + interval '30 seconds', updated_at = v_now
     WHERE tenant_id = p_tenant AND id = p_id;
    RETURN 'releasing';
END $$;

-- What became of it.
--   bought       the carrier has it for us, under p_sid        not_bought  provably not
--   released     the carrier has it no more                    kept        it refused to take it back
--   unknown      no clear answer: the carrier's list is asked soon
--   empty        the list does not have it                     unreachable  the list could not be read
-- Answers the state that it left: buying, owned, releasing, gone.
DROP FUNCTION IF EXISTS outdial.number_report(uuid, uuid, text, text, text, timestamptz, jsonb, text);
CREATE OR REPLACE FUNCTION outdial.number_report(p_tenant uuid, p_id uuid, p_outcome text, p_sid text, p_type text, p_purchased_at timestamptz,
                                                 p_capabilities jsonb, p_detail text) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_number  phone_numbers;
    v_now     timestamptz := outdial.now();
BEGIN
    SELECT * INTO v_number FROM phone_numbers WHERE tenant_id = p_tenant AND p_tenant = outdial.tenant() AND id = p_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'gone';
    ELSIF v_number.state = 'owned' THEN
        RETURN 'owned';
    ELSIF v_number.state = 'buying' AND p_outcome = 'bought' THEN
        UPDATE phone_numbers SET state = 'owned', settle_at = NULL, ordered_at = NULL, provider_sid = p_sid, type = coalesce(p_type, type), verified_at = v_now,
                                 purchased_at = coalesce(p_purchased_at, v_now), updated_at = v_now,
                                 metadata = metadata || jsonb_build_object('capabilities', coalesce(p_capabilities, '{}'))
         WHERE id = p_id;
        PERFORM audit_add(p_tenant, 'number.bought', p_id, jsonb_build_object('number', v_number.number));
        RETURN 'owned';
    ELSIF v_number.state = 'buying' AND (p_outcome = 'not_bought'
                                         OR (p_outcome = 'empty' AND v_number.empty_looks >= 1 AND v_number.last_look_at <= v_now - interval '60 seconds')) THEN
        DELETE FROM phone_numbers WHERE id = p_id;
        -- a plain refusal is the answer that the key is kept with
        DELETE FROM idempotency WHERE tenant_id = p_tenant AND attempt_id = p_id AND p_outcome = 'not_bought';
        PERFORM audit_add(p_tenant, 'number.not_bought', p_id, jsonb_build_object('number', v_number.number, 'reason', coalesce(p_detail, 'The provider does not have it.')));
        RETURN 'gone';
    ELSIF v_number.state = 'buying' AND p_outcome = 'empty' AND v_number.empty_looks = 0 THEN
        UPDATE phone_numbers SET empty_looks = 1, last_look_at = v_now, settle_at = v_now + interval '60 seconds' WHERE id = p_id;
    ELSIF v_number.state = 'releasing' AND p_outcome = 'released' THEN
        DELETE FROM phone_numbers WHERE id = p_id;
        PERFORM audit_add(p_tenant, 'number.released', p_id, jsonb_build_object('number', v_number.number));
        RETURN 'gone';
    ELSIF v_number.state = 'releasing' AND p_outcome = 'kept' THEN
        UPDATE phone_numbers SET state = 'owned', settle_at = NULL, ordered_at = NULL, updated_at = v_now WHERE id = p_id;
        PERFORM audit_add(p_tenant, 'number.kept', p_id, jsonb_build_object('number', v_number.number, 'reason', p_detail));
        RETURN 'owned';
    ELSE
        -- asked again soon, and ever more rarely while there is no answer
        UPDATE phone_numbers SET settle_at = v_now + CASE WHEN p_outcome IN ('unknown', 'empty') THEN interval '15 seconds'
                                                          ELSE least(interval '1 hour', greatest(interval '30 seconds', (v_now - ordered_at) / 10)) END
         WHERE id = p_id;
    END IF;
    RETURN v_number.state;
END $$;

-- Orders that somebody should ask the carrier about now; each is lent to one dialer for 20 s.
CREATE OR REPLACE FUNCTION outdial.dialer_numbers(p_most integer)
RETURNS TABLE (tenant_id uuid, number_id uuid, account_id uuid, number text, provider_sid text, state text)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    UPDATE phone_numbers n SET settle_at = outdial.now() + interval '20 seconds'
     WHERE n.id = ANY (ARRAY(SELECT id FROM phone_numbers WHERE settle_at <= outdial.now() ORDER BY settle_at LIMIT p_most FOR UPDATE SKIP LOCKED))
    RETURNING n.tenant_id, n.id, n.account_id, n.number, n.provider_sid, n.state
$$;

-- Stores numbers of an account, as the provider lists them: new ones are added, changed ones updated, nothing loses its links.
-- p_complete: the list is whole, so what the account no longer has is no longer active, except for what came within p_seconds,
-- while the list was being read.  What is no number or no id of a number is left out, and so is a number that the list of another
-- carrier account has for another tenant: a number belongs to one account.
DROP FUNCTION IF EXISTS outdial.numbers_store(uuid, uuid, jsonb, boolean);
CREATE OR REPLACE FUNCTION outdial.numbers_store(p_tenant uuid, p_account uuid, p_rows jsonb, p_complete boolean, p_seconds double precision)
RETURNS TABLE (imported bigint, updated bigint, total bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_sid  text;
BEGIN
    SELECT account_sid INTO v_sid FROM provider_accounts WHERE id = p_account AND tenant_id = p_tenant AND p_tenant = outdial.tenant() AND provider = 'twilio';
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'OD404', MESSAGE = 'There is no such account.', DETAIL = 'not_found';
    END IF;
    WITH given AS (
        SELECT DISTINCT ON (r ->> 'number') r ->> 'sid' AS sid, r ->> 'number' AS number, r ->> 'type' AS type, (r ->> 'purchased_at')::timestamptz AS purchased_at,
               jsonb_build_object('capabilities', coalesce(r -> 'capabilities', '{}'), 'importedFrom', 'twilio',
                                  'originalTrunkSid', r -> 'trunk_sid') AS metadata
          FROM jsonb_array_elements(p_rows) r
         WHERE r ->> 'number' ~ '^\+[1-9][0-9]{4,14}$' AND r ->> 'sid' ~ '^PN[0-9a-fA-F]{32}$' AND r ->> 'type' IN ('LOCAL', 'TOLL_FREE', 'MOBILE')
           AND NOT EXISTS (SELECT FROM phone_numbers o JOIN provider_accounts a ON a.id = o.account_id
                            WHERE o.number = r ->> 'number' AND o.tenant_id <> p_tenant AND o.verified_at IS NOT NULL AND NOT o.carrier_gone
                              AND a.account_sid IS DISTINCT FROM v_sid)
    ), changed AS (
        UPDATE phone_numbers n SET type = g.type, provider_sid = g.sid, account_id = p_account, metadata = n.metadata || g.metadata, carrier_gone = false,
                                   state = CASE WHEN n.state = 'buying' THEN 'owned' ELSE n.state END,
                                   settle_at = CASE WHEN n.state = 'buying' THEN NULL ELSE n.settle_at END,
                                   purchased_at = coalesce(n.purchased_at, g.purchased_at),
                                   verified_at = coalesce(n.verified_at, outdial.now()), updated_at = outdial.now()
          FROM given g WHERE n.tenant_id = p_tenant AND n.number = g.number
           AND (n.type, n.provider_sid, n.account_id, n.metadata || g.metadata, n.carrier_gone, n.verified_at IS NOT NULL)
               IS DISTINCT FROM (g.type, g.sid, p_account, n.metadata, false, true)
        RETURNING n.id
    ), added AS (
        INSERT INTO phone_numbers (tenant_id, account_id, number, type, provider, provider_sid, verified_at, purchased_at, metadata)
        SELECT p_tenant, p_account, number, type, 'TWILIO', sid, outdial.now(), purchased_at, metadata FROM given
        ON CONFLICT ON CONSTRAINT phone_numbers_number_key DO NOTHING RETURNING id
    )
    SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM changed), jsonb_array_length(p_rows) INTO imported, updated, total;
    IF p_complete THEN
        UPDATE phone_numbers SET carrier_gone = true, updated_at = outdial.now()
         WHERE tenant_id = p_tenant AND account_id = p_account AND NOT carrier_gone AND provider = 'TWILIO' AND state = 'owned'
           AND verified_at <= outdial.now() - make_interval(secs => p_seconds)
           AND NOT EXISTS (SELECT FROM jsonb_array_elements(p_rows) r WHERE r ->> 'number' = number);
    END IF;
    PERFORM audit_add(p_tenant, 'numbers.import', p_account, jsonb_build_object('imported', imported, 'updated', updated, 'total', total));
    RETURN NEXT;
END $$;
