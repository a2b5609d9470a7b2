-- name: import_lock
-- One session at a time works on the same bytes; the lock goes with the session.
SELECT pg_try_advisory_lock(hashtextextended($1::uuid::text || ' ' || $2::text, 12)) AS got;

-- name: import_unfinished
SELECT id AS import_id, * FROM imports WHERE tenant_id = $1 AND sha256 = $2 AND state = 'running' ORDER BY id DESC LIMIT 1;

-- name: import_insert
WITH made AS (
    INSERT INTO imports (tenant_id, id, sha256, bytes, bytes_done, created_at) VALUES ($1, $2, $3, $4, $5, outdial.now()) RETURNING id AS import_id, *
)
SELECT made.*, outdial.audit_add($1, 'leads.import', import_id, jsonb_build_object('bytes', bytes)) FROM made;

-- name: import_turn
-- Two imports of a tenant take turns batch by batch, so that neither makes a lead that the other has just made.
SELECT pg_advisory_xact_lock(hashtextextended($1::uuid::text, 13));

-- name: import_batch
-- $3-$8 rows in parallel, no external_id twice; $9-$13 refused rows; $14 bytes done; $15 rows that were merged with one of these.
-- Each row looks itself up, so that no step compares all rows with all rows whatever the planner believes of unnest.
WITH looked_up AS MATERIALIZED (
    SELECT g.*, e.id IS NULL AS by_number, coalesce(e.id, p.id) AS lead_id
      FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
           WITH ORDINALITY AS g(external_id, name, phone, original, category, custom, n)
      LEFT JOIN LATERAL (SELECT id FROM leads l WHERE l.tenant_id = $1 AND l.external_id = g.external_id AND l.deleted_at IS NULL) e ON true
      LEFT JOIN LATERAL (SELECT id FROM leads l WHERE l.tenant_id = $1 AND l.phone_e164 = g.phone AND l.deleted_at IS NULL AND e.id IS NULL
                            AND (g.external_id IS NULL OR l.external_id IS NULL) ORDER BY l.id LIMIT 1) p ON true
), given AS MATERIALIZED (
    -- of two rows for one lead the one that names it has it
    SELECT *, lead_id IS NOT NULL AND row_number() OVER (PARTITION BY lead_id ORDER BY by_number, n) = 1 AS known FROM looked_up
), changed AS (
    UPDATE leads l SET external_id = coalesce(g.external_id, l.external_id), name = coalesce(nullif(g.name, ''), l.name), category = coalesce(g.category, l.category),
                       phone_e164 = g.phone, original_phone = g.original, custom = l.custom || g.custom::jsonb, updated_at = outdial.now()
      FROM given g WHERE g.known AND l.tenant_id = $1 AND l.id = g.lead_id RETURNING l.id
), added AS (
    INSERT INTO leads (tenant_id, external_id, name, category, phone_e164, original_phone, custom)
    SELECT $1, external_id, name, category, phone, original, custom::jsonb FROM given WHERE NOT known ORDER BY n
    ON CONFLICT (tenant_id, external_id) WHERE external_id IS NOT NULL AND deleted_at IS NULL
    DO UPDATE SET name = excluded.name, phone_e164 = excluded.phone_e164, original_phone = excluded.original_phone, updated_at = outdial.now()
    RETURNING id
), refused AS (
    INSERT INTO import_refusals (tenant_id, import_id, line, field, code, reason, row_text)
    SELECT $1, $2, * FROM unnest($9::bigint[], $10::text[], $11::text[], $12::text[], $13::text[])
    ON CONFLICT DO NOTHING RETURNING line
)
UPDATE imports i SET bytes_done = $14, imported = i.imported + c.added, updated = i.updated + c.changed + $15, refused = i.refused + c.refused,
                     rows = i.rows + c.added + c.changed + $15 + c.refused
  FROM (SELECT (SELECT count(*) FROM added) AS added, (SELECT count(*) FROM changed) AS changed, (SELECT count(*) FROM refused) AS refused) c
 WHERE i.tenant_id = $1 AND i.id = $2;

-- name: import_end
UPDATE imports SET state = $3, bytes_done = CASE $3 WHEN 'done' THEN bytes ELSE bytes_done END, ended_at = outdial.now()
 WHERE tenant_id = $1 AND id = $2 RETURNING id AS import_id, *;

-- name: import_find
SELECT id AS import_id, * FROM imports WHERE tenant_id = $1 AND id = $2;

-- name: import_refusals
SELECT line, field, code, reason, row_text FROM import_refusals WHERE tenant_id = $1 AND import_id = $2 AND line > $3 ORDER BY line LIMIT $4;
