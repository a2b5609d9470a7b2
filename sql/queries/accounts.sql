-- Provider accounts of a tenant.  Secrets are sealed before they come here.

-- name: account_list
-- lane: read
SELECT id, provider, label, account_sid, api_key, app_sid, assistant_id, phone_number_id, sip_trunk_id, default_number,
       calls_per_second, max_open_calls, screens_numbers, status, status_reason, auth_token_sealed IS NOT NULL AS auth_token_set,
       api_secret_sealed IS NOT NULL AS api_secret_set, webhook_secret_sealed IS NOT NULL AS webhook_secret_set, created_at, updated_at
  FROM provider_accounts WHERE tenant_id = $1 AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $2;

-- name: account_get
-- lane: read
SELECT id, provider, label, account_sid, api_key, app_sid, assistant_id, phone_number_id, sip_trunk_id, default_number,
       calls_per_second, max_open_calls, screens_numbers, status, status_reason, auth_token_sealed IS NOT NULL AS auth_token_set,
       api_secret_sealed IS NOT NULL AS api_secret_set, webhook_secret_sealed IS NOT NULL AS webhook_secret_set, created_at, updated_at,
       auth_token_sealed, api_secret_sealed, webhook_secret_sealed
  FROM provider_accounts WHERE tenant_id = $1 AND id = $2;

-- name: account_whole
-- lane: read
-- The row as provider/account.h opens it.
SELECT * FROM provider_accounts WHERE tenant_id = $1 AND id = $2;

-- name: account_add
-- lane: write
WITH added AS (
    INSERT INTO provider_accounts (tenant_id, provider, label, account_sid, api_key, app_sid, assistant_id, phone_number_id, sip_trunk_id,
                                   default_number, calls_per_second, max_open_calls, screens_numbers, auth_token_sealed,
                                   api_secret_sealed, webhook_secret_sealed)
    VALUES ($1, $2, coalesce($3, ''), $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
    RETURNING *)
SELECT id, provider, label, account_sid, api_key, app_sid, assistant_id, phone_number_id, sip_trunk_id, default_number,
       calls_per_second, max_open_calls, screens_numbers, status, status_reason, auth_token_sealed IS NOT NULL AS auth_token_set,
       api_secret_sealed IS NOT NULL AS api_secret_set, webhook_secret_sealed IS NOT NULL AS webhook_secret_set, created_at, updated_at,
       outdial.audit_add($1, 'account.add', id, jsonb_build_object('provider', provider, 'label', label)) AS audited
  FROM added;

-- name: account_save
-- lane: write by $2
-- Unless it has changed since $3.  New credentials make a blocked account active again.
WITH saved AS (
    UPDATE provider_accounts
       SET label = coalesce($4, ''), account_sid = $5, api_key = $6, app_sid = $7, assistant_id = $8, phone_number_id = $9,
           sip_trunk_id = $10, default_number = $11, calls_per_second = $12, max_open_calls = $13, screens_numbers = $14,
           status = CASE WHEN (auth_token_sealed, api_key, api_secret_sealed) IS DISTINCT FROM ($15, $6, $16) THEN 'active' ELSE status END,
           status_reason = CASE WHEN (auth_token_sealed, api_key, api_secret_sealed) IS DISTINCT FROM ($15, $6, $16) THEN NULL ELSE status_reason END,
           auth_token_sealed = $15, api_secret_sealed = $16, webhook_secret_sealed = $17, updated_at = outdial.now()
     WHERE tenant_id = $1 AND id = $2 AND updated_at = $3
    RETURNING *)
SELECT id, provider, label, account_sid, api_key, app_sid, assistant_id, phone_number_id, sip_trunk_id, default_number,
       calls_per_second, max_open_calls, screens_numbers, status, status_reason, auth_token_sealed IS NOT NULL AS auth_token_set,
       api_secret_sealed IS NOT NULL AS api_secret_set, webhook_secret_sealed IS NOT NULL AS webhook_secret_set, created_at, updated_at,
       outdial.audit_add($1, 'account.update', id, $18::text::jsonb) AS audited
  FROM saved;

-- name: account_remove
-- lane: write by $2
WITH gone AS (DELETE FROM provider_accounts WHERE tenant_id = $1 AND id = $2 RETURNING id, provider, label)
SELECT outdial.audit_add($1, 'account.remove', id, jsonb_build_object('provider', provider, 'label', label)) FROM gone;
