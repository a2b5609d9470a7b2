-- A lead as clients see it: phone is its number as it was written, phones are the further ones in the order in which they are tried.
DROP VIEW IF EXISTS outdial.lead_shown;
CREATE VIEW outdial.lead_shown WITH (security_invoker = true) AS
SELECT l.id, l.tenant_id, l.external_id, l.name, l.category, l.original_phone AS phone, l.phone_e164, l.original_phone, l.custom, l.priority,
       l.created_at, l.updated_at, l.deleted_at,
       coalesce((SELECT jsonb_agg(jsonb_build_object('phone', p.original_phone, 'phone_e164', p.phone_e164, 'label', p.label) ORDER BY p.position)
                   FROM lead_phones p WHERE p.tenant_id = l.tenant_id AND p.lead_id = l.id), '[]') AS phones
  FROM leads l;
GRANT SELECT ON outdial.lead_shown TO api;
