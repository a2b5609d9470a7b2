-- Numbers that a tenant calls from.

-- name: number_list
-- lane: read
-- $4 campaign, $5 type, $6 active, $7 the number itself: NULL is any.
SELECT id, tenant_id, number, type, provider, provider_sid, campaign_id, livekit_trunk_id, is_active, state, daily_cap, calls_today, purchased_at, metadata, updated_at
  FROM outdial.number_page($1, $2, $3, $4, $5, $6, $7);

-- name: number_of_account
-- lane: read
-- What an import answers with.
SELECT id, tenant_id, number, type, provider, provider_sid, campaign_id, livekit_trunk_id, is_active, state, daily_cap, calls_today, purchased_at, metadata, updated_at
  FROM outdial.number_shown WHERE tenant_id = $1 AND account_id = $2 AND NOT carrier_gone ORDER BY id DESC LIMIT 10000;

-- name: number_get
-- lane: read
SELECT id, tenant_id, number, type, provider, provider_sid, campaign_id, livekit_trunk_id, is_active, state, daily_cap, calls_today, purchased_at, metadata, updated_at
  FROM outdial.number_shown WHERE tenant_id = $1 AND id = $2;

-- name: number_save
-- lane: write by $2
-- Unless it has changed since $3.  The trunk is the tenant's row of that id, where there is one.
WITH saved AS (
    UPDATE phone_numbers SET campaign_id = $4, livekit_trunk_id = $5, trunk_id = (SELECT id FROM trunks WHERE tenant_id = $1 AND trunk_sid = $5),
                             is_active = CASE WHEN carrier_gone OR state <> 'owned' THEN is_active ELSE $6 END, daily_cap = $7, updated_at = outdial.now()
     WHERE tenant_id = $1 AND id = $2 AND updated_at = $3
    RETURNING *)
SELECT s.id, s.tenant_id, s.number, s.type, s.provider, s.provider_sid, s.campaign_id, s.livekit_trunk_id,
       s.is_active AND NOT s.carrier_gone AND s.state = 'owned' AS is_active, s.state, s.daily_cap, n.calls_today, s.purchased_at, s.metadata, s.updated_at,
       outdial.audit_add($1, 'number.update', s.id, jsonb_build_object('campaignId', s.campaign_id, 'livekitTrunkId', s.livekit_trunk_id,
                                                                       'isActive', s.is_active, 'dailyCap', s.daily_cap)) AS audited
  FROM saved s JOIN outdial.number_shown n ON n.tenant_id = $1 AND n.id = s.id;

-- name: numbers_store
-- lane: own
-- $2 account, $3 the provider's list, $4 whether it is all of it, $5 how many seconds it took to read.
SELECT imported, updated, total FROM outdial.numbers_store($1, $2, $3::text::jsonb, $4, $5);

-- name: number_order
-- lane: own
-- $2 number, $3 type, $4 account, $5 campaign, $6 to $9 the Idempotency-Key and whose it is.
SELECT outdial.number_order($1, $2, $3, $4, $5, $6, $7, $8, $9) AS id;

-- name: number_release
-- lane: own
SELECT outdial.number_release($1, $2) AS state;

-- name: number_report
-- lane: own
-- $2 number, $3 outcome, $4 to $7 what the provider says of it, $8 why not.
SELECT outdial.number_report($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8) AS state;

-- name: number_account
-- lane: own
-- The account that a number was bought through.
SELECT a.*, n.number, n.provider_sid, n.state AS number_state FROM phone_numbers n JOIN provider_accounts a ON a.tenant_id = n.tenant_id AND a.id = n.account_id
 WHERE n.tenant_id = $1 AND n.id = $2;

-- name: number_orders
-- lane: own
-- What the carrier should be asked about now, across tenants.
-- global
SELECT tenant_id, number_id, account_id, number, provider_sid, state FROM outdial.dialer_numbers($1);

-- name: operator_campaign_find
-- lane: own
-- By id or name, for the operator's command.
SELECT id, name FROM campaigns WHERE tenant_id = $1 AND (id::text = $2 OR name = $2) ORDER BY id LIMIT 2;
