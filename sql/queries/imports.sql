-- name: import_lock
-- lane: own
-- One session at a time works on the same bytes read the same way; the lock goes with the session.
SELECT pg_try_advisory_lock(hashtextextended($1::uuid::text || ' ' || $2::text, 12)) AS got;

-- name: import_unfinished
-- lane: own
SELECT id AS import_id, * FROM imports WHERE tenant_id = $1 AND sha256 = $2 AND options = $3::jsonb AND state <> 'done' ORDER BY id DESC LIMIT 1;

-- name: import_insert
-- lane: own
WITH made AS (
    INSERT INTO imports (tenant_id, id, sha256, options, bytes, bytes_done, encoding, list_id, kept, principal, epoch, role, file, created_at, beat_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, outdial.now(), outdial.now()) RETURNING id AS import_id, *
)
SELECT made.*, outdial.audit_add($1, 'leads.import', import_id, jsonb_build_object('bytes', bytes)) FROM made;

-- name: import_take
-- lane: own
-- Goes on with it: from now on in this worker, as who asks now.
UPDATE imports SET state = 'running', reason = NULL, ended_at = NULL, bytes = $3, list_id = $4, kept = $5, principal = $6, epoch = $7, role = $8, beat_at = outdial.now()
 WHERE tenant_id = $1 AND id = $2 RETURNING id AS import_id, *;

-- name: import_batch
-- lane: own
SELECT outdial.import_batch($1, $2, $3, $4, $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::bigint[],
                            $14::text[], $15::bigint[], $16::text[], $17::text[], $18::text[], $19::text[], $20, $21, $22, $23) AS how;

-- name: import_end
-- lane: own
UPDATE imports SET state = $3, reason = $4, kept = false, bytes_done = CASE $3 WHEN 'done' THEN bytes ELSE bytes_done END, ended_at = outdial.now()
 WHERE tenant_id = $1 AND id = $2 RETURNING id AS import_id, *;

-- name: import_find
-- lane: read
SELECT id AS import_id, * FROM imports WHERE tenant_id = $1 AND id = $2;

-- name: import_list
-- lane: read
SELECT id AS import_id, * FROM imports WHERE tenant_id = $1 AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $2;

-- name: import_refusals
-- lane: read
SELECT line, field, code, reason, row_text FROM import_refusals WHERE tenant_id = $1 AND import_id = $2 AND line > $3 ORDER BY line LIMIT $4;

-- name: imports_left
-- lane: own
-- global
SELECT * FROM outdial.imports_left($1);

-- name: import_left
-- lane: own
-- global
SELECT * FROM outdial.import_left($1, $2);

-- name: import_give_up
-- lane: own
-- global
SELECT outdial.import_give_up($1, $2, $3, $4);

-- name: lead_texts_catch_up
-- lane: own
-- global
SELECT outdial.lead_texts_catch_up($1) AS count;
