-- The world of the two-session specs: committed, and put back before every permutation.
\ir ../world/world.psql
CREATE FUNCTION w.reset() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE call_events, legs, attempts, conversations, dnc, stray_events, idempotency, audit, campaign_leads, leads, account_pace, campaign_pace CASCADE;
    DELETE FROM campaign_lists WHERE id <> ALL (ARRAY[w.id('a', 21), w.id('b', 21)]);
    DELETE FROM campaigns WHERE id = w.id('a', 22) OR is_default;
    UPDATE campaign_lists SET replaced_at = NULL;
    UPDATE campaigns SET state = 'running', interval_ms = 0, list_id = CASE WHEN tenant_id = w.id('a') THEN w.id('a', 21) ELSE w.id('b', 21) END;
    PERFORM w.lead('a', 40, '+12125552040'), w.lead('a', 41, '+12125552041'), w.lead('a', 42, '+12125552042');
    PERFORM w.at('2026-07-15 16:00+00');
END $$;
-- Entered as a dialer, as the owner of tenant A: the first statement of a transaction.
CREATE FUNCTION w.dialer() RETURNS void LANGUAGE sql AS $$ SELECT outdial.enter(w.id('a'), 'dialer', NULL, NULL, NULL) $$;
CREATE FUNCTION w.person() RETURNS void LANGUAGE sql AS $$ SELECT outdial.enter(w.id('a'), 'user:' || w.id('a', 1), 1, NULL, 'owner') $$;
-- What a dialer's turn gave.
CREATE FUNCTION w.dial(p_most integer, p_campaign integer DEFAULT 20) RETURNS TABLE (permits bigint, phones text, skipped integer, reason text) LANGUAGE sql AS $$
    SELECT count(attempt_id), string_agg(phone, ' ' ORDER BY phone), max(skipped), max(reason) FROM outdial.dial_campaign(w.id('a'), w.id('a', p_campaign), 1, p_most, NULL)
$$;
