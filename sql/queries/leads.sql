-- name: lead_country
-- lane: read
-- The country of numbers that are written without one.
SELECT default_country AS country FROM tenants WHERE id = $1;

-- name: lead_list
-- lane: read
SELECT * FROM lead_shown WHERE tenant_id = $1 AND deleted_at IS NULL AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $2;

-- name: lead_list_by_phone
-- lane: read
-- Few leads have one number; LIMIT 1 keeps them looked up one by one, whatever the planner believes about their count.
SELECT l.*
  FROM (SELECT id FROM leads WHERE tenant_id = $1 AND phone_e164 = $4 AND deleted_at IS NULL
        UNION SELECT lead_id FROM lead_phones WHERE tenant_id = $1 AND phone_e164 = $4) found
 CROSS JOIN LATERAL (SELECT * FROM lead_shown s WHERE s.tenant_id = $1 AND s.id = found.id AND s.deleted_at IS NULL LIMIT 1) l
 WHERE $3::uuid IS NULL OR found.id < $3
 ORDER BY found.id DESC LIMIT $2;

-- name: lead_list_by_campaign
-- lane: read
SELECT l.*
  FROM campaigns c
  JOIN campaign_leads x ON x.tenant_id = $1 AND x.list_id = c.list_id
  JOIN lead_shown l ON l.tenant_id = $1 AND l.id = x.lead_id AND l.deleted_at IS NULL
 WHERE c.tenant_id = $1 AND c.id = $4 AND ($3::uuid IS NULL OR x.lead_id < $3)
 ORDER BY x.lead_id DESC LIMIT $2;

-- name: lead_list_by_list
-- lane: own
SELECT l.*
  FROM lead_list_members x
  JOIN lead_shown l ON l.tenant_id = $1 AND l.id = x.lead_id AND l.deleted_at IS NULL
 WHERE x.tenant_id = $1 AND x.list_id = $4 AND ($3::uuid IS NULL OR x.lead_id < $3)
 ORDER BY x.lead_id DESC LIMIT $2;

-- name: lead_search
-- lane: own
SELECT l.* FROM outdial.lead_search($1, $4, $2, $3) s JOIN lead_shown l ON l.tenant_id = $1 AND l.id = s.id ORDER BY l.id DESC;

-- name: lead_find
-- lane: read
SELECT * FROM lead_shown WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL;

-- name: lead_find_external
-- lane: read
SELECT * FROM lead_shown WHERE tenant_id = $1 AND external_id = $2 AND deleted_at IS NULL;

-- name: lead_lock
-- lane: own
SELECT id FROM leads WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL FOR UPDATE;

-- name: lead_insert
-- lane: write
WITH made AS (
    INSERT INTO leads (tenant_id, id, external_id, name, category, phone_e164, original_phone, custom, priority)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $10) RETURNING *, original_phone AS phone
), further AS (
    INSERT INTO lead_phones (tenant_id, lead_id, position, phone_e164, original_phone, label)
    SELECT $1, made.id, e.n + 1, e.entry ->> 'phone_e164', e.entry ->> 'phone', e.entry ->> 'label'
      FROM made CROSS JOIN LATERAL jsonb_array_elements($9::jsonb) WITH ORDINALITY AS e(entry, n)
)
SELECT made.*, $9::jsonb AS phones, outdial.audit_add($1, 'lead.create', id, '{}') FROM made;

-- name: lead_update
-- lane: write by $2
-- $9: further numbers, or NULL where they stay as they are.
WITH changed AS (
    UPDATE leads SET external_id = $3, name = $4, category = $5, phone_e164 = $6, original_phone = $7, custom = $8, priority = $10, updated_at = outdial.now()
     WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL RETURNING *, original_phone AS phone
), gone AS (
    DELETE FROM lead_phones p USING changed WHERE p.tenant_id = $1 AND p.lead_id = changed.id AND p.position > jsonb_array_length($9::jsonb) + 1
), further AS (
    INSERT INTO lead_phones (tenant_id, lead_id, position, phone_e164, original_phone, label)
    SELECT $1, changed.id, e.n + 1, e.entry ->> 'phone_e164', e.entry ->> 'phone', e.entry ->> 'label'
      FROM changed CROSS JOIN LATERAL jsonb_array_elements($9::jsonb) WITH ORDINALITY AS e(entry, n)
    ON CONFLICT (tenant_id, lead_id, position) DO UPDATE SET phone_e164 = excluded.phone_e164, original_phone = excluded.original_phone, label = excluded.label
)
SELECT changed.*, coalesce($9::jsonb, (SELECT s.phones FROM lead_shown s WHERE s.tenant_id = $1 AND s.id = $2)) AS phones, outdial.audit_add($1, 'lead.update', id, '{}') FROM changed;

-- name: lead_delete
-- lane: own
SELECT outdial.lead_delete($1, $2) AS deleted;

-- name: lead_resolve
-- lane: own
-- Ids and external ids, as written, to leads; in the order given, NULL where there is none.
SELECT g.n, coalesce(by_id.id, by_external.id) AS id
  FROM unnest($2::text[]) WITH ORDINALITY AS g(written, n)
  LEFT JOIN LATERAL (SELECT id FROM leads l WHERE l.tenant_id = $1 AND l.deleted_at IS NULL
      AND l.id = CASE WHEN g.written ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' THEN g.written::uuid END) by_id ON true
  LEFT JOIN LATERAL (SELECT id FROM leads l WHERE l.tenant_id = $1 AND l.deleted_at IS NULL AND l.external_id = g.written) by_external ON true
 ORDER BY g.n;

-- name: lead_custom_names
-- lane: own
-- The names of a tenant's extra columns, for the head of an export.
SELECT DISTINCT k AS name FROM leads l CROSS JOIN LATERAL jsonb_object_keys(l.custom) k
 WHERE l.tenant_id = $1 AND l.deleted_at IS NULL ORDER BY k LIMIT 200;

-- name: lead_most_phones
-- lane: own
-- How many numbers the lead with most of them has, for the head of an export.
SELECT coalesce(max(position), 1) AS most FROM lead_phones WHERE tenant_id = $1;
