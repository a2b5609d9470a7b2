-- name: call_list
-- lane: read
SELECT * FROM outdial.calls
 WHERE tenant_id = $1 AND ($3::uuid IS NULL OR id < $3) AND ($4::text IS NULL OR status = $4) AND ($5::uuid IS NULL OR campaign_id = $5)
   AND ($6::uuid IS NULL OR assigned_to = $6) AND ($7::uuid IS NULL OR lead_id = $7)
   AND ($8::timestamptz IS NULL OR created_at >= $8) AND ($9::timestamptz IS NULL OR created_at < $9)
 ORDER BY id DESC LIMIT $2;

-- name: call_find
-- lane: read
SELECT * FROM outdial.calls WHERE tenant_id = $1 AND id = $2;

-- name: call_events
-- lane: read
SELECT e.seq, e.kind, e.source, coalesce(e.leg_sid, a.provider_sid) AS call_sid, e.payload, e.received_at
  FROM attempts a JOIN call_events e ON e.tenant_id = $1 AND e.attempt_id = a.id
 WHERE a.tenant_id = $1 AND a.conversation_id = $2
 ORDER BY e.seq LIMIT 1000;
