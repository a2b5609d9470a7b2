-- What a dialer tells /metrics about the whole installation: sums over all tenants, never whose.

DROP FUNCTION IF EXISTS outdial.dialer_metrics();
CREATE OR REPLACE FUNCTION outdial.dialer_metrics()
RETURNS TABLE (open_permitted bigint, open_unknown bigint, open_accepted bigint, oldest_unknown_seconds bigint, silent_calls bigint,
               running_campaigns bigint, blocked_accounts bigint, dialers bigint, prices_missing bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    SELECT count(*) FILTER (WHERE state = 'permitted'), count(*) FILTER (WHERE state = 'unknown'), count(*) FILTER (WHERE state = 'accepted'),
           coalesce(extract(epoch FROM outdial.now() - min(unknown_since) FILTER (WHERE state = 'unknown'))::bigint, 0),
           count(*) FILTER (WHERE state = 'accepted' AND last_heard_at < outdial.now() - interval '5 minutes'),
           (SELECT count(*) FROM campaigns WHERE state = 'running'),
           (SELECT count(*) FROM provider_accounts WHERE status = 'blocked'),
           (SELECT count(*) FROM dialers WHERE seen_at > outdial.now() - interval '30 seconds'),
           (SELECT count(*) FROM price_asks WHERE tries >= 3)
      FROM attempts WHERE ended_at IS NULL
$$;
