-- name: script_list
-- lane: read
SELECT s.locale, s.part, s.text FROM campaigns c LEFT JOIN scripts s ON s.tenant_id = $1 AND s.campaign_id = c.id
 WHERE c.tenant_id = $1 AND c.id = $2;

-- name: script_put
-- lane: write by $2
-- Texts by language and part; a NULL text takes the campaign's own away, and the default one is heard again.
WITH given AS (
    SELECT * FROM unnest($3::text[], $4::text[], $5::text[]) AS g(locale, part, text)
), gone AS (
    DELETE FROM scripts s USING given g
     WHERE s.tenant_id = $1 AND s.campaign_id = $2 AND s.locale = g.locale AND s.part = g.part AND g.text IS NULL
), put AS (
    INSERT INTO scripts (tenant_id, campaign_id, locale, part, text)
    SELECT $1, $2, locale, part, text FROM given WHERE text IS NOT NULL
    ON CONFLICT (tenant_id, campaign_id, locale, part) DO UPDATE
       SET text = excluded.text, version = scripts.version + 1, updated_at = outdial.now() WHERE scripts.text <> excluded.text
)
SELECT outdial.audit_add($1, 'campaign.scripts', $2, jsonb_build_object('parts', (SELECT jsonb_agg(locale || '.' || part) FROM given)));
