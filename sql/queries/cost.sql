-- What calls cost.

-- name: dialer_prices
-- lane: own
-- global
SELECT tenant_id, attempt_id, account_id, provider_sid, lines FROM outdial.dialer_prices();

-- name: price_report
-- lane: own
SELECT outdial.price_report($1, $2, $3, $4, $5, $6) AS verdict;

-- name: campaign_cost
-- lane: own
SELECT totals, forecast FROM outdial.campaign_cost($1, $2);

-- name: campaign_forecast
-- lane: read
SELECT outdial.campaign_forecast($1, $2, $3, $4) AS forecast;

-- name: tenant_cost
-- lane: own
SELECT key, name, currency, total, settled, estimated, calls, unsettled_calls, answered_calls, minutes, per_answered_call
  FROM outdial.tenant_cost($1, $2, $3, $4);

-- name: account_rates
-- lane: read
SELECT rates ->> 'currency' AS currency,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('prefix', key, 'per_minute_micros', value::bigint,
                                                     'per_call_micros', coalesce((rates -> 'perCall' ->> key)::bigint, 0)) ORDER BY key), '[]')
          FROM jsonb_each_text(rates -> 'perMinute')) AS rates
  FROM provider_accounts WHERE tenant_id = $1 AND id = $2;

-- name: account_rates_save
-- lane: write by $2
-- $4 is the list as the API takes it, checked.
WITH given AS (
    SELECT * FROM jsonb_to_recordset($4::text::jsonb) AS r(prefix text, per_minute_micros bigint, per_call_micros bigint)
), saved AS (
    UPDATE provider_accounts
       SET rates = jsonb_build_object('currency', $3::text,
                                      'perMinute', (SELECT coalesce(jsonb_object_agg(prefix, per_minute_micros), '{}') FROM given),
                                      'perCall', (SELECT coalesce(jsonb_object_agg(prefix, per_call_micros) FILTER (WHERE per_call_micros > 0), '{}') FROM given)),
           updated_at = outdial.now()
     WHERE tenant_id = $1 AND id = $2 RETURNING id, rates)
SELECT outdial.audit_add($1, 'account.rates', id, rates) FROM saved;
