-- Pacing: what the gate asks besides "may this number be called now?".
--
-- Who is next (claim_leads), how often again (retry_*), whose turn it is on a shared account (fair_share), whether the carrier works at all
-- (breaker_*, throttle_*), what may still be spent (money_*), and whether enough has been reached (goal_left).  The decisions are pure
-- functions of their arguments; what they remember lies in campaign_pace and account_pace, whose rows the gate holds locked.

-- ---- again: when, and how often ----

-- The wait before another call, after p_attempts calls.  A rule is {"times", "after_minutes"} and perhaps {"factor", "max_minutes"}:
-- the wait grows by the factor with every call.  It never shrinks, and ends at max_minutes, or thirty days.
CREATE OR REPLACE FUNCTION outdial.retry_delay(p_rule jsonb, p_attempts integer) RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT make_interval(secs => 60 * least(greatest(coalesce((p_rule ->> 'max_minutes')::double precision, 43200), first), 43200,
               first * power(least(10, greatest(1, coalesce((p_rule ->> 'factor')::double precision, 1))), least(greatest(p_attempts - 1, 0), 100))))
      FROM (SELECT greatest(0.001, least(43200, coalesce((p_rule ->> 'after_minutes')::double precision, 60))) AS first) r
$$;

-- When a lead is called again after its p_attempts-th call ended so; NULL: not any more.  There is one count per lead: the outcome's rule
-- chooses the wait, and how far the count may go when a call ends like this one.
CREATE OR REPLACE FUNCTION outdial.retry_at(p_campaign campaigns, p_outcome text, p_attempts integer, p_first timestamptz, p_now timestamptz)
RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN rule IS NOT NULL AND p_attempts <= coalesce((rule ->> 'times')::integer, 0)
                     AND (p_campaign.max_attempts = 0 OR p_attempts < p_campaign.max_attempts)
                     AND (p_campaign.retry_days = 0 OR p_now + outdial.retry_delay(rule, p_attempts) <= coalesce(p_first, p_now) + make_interval(days => p_campaign.retry_days))
                THEN p_now + outdial.retry_delay(rule, p_attempts) END
      FROM (SELECT p_campaign.retries -> p_outcome AS rule) r
$$;

-- The wait before a lead whose call was provably not placed comes back, before it is spread.
CREATE OR REPLACE FUNCTION outdial.return_delay(p_times integer) RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT make_interval(secs => least(60, 0.5 * 2 ^ least(greatest(p_times, 0), 10)))
$$;

-- ---- who is next ----

-- A lead's place among those that wait for their first call; NULL: its position.
CREATE OR REPLACE FUNCTION outdial.lead_rank(p_order text, p_position integer, p_priority integer, p_lead uuid) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE p_order WHEN 'newest'   THEN -p_position::bigint
                        WHEN 'random'   THEN hashtextextended(p_lead::text, 0)
                        WHEN 'priority' THEN (1000 - p_priority)::bigint << 32 | p_position END
$$;

-- Claims up to p_most leads, in the order in which they are to be called.  The caller holds p_pace's row, so claims of one campaign follow
-- one another.
--
-- Entries of leads that have left the queue stay in an index for as long as any old snapshot may see them, and an index is read from its
-- beginning.  So both queues are read from a mark on (fresh_from, retry_from).  claim_marks() moves the marks; whatever puts a lead
-- below fresh_from moves it back in the same transaction (campaign_leads_added, campaign_leads_returned).
CREATE OR REPLACE FUNCTION outdial.claim_leads(p_campaign campaigns, p_pace campaign_pace, p_now timestamptz, p_most integer) RETURNS uuid[]
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
DECLARE
    -- in every stretch of fresh_per_retry + 1 leads the last one is somebody who is called again
    v_again  integer := CASE p_campaign.lead_mix WHEN 'retries_first' THEN p_most WHEN 'fresh_first' THEN 0
                        ELSE (p_pace.fresh_run + p_most) / (p_campaign.fresh_per_retry + 1) END;
    v_retry  uuid[] := '{}';
    v_fresh  uuid[] := '{}';
BEGIN
    IF v_again > 0 THEN
        v_retry := claim_again(p_campaign, p_pace, p_now, v_again);
    END IF;
    IF p_most > cardinality(v_retry) THEN
        v_fresh := claim_fresh(p_campaign, p_pace, p_most - cardinality(v_retry));
    END IF;
    IF p_most > cardinality(v_retry) + cardinality(v_fresh) AND cardinality(v_retry) >= v_again THEN
        v_retry := claim_again(p_campaign, p_pace, p_now, p_most - cardinality(v_fresh));
    END IF;
    RETURN CASE WHEN p_campaign.lead_mix = 'retries_first' THEN v_retry || v_fresh ELSE v_fresh || v_retry END;
END $$;

