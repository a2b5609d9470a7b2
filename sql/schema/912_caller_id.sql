-- Which number a call shows, and how often a number is shown in a day.
--
-- A campaign's strategy says how a number of its pool is chosen; the pool is what is linked to it, active, verified, and of the
-- account that the call goes through:
--   fixed           none of it: the campaign's callerId, else the first linked number, the tenant's default, the account's
--   round_robin     the one that rested longest
--   pool            the one with fewest calls today
--   sticky          the one that rang this number last, else as pool
--   local_presence  the same area code, else the same state or province, else the same country, else as pool
-- A pool with nobody in it is as good as none: then it is as with fixed.  A number that its agent, campaign or tenant names
-- decides, for better or worse: when it may not be shown there is no call.
--
-- Caps are exact.  Locks go on where the gate's end: ... -> numbers to call, sorted -> the counter (number_use) of a caller ID.  A
-- counter is locked when it is chosen and raised when the attempt is written, in one transaction.  Calls of an account are
-- permitted one transaction at a time, so counters of its numbers are never waited for in opposite orders; a number brought along
-- without an account belongs to one pool only.  What is called for every lead is plpgsql, which keeps its plans.

DROP FUNCTION IF EXISTS outdial.caller_id_for(uuid, uuid, uuid, text);
CREATE OR REPLACE FUNCTION outdial.phone_area(p_phone text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT left(p_phone, CASE WHEN p_phone LIKE '+1%' THEN 5 ELSE 6 END)
$$;

-- North America has states and provinces; elsewhere a digit less than the area.
CREATE OR REPLACE FUNCTION outdial.phone_region(p_phone text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE SET search_path = outdial, pg_temp AS $$
    SELECT CASE WHEN p_phone LIKE '+1%' THEN coalesce((SELECT region FROM area_regions WHERE area = substr(p_phone, 3, 3)), left(p_phone, 5))
                ELSE left(p_phone, 5) END
$$;

-- Keeps number_use in step with phone_numbers, whoever changes those.
CREATE OR REPLACE FUNCTION outdial.number_mirror() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
BEGIN
    INSERT INTO number_use (tenant_id, number, account_id, campaign_id, daily_cap, area, region, country)
    VALUES (NEW.tenant_id, NEW.number, NEW.account_id,
            CASE WHEN NEW.is_active AND NOT NEW.carrier_gone AND NEW.verified_at IS NOT NULL AND NEW.state = 'owned' THEN NEW.campaign_id END,
            NEW.daily_cap, phone_area(NEW.number), phone_region(NEW.number), phone_country(NEW.number))
    ON CONFLICT (tenant_id, number) DO UPDATE
       SET account_id = excluded.account_id, campaign_id = excluded.campaign_id, daily_cap = excluded.daily_cap,
           area = excluded.area, region = excluded.region, country = excluded.country;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS number_mirror ON phone_numbers;
CREATE TRIGGER number_mirror AFTER INSERT OR UPDATE OF number, account_id, campaign_id, is_active, carrier_gone, verified_at, state, daily_cap ON phone_numbers
    FOR EACH ROW EXECUTE FUNCTION outdial.number_mirror();
-- numbers that were there before the mirror
UPDATE phone_numbers n SET number = number WHERE NOT EXISTS (SELECT FROM number_use u WHERE u.tenant_id = n.tenant_id AND u.number = n.number);

-- The number that decides when there is no pool: the campaign's own, one linked to it, the tenant's, the account's, the
-- installation's.  The first one that is named decides.
CREATE OR REPLACE FUNCTION outdial.caller_id_candidate(p_tenant uuid, p_campaign uuid, p_account uuid, p_fallback text)
RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
BEGIN
    RETURN CASE WHEN p_tenant = outdial.tenant() THEN coalesce(
           (SELECT caller_id FROM campaigns WHERE tenant_id = p_tenant AND id = p_campaign),
           (SELECT number FROM phone_numbers WHERE tenant_id = p_tenant AND campaign_id = p_campaign AND is_active AND NOT carrier_gone
               AND verified_at IS NOT NULL AND state = 'owned' AND (account_id IS NULL OR account_id = p_account) ORDER BY id LIMIT 1),
           (SELECT default_caller_id FROM tenants WHERE id = p_tenant),
           (SELECT default_number FROM provider_accounts WHERE id = p_account),
           p_fallback) END;
END $$;

-- Whether the number may be shown: an active, verified number of this tenant that the account has, or the account's own that the
-- operator vouches for.
CREATE OR REPLACE FUNCTION outdial.caller_id_usable(p_tenant uuid, p_account uuid, p_number text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
BEGIN
    RETURN coalesce((SELECT is_active AND NOT carrier_gone AND verified_at IS NOT NULL AND state = 'owned' AND (account_id IS NULL OR account_id = p_account)
                       FROM phone_numbers WHERE tenant_id = p_tenant AND number = p_number),
                    EXISTS (SELECT FROM provider_accounts WHERE id = p_account AND verified_number = p_number AND default_number = p_number));
END $$;

-- In the pool for this account, and not yet shown as often as it may be today.
CREATE OR REPLACE FUNCTION outdial.number_free(p_use number_use, p_account uuid, p_cap integer, p_today date) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT (p_use.account_id IS NULL OR p_use.account_id = p_account)
           AND (p_use.day < p_today OR coalesce(p_use.calls < coalesce(p_use.daily_cap, p_cap), true))
$$;

-- One number of a campaign's pool by its strategy, its counter locked; NULL: none that is free today.
CREATE OR REPLACE FUNCTION outdial.pool_pick(p_campaign campaigns, p_account uuid, p_phone text, p_today date) RETURNS text
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
DECLARE
    v_number  text;
    v_last    text;
BEGIN
    IF p_campaign.caller_id_strategy = 'round_robin' THEN
        SELECT number INTO v_number FROM number_use u
         WHERE tenant_id = p_campaign.tenant_id AND campaign_id = p_campaign.id AND number_free(u, p_account, p_campaign.number_daily_cap, p_today)
         ORDER BY turn, number LIMIT 1 FOR UPDATE;
        RETURN v_number;
    ELSIF p_campaign.caller_id_strategy = 'sticky' THEN
        SELECT caller_id INTO v_last FROM attempts
         WHERE tenant_id = p_campaign.tenant_id AND phone_e164 = p_phone AND state NOT IN ('permitted', 'refused', 'not_placed')
         ORDER BY permitted_at DESC LIMIT 1;
        SELECT number INTO v_number FROM number_use u
         WHERE tenant_id = p_campaign.tenant_id AND number = v_last AND campaign_id = p_campaign.id
           AND number_free(u, p_account, p_campaign.number_daily_cap, p_today) FOR UPDATE;
    ELSIF p_campaign.caller_id_strategy = 'local_presence' AND p_phone IS NOT NULL THEN
        SELECT number INTO v_number FROM number_use u
         WHERE tenant_id = p_campaign.tenant_id AND campaign_id = p_campaign.id AND area = phone_area(p_phone)
           AND number_free(u, p_account, p_campaign.number_daily_cap, p_today)
         ORDER BY day, calls, turn LIMIT 1 FOR UPDATE;
        IF v_number IS NULL THEN
            SELECT number INTO v_number FROM number_use u
             WHERE tenant_id = p_campaign.tenant_id AND campaign_id = p_campaign.id AND region = phone_region(p_phone)
               AND number_free(u, p_account, p_campaign.number_daily_cap, p_today)
             ORDER BY day, calls, turn LIMIT 1 FOR UPDATE;
        END IF;
        IF v_number IS NULL THEN
            SELECT number INTO v_number FROM number_use u
             WHERE tenant_id = p_campaign.tenant_id AND campaign_id = p_campaign.id AND country = phone_country(p_phone)
               AND number_free(u, p_account, p_campaign.number_daily_cap, p_today)
             ORDER BY day, calls, turn LIMIT 1 FOR UPDATE;
        END IF;
    END IF;
    IF v_number IS NULL THEN
        SELECT number INTO v_number FROM number_use u
         WHERE tenant_id = p_campaign.tenant_id AND campaign_id = p_campaign.id AND number_free(u, p_account, p_campaign.number_daily_cap, p_today)
         ORDER BY day, calls, turn LIMIT 1 FOR UPDATE;
    END IF;
    RETURN v_number;
END $$;

CREATE OR REPLACE FUNCTION outdial.tenant_day(p_tenant tenants, p_now timestamptz) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT (p_now AT TIME ZONE p_tenant.timezone)::date
$$;

-- The number that a call shows, its counter locked.  No number and clears_at: all that could be shown have had their calls for
-- today.  No number and no clears_at: there is none.
--   p_agent  whoever places the call, whose own number comes first; NULL: nobody      p_phone  whom; NULL: is there anything at all
CREATE OR REPLACE FUNCTION outdial.choose_caller_id(p_tenant tenants, p_campaign campaigns, p_account uuid, p_agent uuid, p_phone text,
                                                    p_fallback text, p_now timestamptz, OUT number text, OUT clears_at timestamptz)
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_today   date := tenant_day(p_tenant, p_now);
    v_named   text;
    v_capped  boolean := false;
BEGIN
    SELECT caller_id INTO v_named FROM users WHERE tenant_id = p_tenant.id AND id = p_agent;
    IF v_named IS NULL AND p_campaign.caller_id_strategy <> 'fixed'
       AND EXISTS (SELECT FROM number_use WHERE tenant_id = p_tenant.id AND campaign_id = p_campaign.id AND (account_id IS NULL OR account_id = p_account)) THEN
        number := pool_pick(p_campaign, p_account, p_phone, v_today);
        v_capped := number IS NULL;
    ELSE
        v_named := coalesce(v_named, caller_id_candidate(p_tenant.id, p_campaign.id, p_account, p_fallback));
        -- first the lock: whoever gives the number back in this moment is waited for
        SELECT NOT number_free(u, p_account, p_campaign.number_daily_cap, v_today) INTO v_capped FROM number_use u
         WHERE u.tenant_id = p_tenant.id AND u.number = v_named FOR UPDATE;
        IF caller_id_usable(p_tenant.id, p_account, v_named) THEN
            number := v_named;
        ELSE
            v_capped := false;
        END IF;
    END IF;
    IF v_capped THEN
        number := NULL;
        clears_at := (v_today + 1)::timestamp AT TIME ZONE p_tenant.timezone;
    END IF;
END $$;

-- How often the number may still be shown today; NULL: as often as anybody likes.  The caller has locked its counter.
CREATE OR REPLACE FUNCTION outdial.number_left(p_tenant tenants, p_number text, p_cap integer, p_now timestamptz) RETURNS integer
LANGUAGE plpgsql STABLE SET search_path = outdial, pg_temp AS $$
BEGIN
    RETURN (SELECT coalesce(daily_cap, p_cap) - CASE WHEN day < tenant_day(p_tenant, p_now) THEN 0 ELSE calls END
              FROM number_use WHERE tenant_id = p_tenant.id AND number = p_number);
END $$;

-- So many calls show the number: told by whoever has attempts written, so that no call goes uncounted.
DROP FUNCTION IF EXISTS outdial.number_used(uuid, text, timestamptz);
CREATE OR REPLACE FUNCTION outdial.number_used(p_tenant uuid, p_number text, p_calls integer, p_now timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
BEGIN
    UPDATE number_use u SET calls = CASE WHEN u.day >= tenant_day(t, p_now) THEN u.calls + p_calls ELSE p_calls END,
                            day = greatest(u.day, tenant_day(t, p_now)), turn = nextval('number_turns')
      FROM tenants t WHERE t.id = p_tenant AND u.tenant_id = p_tenant AND u.number = p_number;
END $$;

-- The call was provably not placed: nobody saw the number.
CREATE OR REPLACE FUNCTION outdial.number_unused(p_tenant uuid, p_number text, p_when timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = outdial, pg_temp AS $$
BEGIN
    UPDATE number_use u SET calls = u.calls - 1
      FROM tenants t WHERE t.id = p_tenant AND u.tenant_id = p_tenant AND u.number = p_number AND u.day = tenant_day(t, p_when) AND u.calls > 0;
END $$;

-- A number as clients see it.
DROP FUNCTION IF EXISTS outdial.number_page(uuid, integer, uuid, uuid, text, boolean, text);
DROP VIEW IF EXISTS outdial.number_shown;
CREATE VIEW outdial.number_shown WITH (security_invoker = true) AS
SELECT n.id, n.tenant_id, n.account_id, n.number, n.type, n.provider, n.provider_sid, n.campaign_id, n.livekit_trunk_id,
       n.is_active AND NOT n.carrier_gone AND n.state = 'owned' AS is_active, n.carrier_gone, n.state, n.daily_cap,
       CASE WHEN u.day >= ((SELECT outdial.now()) AT TIME ZONE t.timezone)::date THEN u.calls ELSE 0 END AS calls_today, n.purchased_at, n.metadata, n.updated_at
  FROM phone_numbers n
  JOIN tenants t ON t.id = n.tenant_id
  LEFT JOIN number_use u ON u.tenant_id = n.tenant_id AND u.number = n.number;
GRANT SELECT ON outdial.number_shown TO api, gate;

-- A page of them, the youngest first; of what may be wanted NULL is any.  The same rows as the view's, at half its price: the seal is checked
-- once for all three tables, and counters are looked up for the rows of the page alone.
CREATE FUNCTION outdial.number_page(p_tenant uuid, p_most integer, p_before uuid, p_campaign uuid, p_type text, p_active boolean, p_number text)
RETURNS SETOF number_shown LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_today  date;
BEGIN
    SELECT tenant_day(t, outdial.now()) INTO v_today FROM tenants t WHERE id = p_tenant AND id = outdial.tenant();
    IF NOT FOUND THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT n.id, n.tenant_id, n.account_id, n.number, n.type, n.provider, n.provider_sid, n.campaign_id, n.livekit_trunk_id,
           n.is_active AND NOT n.carrier_gone AND n.state = 'owned', n.carrier_gone, n.state, n.daily_cap,
           coalesce((SELECT u.calls FROM number_use u WHERE u.tenant_id = p_tenant AND u.number = n.number AND u.day >= v_today), 0),
           n.purchased_at, n.metadata, n.updated_at
      FROM phone_numbers n
     WHERE n.tenant_id = p_tenant AND (p_before IS NULL OR n.id < p_before) AND (p_campaign IS NULL OR n.campaign_id = p_campaign)
       AND (p_type IS NULL OR n.type = p_type) AND (p_number IS NULL OR n.number = p_number)
       AND (p_active IS NULL OR (n.is_active AND NOT n.carrier_gone AND n.state = 'owned') = p_active)
     ORDER BY n.id DESC LIMIT p_most;
END $$;
