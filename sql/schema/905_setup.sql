-- A link works once: it sets the password, and everything signed in before is out.  No row: used, expired, or never made.
CREATE OR REPLACE FUNCTION outdial.setup_finish(p_token_hash text, p_password_hash text)
RETURNS TABLE (tenant_id uuid, user_id uuid, email text, role text, epoch bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_user uuid;
BEGIN
    UPDATE setup_links SET used_at = outdial.now()
     WHERE token_hash = p_token_hash AND used_at IS NULL AND expires_at > outdial.now() RETURNING user_id INTO v_user;
    IF v_user IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO audit (tenant_id, principal, action, object_id)
    SELECT tenant_id, 'user:' || id, 'user.setup', id FROM users WHERE id = v_user;
    RETURN QUERY
    UPDATE users u SET password_hash = p_password_hash, epoch = u.epoch + 1, updated_at = outdial.now()
     WHERE u.id = v_user AND u.status = 'active'
    RETURNING u.tenant_id, u.id, u.email, u.role, u.epoch;
END $$;