CREATE OR REPLACE FUNCTION outdial.claim_fresh(p_campaign campaigns, p_pace campaign_pace, p_most integer) RETURNS uuid[]
LANGUAGE sql VOLATILE SET search_path = outdial, pg_temp AS $$
    SELECT coalesce(array_agg(lead_id ORDER BY place), '{}') FROM (
        SELECT lead_id, coalesce(rank, position) AS place FROM campaign_leads
         WHERE tenant_id = p_campaign.tenant_id AND list_id = p_campaign.list_id AND state = 'waiting' AND due_at = '-infinity'
           AND coalesce(rank, position) >= p_pace.fresh_from
         ORDER BY coalesce(rank, position) LIMIT p_most FOR UPDATE SKIP LOCKED) AS next
$$;

-- By priority: the most important of the five hundred that have been due longest.
CREATE OR REPLACE FUNCTION outdial.claim_again(p_campaign campaigns, p_pace campaign_pace, p_now timestamptz, p_most integer) RETURNS uuid[]
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    v_leads uuid[];
BEGIN
    IF p_campaign.lead_order = 'priority' THEN
        SELECT array_agg(lead_id) INTO v_leads FROM (
            SELECT lead_id FROM (
                SELECT lead_id, due_at, position FROM campaign_leads
                 WHERE tenant_id = p_campaign.tenant_id AND list_id = p_campaign.list_id AND state = 'waiting' AND due_at > '-infinity'
                   AND due_at >= p_pace.retry_from AND due_at <= p_now
                 ORDER BY due_at, position LIMIT 500) AS due
              JOIN leads l ON l.tenant_id = p_campaign.tenant_id AND l.id = due.lead_id
             ORDER BY l.priority DESC, due_at, position LIMIT p_most) AS important;
        SELECT array_agg(lead_id) INTO v_leads FROM (
            SELECT x.lead_id FROM unnest(v_leads) WITH ORDINALITY AS u(lead_id, n)
              JOIN campaign_leads x ON x.tenant_id = p_campaign.tenant_id AND x.list_id = p_campaign.list_id AND x.lead_id = u.lead_id
             WHERE x.state = 'waiting' ORDER BY u.n FOR UPDATE OF x SKIP LOCKED) AS free;
    ELSE
        SELECT array_agg(lead_id ORDER BY due_at, position) INTO v_leads FROM (
            SELECT lead_id, due_at, position FROM campaign_leads
             WHERE tenant_id = p_campaign.tenant_id AND list_id = p_campaign.list_id AND state = 'waiting' AND due_at > '-infinity'
               AND due_at >= p_pace.retry_from AND due_at <= p_now
             ORDER BY due_at, position LIMIT p_most FOR UPDATE SKIP LOCKED) AS next;
    END IF;
    RETURN coalesce(v_leads, '{}');
END $$;

-- Where the queues begin now.  A lead is put back for later by transactions that hold no lock of the campaign, so retry_from stays five
-- minutes behind the clock, longer than any of them may last.
CREATE OR REPLACE FUNCTION outdial.claim_marks(p_campaign campaigns, p_now timestamptz, INOUT p_pace campaign_pace)
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    p_pace.fresh_from := coalesce((
        SELECT coalesce(rank, position) FROM campaign_leads
         WHERE tenant_id = p_campaign.tenant_id AND list_id = p_campaign.list_id AND state = 'waiting' AND due_at = '-infinity'
           AND coalesce(rank, position) >= p_pace.fresh_from ORDER BY coalesce(rank, position) LIMIT 1), 9223372036854775807);
    p_pace.retry_from := greatest(p_pace.retry_from, least(p_now - interval '5 minutes', (
        SELECT due_at FROM campaign_leads
         WHERE tenant_id = p_campaign.tenant_id AND list_id = p_campaign.list_id AND state = 'waiting' AND due_at > '-infinity'
           AND due_at >= p_pace.retry_from ORDER BY due_at LIMIT 1)));
END $$;

-- Is anybody due?  Looked at only when nobody may be called anyway.
CREATE OR REPLACE FUNCTION outdial.somebody_due(p_campaign campaigns, p_pace campaign_pace, p_now timestamptz) RETURNS boolean
LANGUAGE sql STABLE SET search_path = outdial, pg_temp AS $$
    SELECT EXISTS (SELECT FROM campaign_leads WHERE tenant_id = p_campaign.tenant_id AND list_id = p_campaign.list_id AND state = 'waiting'
                                                AND due_at = '-infinity' AND coalesce(rank, position) >= p_pace.fresh_from)
        OR EXISTS (SELECT FROM campaign_leads WHERE tenant_id = p_campaign.tenant_id AND list_id = p_campaign.list_id AND state = 'waiting'
                                                AND due_at > '-infinity' AND due_at >= p_pace.retry_from AND due_at <= p_now)
$$;

