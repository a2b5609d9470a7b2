-- Rows of the demo stack, put in by owner at every start unless they are there.

-- name: demo_known
-- lane: own
-- global
SELECT EXISTS (SELECT FROM tenants WHERE id = $1::uuid) AS known;

-- name: demo_tenant
-- lane: own
-- global
-- A demo works at any hour: no window, no gap, the countries of the documentation.
INSERT INTO tenants (id, name, slug, company, countries, window_opens, window_closes, minimum_gap_minutes, agent_phone)
VALUES ($1, $2, $3, $2, ARRAY['US', 'CA', 'GB', 'DE', 'FR', 'TR'], 0, 1440, 0, $4);

-- name: demo_user
-- lane: own
-- global
INSERT INTO users (id, tenant_id, email, name, role, password_hash, is_platform) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: demo_account
-- lane: own
-- global
INSERT INTO provider_accounts (id, tenant_id, provider, label, account_sid, api_key, app_sid, auth_token_sealed, api_secret_sealed,
                               webhook_secret_sealed, default_number, verified_number, base_url, calls_per_second, max_open_calls)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, 200, 1000);

-- name: demo_campaign
-- lane: own
-- global
INSERT INTO campaigns (id, tenant_id, name, agent_kind, is_default, max_open_calls, calls_per_second, retries, breaker, agent_name)
VALUES ($1, $2, $3, $4, $5, 500, 200, '{}', NULL, $6);
