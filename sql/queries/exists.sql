-- name: object_exists
-- lane: read
-- Is there such an object in the tenant: asked before a refusal that an absent object would have come before.
-- $2 is the table of the route, $3 the id, $4 the id as written (leads are also known by their external_id).
SELECT CASE $2::text
       WHEN 'users'             THEN EXISTS (SELECT FROM users             WHERE tenant_id = $1 AND id = $3::uuid)
       WHEN 'api_keys'          THEN EXISTS (SELECT FROM api_keys          WHERE tenant_id = $1 AND id = $3::uuid)
       WHEN 'identity_providers' THEN EXISTS (SELECT FROM identity_providers WHERE tenant_id = $1 AND id = $3::uuid)
       WHEN 'provider_accounts' THEN EXISTS (SELECT FROM provider_accounts WHERE tenant_id = $1 AND id = $3::uuid)
       WHEN 'trunks'            THEN EXISTS (SELECT FROM trunks            WHERE tenant_id = $1 AND id = $3::uuid)
       WHEN 'phone_numbers'     THEN EXISTS (SELECT FROM phone_numbers     WHERE tenant_id = $1 AND id = $3::uuid)
       WHEN 'campaigns'         THEN EXISTS (SELECT FROM campaigns         WHERE tenant_id = $1 AND id = $3::uuid)
       WHEN 'leads'             THEN EXISTS (SELECT FROM leads WHERE tenant_id = $1 AND id = $3::uuid AND deleted_at IS NULL)
                                  OR EXISTS (SELECT FROM leads WHERE tenant_id = $1 AND external_id = $4::text AND deleted_at IS NULL)
       WHEN 'lead_lists'        THEN EXISTS (SELECT FROM lead_lists        WHERE tenant_id = $1 AND id = $3::uuid)
       WHEN 'imports'           THEN EXISTS (SELECT FROM imports           WHERE tenant_id = $1 AND id = $3::uuid)
       WHEN 'conversations'     THEN EXISTS (SELECT FROM conversations     WHERE tenant_id = $1 AND id = $3::uuid)
       WHEN 'webhook_endpoints' THEN EXISTS (SELECT FROM webhook_endpoints WHERE tenant_id = $1 AND id = $3::uuid)
       WHEN 'dnc'               THEN EXISTS (SELECT FROM dnc               WHERE tenant_id = $1 AND id = $3::uuid)
       END AS present;
