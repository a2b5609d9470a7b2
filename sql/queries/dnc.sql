-- name: dnc_list
-- lane: read
SELECT id, phone_e164, reason, source, CASE WHEN campaign_id IS NULL THEN 'tenant' ELSE 'campaign' END AS scope, campaign_id, created_at
  FROM dnc WHERE tenant_id = $1 AND ($3::uuid IS NULL OR id < $3) AND ($4::text IS NULL OR phone_e164 = $4) ORDER BY id DESC LIMIT $2;

-- name: dnc_find
-- lane: read
SELECT id, phone_e164, reason, source, CASE WHEN campaign_id IS NULL THEN 'tenant' ELSE 'campaign' END AS scope, campaign_id, created_at
  FROM dnc WHERE tenant_id = $1 AND id = $2;

-- name: dnc_add
-- lane: own
-- The audit has one line for what is new, none for what was there.
SELECT d.*, CASE WHEN d.is_new THEN outdial.audit_add($1, 'dnc.add', d.id, jsonb_build_object('scope', d.scope, 'source', d.source))::text END AS audited
  FROM outdial.dnc_add($1, $2, $3, $4, $5, NULL) d;

-- name: dnc_settled
-- lane: read
SELECT outdial.dnc_settled($1, $2) AS settled;

-- name: dnc_remove
-- lane: write by $2
WITH gone AS (
    DELETE FROM dnc WHERE tenant_id = $1 AND id = $2 RETURNING id, phone_e164, campaign_id
)
SELECT outdial.audit_add($1, 'dnc.remove', id, jsonb_build_object('campaign_id', campaign_id, 'phone', phone_e164)) FROM gone;

-- name: dnc_platform_add
-- lane: own
-- The operator's own list, above all tenants.
-- global
SELECT id, phone_e164, reason, source, is_new FROM outdial.dnc_add(NULL, NULL, $1, $2, 'command', NULL);

-- name: dnc_platform_settled
-- lane: own
-- global
SELECT outdial.dnc_settled(NULL, $1) AS settled;

-- name: dnc_check
-- lane: own
-- Every row that stands in the way of a number, of whatever scope.
SELECT CASE WHEN d.tenant_id IS NULL THEN 'platform' WHEN d.campaign_id IS NULL THEN 'tenant' ELSE 'campaign' END AS scope,
       d.campaign_id, d.source, d.reason, d.created_at
  FROM dnc d WHERE d.phone_e164 = $2 AND (d.tenant_id = $1 OR d.tenant_id IS NULL) ORDER BY d.created_at;
