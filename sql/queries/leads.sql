-- name: lead_country
-- lane: read
-- The country of numbers that are written without one.
SELECT default_country AS country FROM tenants WHERE id = $1;

-- name: lead_list
-- lane: read
SELECT *, original_phone AS phone FROM leads
 WHERE tenant_id = $1 AND deleted_at IS NULL AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $2;

-- name: lead_list_by_phone
-- lane: read
SELECT *, original_phone AS phone FROM leads
 WHERE tenant_id = $1 AND deleted_at IS NULL AND phone_e164 = $4 AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $2;

-- name: lead_list_by_campaign
-- lane: read
SELECT l.*, l.original_phone AS phone
  FROM campaigns c
  JOIN campaign_leads x ON x.tenant_id = $1 AND x.list_id = c.list_id
  JOIN leads l ON l.tenant_id = $1 AND l.id = x.lead_id AND l.deleted_at IS NULL
 WHERE c.tenant_id = $1 AND c.id = $4 AND ($3::uuid IS NULL OR x.lead_id < $3)
 ORDER BY x.lead_id DESC LIMIT $2;

-- name: lead_list_by_list
-- lane: own
SELECT l.*, l.original_phone AS phone
  FROM lead_list_members x
  JOIN leads l ON l.tenant_id = $1 AND l.id = x.lead_id AND l.deleted_at IS NULL
 WHERE x.tenant_id = $1 AND x.list_id = $4 AND ($3::uuid IS NULL OR x.lead_id < $3)
 ORDER BY x.lead_id DESC LIMIT $2;

-- name: lead_search
-- lane: own
SELECT *, original_phone AS phone FROM outdial.lead_search($1, $4, $2, $3);

-- name: lead_find
-- lane: read
SELECT *, original_phone AS phone FROM leads WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL;

-- name: lead_find_external
-- lane: read
SELECT *, original_phone AS phone FROM leads WHERE tenant_id = $1 AND external_id = $2 AND deleted_at IS NULL;

-- name: lead_lock
-- lane: own
SELECT id FROM leads WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL FOR UPDATE;

-- name: lead_insert
-- lane: write
WITH made AS (
    INSERT INTO leads (tenant_id, id, external_id, name, category, phone_e164, original_phone, custom)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING *, original_phone AS phone
)
SELECT made.*, outdial.audit_add($1, 'lead.create', id, '{}') FROM made;

-- name: lead_update
-- lane: write by $2
WITH changed AS (
    UPDATE leads SET external_id = $3, name = $4, category = $5, phone_e164 = $6, original_phone = $7, custom = $8, updated_at = outdial.now()
     WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL RETURNING *, original_phone AS phone
)
SELECT changed.*, outdial.audit_add($1, 'lead.update', id, '{}') FROM changed;

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

-- name: lead_export
-- lane: own
-- A page of an export, oldest first; values of the extra columns in the order of their names.
SELECT l.id, l.external_id, l.name, l.category, coalesce(l.phone_e164, l.original_phone) AS phone, l.phone_e164, l.original_phone,
       to_char(l.created_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS created_at,
       (SELECT jsonb_agg(l.custom ->> k ORDER BY n) FROM unnest($4::text[]) WITH ORDINALITY AS t(k, n)) AS extras
  FROM leads l
 WHERE l.tenant_id = $1 AND l.deleted_at IS NULL AND ($3::uuid IS NULL OR l.id > $3)
 ORDER BY l.id LIMIT $2;
