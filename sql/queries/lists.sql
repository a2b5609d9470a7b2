-- name: list_list
-- lane: own
SELECT l.*, (SELECT count(*) FROM lead_list_members m WHERE m.tenant_id = $1 AND m.list_id = l.id) AS leads_count
  FROM lead_lists l WHERE l.tenant_id = $1 AND ($3::uuid IS NULL OR l.id < $3) ORDER BY l.id DESC LIMIT $2;

-- name: list_find
-- lane: own
SELECT l.*, (SELECT count(*) FROM lead_list_members m WHERE m.tenant_id = $1 AND m.list_id = l.id) AS leads_count
  FROM lead_lists l WHERE l.tenant_id = $1 AND l.id = $2;

-- name: list_resolve
-- lane: own
SELECT id FROM lead_lists WHERE tenant_id = $1 AND (id = $2::uuid OR name = $3) ORDER BY id = $2::uuid DESC NULLS LAST LIMIT 1;

-- name: list_make
-- lane: own
-- The list of this name is there afterwards.
WITH made AS (INSERT INTO lead_lists (tenant_id, name) VALUES ($1, $2) ON CONFLICT (tenant_id, name) DO NOTHING RETURNING id, name)
SELECT outdial.audit_add($1, 'list.create', id, jsonb_build_object('name', name)) FROM made;

-- name: list_insert
-- lane: own
WITH made AS (INSERT INTO lead_lists (tenant_id, id, name) VALUES ($1, $2, $3) RETURNING *)
SELECT made.*, 0 AS leads_count, outdial.audit_add($1, 'list.create', id, jsonb_build_object('name', name)) FROM made;

-- name: list_update
-- lane: own
WITH changed AS (UPDATE lead_lists SET name = $3, updated_at = outdial.now() WHERE tenant_id = $1 AND id = $2 RETURNING *)
SELECT changed.*, (SELECT count(*) FROM lead_list_members m WHERE m.tenant_id = $1 AND m.list_id = $2) AS leads_count,
       outdial.audit_add($1, 'list.update', id, jsonb_build_object('name', name)) FROM changed;

-- name: list_delete
-- lane: own
WITH gone AS (DELETE FROM lead_lists WHERE tenant_id = $1 AND id = $2 RETURNING id, name),
     members AS (DELETE FROM lead_list_members WHERE tenant_id = $1 AND list_id = $2)
SELECT outdial.audit_add($1, 'list.delete', id, jsonb_build_object('name', name)) FROM gone;

-- name: list_add_leads
-- lane: own
WITH added AS (
    INSERT INTO lead_list_members (tenant_id, list_id, lead_id)
    SELECT $1, $2, l.id FROM leads l WHERE l.tenant_id = $1 AND l.id = ANY ($3::uuid[]) AND l.deleted_at IS NULL ON CONFLICT DO NOTHING RETURNING lead_id
)
SELECT count(*) AS added FROM added;

-- name: list_add_members
-- lane: own
SELECT * FROM outdial.list_add_members($1, $2, $3, $4, $5);