-- New rows of a list: their places, and the mark back to the first of them.  The mark's row is locked whether it moves or not, so no claim
-- passes a row that is not committed yet.
CREATE OR REPLACE FUNCTION outdial.campaign_leads_added() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_list  record;
    v_from  bigint;
BEGIN
    FOR v_list IN SELECT n.tenant_id, n.list_id, n.campaign_id, c.lead_order, min(n.position) AS first FROM added n
                    JOIN campaigns c ON c.tenant_id = n.tenant_id AND c.id = n.campaign_id
                   WHERE n.state = 'waiting' GROUP BY 1, 2, 3, 4 ORDER BY 3 LOOP
        v_from := v_list.first;
        IF v_list.lead_order <> 'list' THEN
            v_from := -9223372036854775808;
            UPDATE campaign_leads x SET rank = lead_rank(v_list.lead_order, x.position, l.priority, x.lead_id)
              FROM added n JOIN leads l ON l.tenant_id = n.tenant_id AND l.id = n.lead_id
             WHERE n.list_id = v_list.list_id AND x.tenant_id = n.tenant_id AND x.list_id = n.list_id AND x.lead_id = n.lead_id;
        END IF;
        INSERT INTO campaign_pace AS p (campaign_id, refilled_at) VALUES (v_list.campaign_id, outdial.now())
        ON CONFLICT (campaign_id) DO UPDATE SET fresh_from = v_from WHERE p.fresh_from > v_from;
    END LOOP;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER campaign_leads_added AFTER INSERT ON campaign_leads REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION outdial.campaign_leads_added();

-- A lead that waits for its first call again, or at another place.
CREATE OR REPLACE FUNCTION outdial.campaign_leads_returned() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
BEGIN
    UPDATE campaign_pace SET fresh_from = -9223372036854775808 WHERE campaign_id = NEW.campaign_id AND fresh_from > coalesce(NEW.rank, NEW.position);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER campaign_leads_returned AFTER UPDATE ON campaign_leads FOR EACH ROW
    WHEN (NEW.state = 'waiting' AND NEW.due_at = '-infinity' AND (OLD.state <> 'waiting' OR OLD.due_at <> '-infinity' OR NEW.rank IS DISTINCT FROM OLD.rank))
    EXECUTE FUNCTION outdial.campaign_leads_returned();

-- Another order concerns those that wait for their first call.
CREATE OR REPLACE FUNCTION outdial.campaign_reordered() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
BEGIN
    UPDATE campaign_leads x SET rank = lead_rank(NEW.lead_order, x.position, l.priority, x.lead_id)
      FROM leads l
     WHERE x.tenant_id = NEW.tenant_id AND x.list_id = NEW.list_id AND x.state = 'waiting' AND x.due_at = '-infinity'
       AND l.tenant_id = x.tenant_id AND l.id = x.lead_id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER campaign_reordered AFTER UPDATE OF lead_order ON campaigns FOR EACH ROW
    WHEN (OLD.lead_order <> NEW.lead_order) EXECUTE FUNCTION outdial.campaign_reordered();

CREATE OR REPLACE FUNCTION outdial.lead_reprioritised() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
BEGIN
    UPDATE campaign_leads x SET rank = lead_rank('priority', x.position, NEW.priority, x.lead_id)
      FROM campaigns c
     WHERE x.tenant_id = NEW.tenant_id AND x.lead_id = NEW.id AND x.state = 'waiting' AND x.due_at = '-infinity'
       AND c.tenant_id = x.tenant_id AND c.id = x.campaign_id AND c.lead_order = 'priority';
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER lead_reprioritised AFTER UPDATE OF priority ON leads FOR EACH ROW
    WHEN (OLD.priority <> NEW.priority) EXECUTE FUNCTION outdial.lead_reprioritised();

