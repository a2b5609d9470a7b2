-- name: hook_accounts
-- lane: read
-- global
-- The accounts whose token may have signed a webhook.
SELECT id, tenant_id, auth_token_sealed FROM outdial.accounts_by_sid($1, $2);

-- name: hook_status
-- lane: write by $2
-- global
SELECT outdial.hook_status($1, $2, $3::uuid[], $4, $5, $6, $7, $8, $9, $10, $11, $12::jsonb) AS verdict;

-- name: hook_voice
-- lane: write by $2
-- global
SELECT mode, locale, persona, company, greeting, no_input, voicemail, tenant_id, attempt_id FROM outdial.hook_voice($1, $2, $3::uuid[], $4, $5, $6, $7::jsonb);

-- name: hook_gather
-- lane: write by $2
-- global
SELECT mode, locale, persona, company, said, agent_phone, caller_id, tenant_id, attempt_id FROM outdial.hook_gather($1, $2, $3::uuid[], $4, $5, $6, $7, $8::jsonb);

-- name: hook_inbound
-- lane: write
-- global
SELECT locale, company FROM outdial.hook_inbound($1::uuid[], $2, $3, $4, $5::jsonb);

-- name: hook_amd_redirect
-- lane: read
-- global
-- The account of a live line that is to hear the voicemail text, because a late verdict says machine.
SELECT * FROM outdial.hook_redirect($1, $2, $3::uuid[]);
