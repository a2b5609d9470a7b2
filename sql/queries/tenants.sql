-- Tenants: by themselves, by the platform, by the operator's command.

-- name: tenant_get
-- lane: read
SELECT id, name, slug, company, persona, default_country, locale, timezone, agent_phone, default_caller_id, accept_key,
       to_jsonb(countries) AS countries, to_jsonb(allowed_networks) AS allowed_networks, require_totp, window_opens, window_closes, minimum_gap_minutes, status, created_at, updated_at
  FROM tenants WHERE id = $1;

-- name: tenant_save
-- lane: write by $1
-- Unless it has changed since $2.
WITH saved AS (
    UPDATE tenants
       SET name = $3, company = coalesce($4, ''), persona = $5, default_country = $6, locale = $7, timezone = $8, agent_phone = $9,
           default_caller_id = $10, accept_key = $11,
           countries = CASE WHEN $12::text IS NULL THEN NULL ELSE ARRAY(SELECT jsonb_array_elements_text($12::text::jsonb)) END,
           require_totp = $13,
           allowed_networks = CASE WHEN $14::text IS NULL THEN NULL ELSE ARRAY(SELECT jsonb_array_elements_text($14::text::jsonb)::cidr) END,
           updated_at = outdial.now()
     WHERE id = $1 AND updated_at = $2
    RETURNING *)
SELECT id, name, slug, company, persona, default_country, locale, timezone, agent_phone, default_caller_id, accept_key,
       to_jsonb(countries) AS countries, to_jsonb(allowed_networks) AS allowed_networks, require_totp, window_opens, window_closes, minimum_gap_minutes, status, created_at, updated_at,
       outdial.audit_add(id, 'tenant.update', id, $15::text::jsonb) AS audited
  FROM saved;

-- name: tenant_places
-- lane: read
-- Is there such a time zone ($2), and which of the countries ($3) is the first that has no telephone numbers.
SELECT $1::uuid IS NOT NULL AND EXISTS (SELECT FROM pg_timezone_names WHERE name = $2) AS zone_known,
       (SELECT given.country FROM unnest($3::text[]) WITH ORDINALITY AS given (country, place)
         WHERE NOT EXISTS (SELECT FROM destination_prefixes d WHERE d.country = given.country) ORDER BY given.place LIMIT 1) AS unknown_country;

-- name: tenant_lock
-- lane: own
-- One at a time, for rules about all users of a tenant.
SELECT id FROM tenants WHERE id = $1 FOR NO KEY UPDATE;

-- name: platform_tenants
-- lane: read
-- global
SELECT id, name, slug, company, persona, default_country, locale, timezone, agent_phone, default_caller_id, accept_key,
       to_jsonb(countries) AS countries, to_jsonb(allowed_networks) AS allowed_networks, require_totp, window_opens, window_closes, minimum_gap_minutes, status, created_at, updated_at
  FROM outdial.platform_tenants($1, $2);

-- name: platform_tenant_create
-- lane: write
-- global
SELECT id, name, slug, company, persona, default_country, locale, timezone, agent_phone, default_caller_id, accept_key,
       to_jsonb(countries) AS countries, to_jsonb(allowed_networks) AS allowed_networks, require_totp, window_opens, window_closes, minimum_gap_minutes, status, created_at, updated_at
  FROM outdial.platform_tenant_create($1, $2, $3, $4, $5, $6);

-- name: platform_tenant_status
-- lane: write
-- global
SELECT id, name, slug, company, persona, default_country, locale, timezone, agent_phone, default_caller_id, accept_key,
       to_jsonb(countries) AS countries, to_jsonb(allowed_networks) AS allowed_networks, require_totp, window_opens, window_closes, minimum_gap_minutes, status, created_at, updated_at
  FROM outdial.platform_tenant_status($1, $2);

-- name: operator_tenants
-- lane: own
-- For the operator's command.
-- global
SELECT id, name, slug, company, persona, default_country, locale, timezone, agent_phone, default_caller_id, accept_key,
       to_jsonb(countries) AS countries, to_jsonb(allowed_networks) AS allowed_networks, require_totp, window_opens, window_closes, minimum_gap_minutes, status, created_at, updated_at
  FROM tenants WHERE $1::text IS NULL OR slug = $1 OR id::text = $1 ORDER BY id;

-- name: operator_tenant_add
-- lane: own
-- global
INSERT INTO tenants (name, slug, company, default_country, locale) VALUES ($1, $2, $1, $3, $4)
RETURNING id, name, slug, company, persona, default_country, locale, timezone, agent_phone, default_caller_id, accept_key,
          to_jsonb(countries) AS countries, to_jsonb(allowed_networks) AS allowed_networks, require_totp, window_opens, window_closes, minimum_gap_minutes, status, created_at, updated_at;

-- name: operator_tenant_money
-- lane: own
-- $3 and $5: whether the limit of a day ($4) and the credit ($6) are given at all; amounts in minor units, NULL is none.
WITH saved AS (
    INSERT INTO tenant_money AS m (tenant_id, currency, day_limit_micros, credit_micros)
    VALUES ($1, $2, CASE WHEN $3 THEN $4::bigint * outdial.minor_micros($2) END, CASE WHEN $5 THEN $6::bigint * outdial.minor_micros($2) END)
    ON CONFLICT (tenant_id) DO UPDATE SET currency = excluded.currency,
        day_limit_micros = CASE WHEN $3 THEN excluded.day_limit_micros ELSE m.day_limit_micros END,
        credit_micros = CASE WHEN $5 THEN excluded.credit_micros ELSE m.credit_micros END
    RETURNING tenant_id, currency, day_limit_micros, credit_micros
)
SELECT s.day_limit_micros AS day, s.credit_micros AS credit,
       outdial.audit_add(s.tenant_id, 'tenant.money', s.tenant_id, to_jsonb(s) - 'tenant_id')
  FROM saved s;

-- name: operator_tenant_window
-- lane: own
WITH before AS (SELECT window_opens, window_closes, minimum_gap_minutes FROM tenants WHERE id = $1),
     saved AS (UPDATE tenants SET window_opens = $2, window_closes = $3, minimum_gap_minutes = coalesce($4, minimum_gap_minutes),
                                  updated_at = outdial.now()
                WHERE id = $1 RETURNING id, window_opens, window_closes, minimum_gap_minutes)
SELECT outdial.audit_add(s.id, 'tenant.window', s.id, jsonb_build_object('opens', s.window_opens, 'closes', s.window_closes,
                         'gap', s.minimum_gap_minutes, 'before', jsonb_build_array(b.window_opens, b.window_closes, b.minimum_gap_minutes)))
  FROM saved s, before b;

-- name: operator_tenant_countries
-- lane: own
WITH saved AS (UPDATE tenants SET countries = $2::text[], updated_at = outdial.now() WHERE id = $1 RETURNING id, countries)
SELECT outdial.audit_add(id, 'tenant.countries', id, jsonb_build_object('countries', countries)) FROM saved;

-- name: operator_tenant_networks
-- lane: own
WITH saved AS (UPDATE tenants SET allowed_networks = $2::cidr[], updated_at = outdial.now() WHERE id = $1 RETURNING id, allowed_networks)
SELECT outdial.audit_add(id, 'tenant.networks', id, jsonb_build_object('allowed_networks', allowed_networks)) FROM saved;