-- Leads of the present list that ended in one of these ways wait again as if they had never been called; answers how many.
-- p_outcomes: words of last_outcome, or of reason for those that were skipped or failed; NULL: everybody who is not being called (a reset).
CREATE OR REPLACE FUNCTION outdial.campaign_recycle(p_tenant uuid, p_campaign uuid, p_outcomes text[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_list   uuid;
    v_count  bigint;
BEGIN
    SELECT list_id INTO v_list FROM campaigns WHERE tenant_id = p_tenant AND id = p_campaign AND p_tenant = outdial.tenant() FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'OD404', MESSAGE = 'There is no such campaign.', DETAIL = 'not_found';
    END IF;
    UPDATE campaign_leads SET state = 'waiting', due_at = '-infinity', attempts = 0, not_placed = 0, first_at = NULL, reason = NULL
     WHERE tenant_id = p_tenant AND list_id = v_list
       AND CASE WHEN p_outcomes IS NULL THEN state IN ('done', 'failed', 'skipped') OR (state = 'waiting' AND due_at > '-infinity')
                ELSE state IN ('done', 'failed', 'skipped') AND (last_outcome = ANY (p_outcomes) OR (state <> 'done' AND reason = ANY (p_outcomes))) END;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    PERFORM audit_add(p_tenant, 'campaign.recycle', p_campaign, jsonb_build_object('outcomes', p_outcomes, 'leads', v_count));
    RETURN v_count;
END $$;

-- ---- one account, several campaigns ----

-- How many calls a campaign may begin now so that all that want more than the account gives are served by weight.  Served is what each has
-- had, divided by its weight; nobody runs further ahead of the slowest than p_ahead calls.  Whoever did not want for more is not
-- waited for, and comes back as an equal: it neither saves anything up nor owes anything.
--   p_floor  least served of the others that are hungry; NULL: there is none
CREATE OR REPLACE FUNCTION outdial.fair_share(p_served double precision, p_hungry boolean, p_weight integer, p_floor double precision,
                                              p_ahead double precision, OUT served double precision, OUT most integer)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT s, CASE WHEN p_floor IS NOT NULL THEN greatest(0, floor(least(1e6, (p_floor - s) * p_weight + greatest(p_weight, p_ahead))))::integer END
      FROM (SELECT CASE WHEN p_hungry OR p_floor IS NULL THEN p_served ELSE p_floor END AS s) x
$$;

-- The least served of the other campaigns on the account that were hungry a moment ago and still run.
CREATE OR REPLACE FUNCTION outdial.share_floor(p_account uuid, p_campaign uuid, p_now timestamptz) RETURNS double precision
LANGUAGE sql STABLE SET search_path = outdial, pg_temp AS $$
    SELECT min(p.served) FROM campaign_pace p JOIN campaigns c ON c.id = p.campaign_id
     WHERE p.account_id = p_account AND p.campaign_id <> p_campaign AND p.hungry_at > p_now - interval '2 seconds' AND c.state = 'running'
$$;

-- ---- the carrier says: too fast ----

-- The share of its rate that an account may use now: halved by every 429, at most once a second, and back by a fiftieth a second.
CREATE OR REPLACE FUNCTION outdial.throttle_level(p_throttle double precision, p_at timestamptz, p_now timestamptz) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN p_throttle >= 1 OR p_now > p_at + interval '1 minute' THEN 1
                ELSE least(1, p_throttle + greatest(0, extract(epoch FROM p_now - p_at)) * 0.02) END
$$;

-- p_retry_ms is what the carrier asked for, whatever that was.
CREATE OR REPLACE FUNCTION outdial.account_slow_down(p_account uuid, p_retry_ms bigint, p_now timestamptz) RETURNS void
LANGUAGE sql VOLATILE SET search_path = outdial, pg_temp AS $$
    UPDATE account_pace
       SET blocked_until = greatest(blocked_until, p_now + make_interval(secs => least(greatest(coalesce(p_retry_ms, 1000), 500), 900000) / 1000.0)),
           throttle = CASE WHEN throttled_at > p_now - interval '1 second' THEN throttle
                           ELSE greatest(0.02, throttle_level(throttle, throttled_at, p_now) / 2) END,
           throttled_at = CASE WHEN throttled_at > p_now - interval '1 second' THEN throttled_at ELSE p_now END
     WHERE account_id = p_account
$$;

-- ---- the breaker ----

-- One step of a campaign's breaker.
--   p_failed  how its latest calls ended, of those that were permitted since p_since
--   does      run | wait (until clears_at) | probe (one call at a time) | pause (a person must look)
-- closed -> open when enough of the latest calls failed;  open -> half_open after the cooldown, which doubles up to an hour;
-- half_open -> closed after goodProbes good ones in a row, -> open after a bad one.
CREATE OR REPLACE FUNCTION outdial.breaker_step(p_rule jsonb, p_state text, p_since timestamptz, p_trips integer, p_failed boolean[], p_now timestamptz,
                                                OUT state text, OUT since timestamptz, OUT trips integer, OUT does text, OUT clears_at timestamptz)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = outdial, pg_temp AS $$
DECLARE
    v_calls     integer := cardinality(p_failed);
    v_bad       integer := coalesce((SELECT count(*) FILTER (WHERE f) FROM unnest(p_failed) f), 0);
    v_cooldown  double precision := (p_rule ->> 'cooldownSeconds')::double precision;
BEGIN
    state := p_state; since := p_since; trips := p_trips; does := 'run';
    IF p_rule IS NULL THEN
        state := 'closed'; trips := 0;
        RETURN;
    END IF;
    IF (state = 'closed' AND v_calls >= (p_rule ->> 'attempts')::integer AND v_bad * 100 >= v_calls * (p_rule ->> 'failurePercent')::double precision)
       OR (state = 'half_open' AND v_bad > 0) THEN
        since := p_now; trips := trips + 1;
        IF trips >= (p_rule ->> 'pauseAfter')::integer THEN
            state := 'closed'; trips := 0; does := 'pause';
            RETURN;
        END IF;
        state := 'open';
    ELSIF state = 'half_open' AND v_calls >= (p_rule ->> 'goodProbes')::integer THEN
        state := 'closed'; since := p_now; trips := 0;
    END IF;
    IF state = 'open' THEN
        clears_at := since + make_interval(secs => least(3600, v_cooldown * 2 ^ least(greatest(trips - 1, 0), 12)));
        does := 'wait';
        IF clears_at <= p_now THEN
            state := 'half_open'; since := p_now; clears_at := NULL;
        END IF;
    END IF;
    IF state = 'half_open' THEN
        does := 'probe';
    END IF;
END $$;

-- How the campaign's latest calls ended that tell whether the carrier works: a busy line does, a 429 says nothing about it.
CREATE OR REPLACE FUNCTION outdial.breaker_evidence(p_campaign campaigns, p_since timestamptz) RETURNS boolean[]
LANGUAGE sql STABLE SET search_path = outdial, pg_temp AS $$
    SELECT coalesce(array_agg(outcome IN ('failed', 'refused', 'not_placed', 'not_sent')), '{}') FROM (
        SELECT outcome FROM attempts
         WHERE tenant_id = p_campaign.tenant_id AND campaign_id = p_campaign.id AND permitted_at >= p_since
           AND ended_at IS NOT NULL AND outcome NOT IN ('later', 'account', 'caller_id', 'canceled')
         ORDER BY permitted_at DESC, id DESC LIMIT (p_campaign.breaker ->> 'attempts')::integer) AS told
$$;

-- The breaker's word in a campaign's turn; what it moves is written at once.
CREATE OR REPLACE FUNCTION outdial.campaign_breaker(p_campaign campaigns, p_now timestamptz, INOUT p_pace campaign_pace, OUT does text, OUT clears_at timestamptz)
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
DECLARE
    v_step  record;
BEGIN
    does := 'run';
    IF p_campaign.breaker IS NULL AND p_pace.breaker_state = 'closed' THEN
        RETURN;
    END IF;
    v_step := breaker_step(p_campaign.breaker, p_pace.breaker_state, p_pace.breaker_since, p_pace.breaker_trips,
                           CASE WHEN p_pace.breaker_state = 'open' THEN '{}' ELSE breaker_evidence(p_campaign, p_pace.breaker_since) END, p_now);
    does := v_step.does;
    clears_at := v_step.clears_at;
    IF (v_step.state, v_step.since, v_step.trips) IS DISTINCT FROM (p_pace.breaker_state, p_pace.breaker_since, p_pace.breaker_trips) THEN
        p_pace.breaker_state := v_step.state; p_pace.breaker_since := v_step.since; p_pace.breaker_trips := v_step.trips;
        UPDATE campaign_pace SET breaker_state = v_step.state, breaker_since = v_step.since, breaker_trips = v_step.trips WHERE campaign_id = p_campaign.id;
    END IF;
    IF does = 'pause' THEN
        PERFORM campaign_pause(p_campaign.tenant_id, p_campaign.id, 'Too many calls failed, again and again. Look at the call log, then resume.');
    END IF;
END $$;

-- The system pauses a campaign, and says why.
CREATE OR REPLACE FUNCTION outdial.campaign_pause(p_tenant uuid, p_campaign uuid, p_reason text) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
BEGIN
    UPDATE campaigns SET state = 'paused', state_reason = p_reason, updated_at = outdial.now() WHERE tenant_id = p_tenant AND id = p_campaign AND state = 'running';
    IF FOUND THEN
        PERFORM audit_add(p_tenant, 'campaign.pause', p_campaign, jsonb_build_object('reason', p_reason));
    END IF;
END $$;

-- Somebody starts the campaign: they have looked, so what failed before counts no more.
CREATE OR REPLACE FUNCTION outdial.breaker_reset(p_campaign uuid) RETURNS void LANGUAGE sql VOLATILE SET search_path = outdial, pg_temp AS $$
    UPDATE campaign_pace SET breaker_state = 'closed', breaker_since = outdial.now(), breaker_trips = 0 WHERE campaign_id = p_campaign
$$;

-- ---- money ----

-- Millionths as decimal text, exactly.
CREATE OR REPLACE FUNCTION outdial.money_text(p_micros bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT trim_scale(p_micros * 0.000001)::text
$$;

-- Millionths of a currency in one of its minor units.
CREATE OR REPLACE FUNCTION outdial.minor_micros(p_currency text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN p_currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF', 'XOF', 'XPF') THEN 1000000
                WHEN p_currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 1000 ELSE 10000 END
$$;

-- What a minute of a call to this number probably costs: the longest prefix decides; NULL: nobody said.
CREATE OR REPLACE FUNCTION outdial.call_rate(p_rates jsonb, p_phone text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT value::bigint FROM jsonb_each_text(p_rates -> 'perMinute') WHERE key = '*' OR starts_with(p_phone, key) ORDER BY key = '*', length(key) DESC LIMIT 1
$$;

-- What an answered call to this number costs on top of its minutes, by the same prefix.
CREATE OR REPLACE FUNCTION outdial.call_fee(p_rates jsonb, p_phone text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce((p_rates -> 'perCall' ->> key)::bigint, 0) FROM jsonb_object_keys(p_rates -> 'perMinute') AS key
     WHERE key = '*' OR starts_with(p_phone, key) ORDER BY key = '*', length(key) DESC LIMIT 1
$$;

-- What a line of so many seconds probably costs: begun minutes are paid, and nobody pays for a line that was not answered.
CREATE OR REPLACE FUNCTION outdial.call_estimate(p_rates jsonb, p_phone text, p_seconds integer) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN p_seconds > 0 THEN ceil(p_seconds / 60.0)::bigint * outdial.call_rate(p_rates, p_phone) + outdial.call_fee(p_rates, p_phone) ELSE 0 END
$$;

-- What a permit reserves: two minutes.
CREATE OR REPLACE FUNCTION outdial.call_reserve(p_rates jsonb, p_phone text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT outdial.call_estimate(p_rates, p_phone, 120)
$$;

-- What an ended call probably cost, and the minutes it is charged for, over all its lines.
DROP FUNCTION IF EXISTS outdial.call_cost(attempts);
CREATE OR REPLACE FUNCTION outdial.call_cost(p_attempt attempts, OUT micros bigint, OUT currency text, OUT minutes integer)
LANGUAGE sql STABLE SET search_path = outdial, pg_temp AS $$
    SELECT coalesce(sum(call_estimate(p.rates, coalesce(l.phone_e164, p_attempt.phone_e164), l.duration)), 0)::bigint, min(p.rates ->> 'currency'),
           coalesce(sum(ceil(l.duration / 60.0)), 0)::integer
      FROM provider_accounts p LEFT JOIN legs l ON l.tenant_id = p_attempt.tenant_id AND l.attempt_id = p_attempt.id AND l.duration > 0
     WHERE p.id = p_attempt.account_id
$$;

-- The carrier's price counts once it is known, if it is in the currency that was reserved.
CREATE OR REPLACE FUNCTION outdial.attempt_cost(p_attempt attempts) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN p_attempt.price_currency = p_attempt.estimate_currency THEN abs(coalesce(p_attempt.price_micros, p_attempt.estimate_micros)) ELSE p_attempt.estimate_micros END
$$;

CREATE OR REPLACE FUNCTION outdial.attempt_priced() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_more bigint := attempt_cost(NEW) - attempt_cost(OLD);
BEGIN
    IF v_more <> 0 THEN
        INSERT INTO spend_news (tenant_id, campaign_id, micros)
        SELECT NEW.tenant_id, c.id, v_more FROM campaigns c WHERE c.tenant_id = NEW.tenant_id AND c.id = NEW.campaign_id AND c.budget IS NOT NULL
        UNION ALL SELECT NEW.tenant_id, NULL, v_more FROM tenant_money WHERE tenant_id = NEW.tenant_id;
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER attempt_priced AFTER UPDATE OF estimate_micros, price_micros ON attempts FOR EACH ROW
    WHEN (OLD.estimate_currency IS NOT NULL) EXECUTE FUNCTION outdial.attempt_priced();

-- Takes the news into the totals and says what may still be reserved, and if nothing, why.  Locks: campaign_pace is held, tenant_money
-- is taken.  left_micros NULL: nothing limits the spending.  Prices in another currency than the limit's mean no.
CREATE OR REPLACE FUNCTION outdial.money_left(p_tenant tenants, p_campaign campaigns, p_rates jsonb, p_now timestamptz, OUT left_micros bigint, OUT why text)
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
DECLARE
    v_spent  bigint;
    v_news   bigint;
    v_money  tenant_money;
    v_today  date := (p_now AT TIME ZONE p_tenant.timezone)::date;
BEGIN
    IF p_campaign.budget IS NOT NULL THEN
        SELECT spent_micros INTO v_spent FROM campaign_pace WHERE campaign_id = p_campaign.id;
        IF v_spent IS NULL THEN
            -- the limit is new: everything this campaign has cost so far, the news that are on their way included
            WITH told AS (DELETE FROM spend_news WHERE tenant_id = p_tenant.id AND campaign_id = p_campaign.id)
            SELECT coalesce(sum(CASE WHEN a.estimate_currency IS NOT NULL THEN attempt_cost(a) WHEN a.price_currency = p_rates ->> 'currency' THEN abs(a.price_micros)
                                     ELSE (call_cost(a)).micros END), 0) INTO v_spent
              FROM attempts a WHERE a.tenant_id = p_tenant.id AND a.campaign_id = p_campaign.id;
            UPDATE campaign_pace SET spent_micros = v_spent WHERE campaign_id = p_campaign.id;
        ELSE
            WITH told AS (DELETE FROM spend_news WHERE tenant_id = p_tenant.id AND campaign_id = p_campaign.id RETURNING micros)
            SELECT coalesce(sum(micros), 0) INTO v_news FROM told;
            IF v_news <> 0 THEN
                v_spent := v_spent + v_news;
                UPDATE campaign_pace SET spent_micros = v_spent WHERE campaign_id = p_campaign.id;
            END IF;
        END IF;
        left_micros := (p_campaign.budget ->> 'amount')::bigint * minor_micros(p_campaign.budget ->> 'currency') - v_spent;
        why := 'The campaign''s budget is used up.';
        IF p_campaign.budget ->> 'currency' IS DISTINCT FROM p_rates ->> 'currency' THEN
            left_micros := 0;
            why := 'The budget and the account''s prices are in different currencies.';
        END IF;
    END IF;
    SELECT * INTO v_money FROM tenant_money WHERE tenant_id = p_tenant.id FOR UPDATE;
    IF FOUND THEN
        WITH told AS (DELETE FROM spend_news WHERE tenant_id = p_tenant.id AND campaign_id IS NULL RETURNING micros)
        SELECT coalesce(sum(micros), 0) INTO v_news FROM told;
        IF v_news <> 0 OR v_money.day IS DISTINCT FROM v_today THEN
            UPDATE tenant_money SET day = v_today, day_spent_micros = CASE WHEN day = v_today THEN day_spent_micros ELSE 0 END + v_news,
                                    credit_micros = credit_micros - v_news
             WHERE tenant_id = p_tenant.id RETURNING * INTO v_money;
        END IF;
        IF v_money.currency IS DISTINCT FROM p_rates ->> 'currency' THEN
            left_micros := 0;
            why := 'The tenant''s limit and the account''s prices are in different currencies.';
        ELSIF v_money.credit_micros < coalesce(left_micros, v_money.credit_micros + 1) THEN
            left_micros := v_money.credit_micros;
            why := 'The tenant''s credit is used up.';
        END IF;
        IF v_money.day_limit_micros - v_money.day_spent_micros < coalesce(left_micros, 9223372036854775807) THEN
            left_micros := v_money.day_limit_micros - v_money.day_spent_micros;
            why := 'The tenant''s budget for today is used up.';
        END IF;
    END IF;
END $$;

-- Adds what was reserved; the caller holds the rows since money_left().
CREATE OR REPLACE FUNCTION outdial.money_reserve(p_tenant uuid, p_campaign campaigns, p_micros bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
DECLARE
    v_pace campaign_pace;
BEGIN
    IF p_campaign.budget IS NOT NULL THEN
        UPDATE campaign_pace SET spent_micros = spent_micros + p_micros WHERE campaign_id = p_campaign.id RETURNING * INTO v_pace;
        IF NOT v_pace.budget_warned AND v_pace.spent_micros * 5 >= (p_campaign.budget ->> 'amount')::bigint * minor_micros(p_campaign.budget ->> 'currency') * 4 THEN
            UPDATE campaign_pace SET budget_warned = true WHERE campaign_id = p_campaign.id;
            PERFORM audit_add(p_tenant, 'campaign.budget_warning', p_campaign.id, p_campaign.budget || jsonb_build_object('spent_micros', v_pace.spent_micros));
        END IF;
    END IF;
    UPDATE tenant_money SET day_spent_micros = day_spent_micros + p_micros, credit_micros = credit_micros - p_micros WHERE tenant_id = p_tenant;
END $$;

-- Another budget: what was spent is added up anew when it is next asked, and 80 % is told again.
CREATE OR REPLACE FUNCTION outdial.campaign_rebudgeted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
BEGIN
    UPDATE campaign_pace SET spent_micros = NULL, budget_warned = false WHERE campaign_id = NEW.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER campaign_rebudgeted AFTER UPDATE OF budget ON campaigns FOR EACH ROW
    WHEN (OLD.budget IS DISTINCT FROM NEW.budget) EXECUTE FUNCTION outdial.campaign_rebudgeted();

-- ---- enough ----

CREATE OR REPLACE FUNCTION outdial.goal_reached(p_campaign campaigns) RETURNS bigint LANGUAGE sql STABLE SET search_path = outdial, pg_temp AS $$
    SELECT count(*) FROM attempts
     WHERE tenant_id = p_campaign.tenant_id AND list_id = p_campaign.list_id AND outcome = 'answered'
       AND CASE p_campaign.goal ->> 'outcome' WHEN 'human' THEN answered_by = 'human' WHEN 'pressed_1' THEN digits = '1' ELSE true END
$$;

-- ---- shown ----

-- How a campaign is paced at this moment; each column is an object, in the words of the API.
DROP FUNCTION IF EXISTS outdial.campaign_pacing(uuid, uuid);
CREATE OR REPLACE FUNCTION outdial.campaign_pacing(p_tenant uuid, p_campaign uuid)
RETURNS TABLE (breaker jsonb, budget jsonb, goal jsonb, share jsonb, account jsonb, queue jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_now       timestamptz := outdial.now();
    v_campaign  campaigns;
    v_account   provider_accounts;
    v_apace     account_pace;
    v_pace      campaign_pace;
    v_step      record;
    v_failed    boolean[] := '{}';
    v_weights   bigint;
BEGIN
    SELECT * INTO v_campaign FROM campaigns c WHERE c.tenant_id = p_tenant AND c.id = p_campaign AND p_tenant = outdial.tenant();
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT * INTO v_pace FROM campaign_pace p WHERE p.campaign_id = p_campaign;
    v_account := campaign_account(v_campaign);
    SELECT * INTO v_apace FROM account_pace p WHERE p.account_id = v_account.id;

    IF v_campaign.breaker IS NOT NULL THEN
        v_failed := breaker_evidence(v_campaign, coalesce(v_pace.breaker_since, '-infinity'));
        v_step := breaker_step(v_campaign.breaker, coalesce(v_pace.breaker_state, 'closed'), v_pace.breaker_since, coalesce(v_pace.breaker_trips, 0),
                               CASE WHEN v_pace.breaker_state = 'open' THEN v_failed ELSE '{}' END, v_now);
        breaker := jsonb_build_object('state', v_step.state, 'until', instant(v_step.clears_at), 'trips', v_step.trips, 'calls', cardinality(v_failed),
                                      'failed', (SELECT count(*) FROM unnest(v_failed) f WHERE f));
    END IF;
    budget := money_shown(v_campaign, v_pace);
    IF v_campaign.goal IS NOT NULL THEN
        goal := v_campaign.goal || jsonb_build_object('reached', goal_reached(v_campaign),
                    'open', (SELECT count(*) FROM attempts a WHERE a.tenant_id = p_tenant AND a.campaign_id = p_campaign AND a.ended_at IS NULL));
    END IF;
    SELECT sum(c.weight) INTO v_weights FROM campaign_pace p JOIN campaigns c ON c.id = p.campaign_id
     WHERE p.account_id = v_account.id AND c.state = 'running' AND (c.id = p_campaign OR p.hungry_at > v_now - interval '2 seconds');
    share := jsonb_build_object('weight', v_campaign.weight, 'percent', CASE WHEN v_campaign.state = 'running' THEN round(100.0 * v_campaign.weight / coalesce(v_weights, v_campaign.weight), 1) END);
    account := jsonb_build_object('id', v_account.id, 'callsPerSecond', round((v_account.calls_per_second * coalesce(throttle_level(v_apace.throttle, v_apace.throttled_at, v_now), 1))::numeric, 3),
                                  'blockedUntil', CASE WHEN v_apace.blocked_until > v_now THEN instant(v_apace.blocked_until) END);
    SELECT jsonb_build_object('fresh', count(*) FILTER (WHERE x.due_at = '-infinity'), 'retriesDue', count(*) FILTER (WHERE x.due_at > '-infinity' AND x.due_at <= v_now),
                              'retriesLater', count(*) FILTER (WHERE x.due_at > v_now), 'nextDueAt', instant(min(x.due_at) FILTER (WHERE x.due_at > v_now)))
      INTO queue FROM campaign_leads x WHERE x.tenant_id = p_tenant AND x.list_id = v_campaign.list_id AND x.state = 'waiting';
    RETURN NEXT;
END $$;

CREATE OR REPLACE FUNCTION outdial.instant(p timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT to_char(p AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- The budget with what is spent and reserved, in minor units; what is not folded in yet counts.
CREATE OR REPLACE FUNCTION outdial.money_shown(p_campaign campaigns, p_pace campaign_pace) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = outdial, pg_temp AS $$
    SELECT CASE WHEN p_campaign.budget IS NOT NULL THEN
               p_campaign.budget || jsonb_build_object('spent', round(spent / minor_micros(p_campaign.budget ->> 'currency'), 2),
                                                       'warning', spent * 5 >= (p_campaign.budget ->> 'amount')::bigint * minor_micros(p_campaign.budget ->> 'currency') * 4) END
      FROM (SELECT coalesce(p_pace.spent_micros, 0)::numeric + coalesce((SELECT sum(micros) FROM spend_news n WHERE n.tenant_id = p_campaign.tenant_id AND n.campaign_id = p_campaign.id), 0) AS spent) s
$$;
