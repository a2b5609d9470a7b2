-- Who changed what.

-- name: audit_list
-- lane: read
-- $4 action, $5 object: NULL is any.  The id is the sequence number in the form of a UUID, for cursors.
SELECT lpad(to_hex(seq), 32, '0')::uuid AS id, seq, at, principal, action, object_id, detail
  FROM audit
 WHERE tenant_id = $1
   AND ($3::uuid IS NULL OR seq < ('x' || right(replace($3::uuid::text, '-', ''), 16))::bit(64)::bigint)
   AND ($4::text IS NULL OR action = $4) AND ($5::uuid IS NULL OR object_id = $5)
 ORDER BY seq DESC LIMIT $2;
