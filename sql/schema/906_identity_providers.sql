-- Second factors, sessions, and people whom another issuer vouches for.

-- The user that this transaction was entered as; NULL for keys and programs.
CREATE OR REPLACE FUNCTION outdial.entered_user() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    SELECT substr(principal(), 6)::uuid WHERE principal() LIKE 'user:%'
$$;

-- What is known of the entered user's second factor; always one row.  failures: as login_find counts them.
CREATE OR REPLACE FUNCTION outdial.totp_find()
RETURNS TABLE (email text, secret_sealed text, confirmed boolean, failures bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    SELECT u.email, s.secret_sealed, s.confirmed_at IS NOT NULL,
           (SELECT count(*) FROM login_failures f WHERE f.email_hash = md5(u.email) AND f.at > outdial.now() - interval '1 minute')
      FROM users u LEFT JOIN totp_secrets s ON s.user_id = u.id WHERE u.id = entered_user()
$$;

-- A secret to be confirmed, in place of an earlier one that never was.  False: there is a confirmed one.
CREATE OR REPLACE FUNCTION outdial.totp_begin(p_sealed text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
BEGIN
    INSERT INTO totp_secrets AS s (user_id, tenant_id, secret_sealed) SELECT entered_user(), outdial.tenant(), p_sealed
    ON CONFLICT (user_id) DO UPDATE SET secret_sealed = excluded.secret_sealed, created_at = outdial.now() WHERE s.confirmed_at IS NULL;
    RETURN FOUND;
END $$;

-- The secret counts from now on, and so do its recovery codes.  False: nothing was begun, or it was confirmed meanwhile.
CREATE OR REPLACE FUNCTION outdial.totp_confirm(p_sealed text, p_step bigint, p_code_hashes text[]) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_user uuid := entered_user();
BEGIN
    UPDATE totp_secrets SET confirmed_at = outdial.now(), last_step = p_step
     WHERE user_id = v_user AND secret_sealed = p_sealed AND confirmed_at IS NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE users SET totp_enabled = true, updated_at = outdial.now() WHERE id = v_user;
    DELETE FROM recovery_codes WHERE user_id = v_user;
    INSERT INTO recovery_codes (tenant_id, user_id, code_hash) SELECT outdial.tenant(), v_user, unnest(p_code_hashes);
    PERFORM audit_add(outdial.tenant(), 'user.totp_enable', v_user, NULL);
    RETURN true;
END $$;

-- Uses up a code of the entered user: a time step, or a recovery code's hash.  False: used before, or no such code.
CREATE OR REPLACE FUNCTION outdial.totp_spend(p_step bigint, p_code_hash text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
BEGIN
    IF p_code_hash IS NULL THEN
        UPDATE totp_secrets SET last_step = p_step WHERE user_id = entered_user() AND confirmed_at IS NOT NULL AND last_step < p_step;
        RETURN FOUND;
    END IF;
    UPDATE recovery_codes SET used_at = outdial.now() WHERE user_id = entered_user() AND code_hash = p_code_hash AND used_at IS NULL;
    IF FOUND THEN
        PERFORM audit_add(outdial.tenant(), 'user.recovery_code', entered_user(), NULL);
        RETURN true;
    END IF;
    RETURN false;
END $$;

-- The second factor of a user of this tenant goes, whoever asks: may they is the route's and the service's question.
CREATE OR REPLACE FUNCTION outdial.totp_remove(p_user uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_confirmed  boolean;
BEGIN
    DELETE FROM recovery_codes WHERE user_id = p_user AND tenant_id = outdial.tenant();
    DELETE FROM totp_secrets WHERE user_id = p_user AND tenant_id = outdial.tenant() RETURNING confirmed_at IS NOT NULL INTO v_confirmed;
    IF v_confirmed THEN
        UPDATE users SET totp_enabled = false, updated_at = outdial.now() WHERE id = p_user;
        PERFORM audit_add(outdial.tenant(), CASE WHEN p_user = entered_user() THEN 'user.totp_disable' ELSE 'user.totp_reset' END, p_user, NULL);
    END IF;
    RETURN coalesce(v_confirmed, false);
END $$;

-- Sessions of a user of this tenant that can still be continued, the last begun first.
--   p_token_id  the asking access token's id, which is the hash of the refresh token it came with
CREATE OR REPLACE FUNCTION outdial.session_list(p_user uuid, p_token_id text, p_limit bigint DEFAULT 1000, p_after uuid DEFAULT NULL)
RETURNS TABLE (id uuid, created_at timestamptz, last_used_at timestamptz, expires_at timestamptz, agent text, network cidr, current boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    SELECT live.family, (SELECT min(r.created_at) FROM refresh_tokens r WHERE r.family = live.family), live.created_at, live.expires_at, live.agent, live.network,
           coalesce(live.family = (SELECT r.family FROM refresh_tokens r WHERE r.token_hash = p_token_id AND r.user_id = p_user), false)
      FROM refresh_tokens live JOIN users u ON u.id = live.user_id
     WHERE live.user_id = p_user AND live.tenant_id = outdial.tenant() AND live.epoch = u.epoch
       AND live.used_at IS NULL AND live.ended_at IS NULL AND live.expires_at > outdial.now()
       AND (p_after IS NULL OR live.family < p_after)
     ORDER BY live.family DESC LIMIT p_limit
$$;

-- Ends one session of a user (p_family), or all but the asking one (p_family NULL); their access tokens die too.
CREATE OR REPLACE FUNCTION outdial.session_drop(p_user uuid, p_family uuid, p_token_id text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_families  uuid[];
BEGIN
    SELECT array_agg(DISTINCT family) INTO v_families FROM refresh_tokens
     WHERE user_id = p_user AND tenant_id = outdial.tenant() AND ended_at IS NULL
       AND CASE WHEN p_family IS NOT NULL THEN family = p_family
                ELSE family IS DISTINCT FROM (SELECT r.family FROM refresh_tokens r WHERE r.token_hash = p_token_id AND r.user_id = p_user) END;
    IF v_families IS NULL THEN
        RETURN 0;
    END IF;
    -- an access token lives for a quarter of an hour and a minute of leeway
    INSERT INTO denied_tokens (token_id, expires_at)
    SELECT token_hash, created_at + interval '20 minutes' FROM refresh_tokens
     WHERE family = ANY (v_families) AND created_at > outdial.now() - interval '20 minutes' ON CONFLICT DO NOTHING;
    UPDATE refresh_tokens SET ended_at = outdial.now() WHERE family = ANY (v_families) AND ended_at IS NULL;
    PERFORM audit_add(outdial.tenant(), 'session.end', p_user, jsonb_build_object('sessions', cardinality(v_families)));
    RETURN cardinality(v_families);
END $$;

-- Door 5: identity providers that tokens of this issuer and audience may be of.  Several tenants may trust one issuer; the
-- asked tenant's come first.  What is returned has verified nothing yet.
CREATE OR REPLACE FUNCTION outdial.providers_of(p_issuer text, p_audiences text[], p_tenant uuid)
RETURNS SETOF identity_providers LANGUAGE sql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    SELECT p.* FROM identity_providers p
     WHERE p.issuer = p_issuer AND p.audience = ANY (p_audiences) AND p.is_active
     ORDER BY p.tenant_id IS NOT DISTINCT FROM p_tenant DESC, p.id LIMIT 8
$$;

-- The highest role that a provider may give.
CREATE OR REPLACE FUNCTION outdial.provider_ceiling(p identity_providers) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT max(role_rank(role)) FROM (SELECT p.default_role UNION ALL SELECT value FROM jsonb_each_text(p.role_map)) AS given (role)
$$;

-- Behind door 5: the user whom a verified token of this provider stands for.
--   p_email   an address that the token says is verified, or NULL
--   p_role    what the token's role claim maps to, else the provider's default
-- A user above the provider's highest role, or a platform administrator, is not its to vouch for.  No row: nobody.
CREATE OR REPLACE FUNCTION outdial.external_user(p_provider uuid, p_subject text, p_email text, p_issued_at timestamptz, p_role text)
RETURNS TABLE (id uuid, tenant_id uuid, role text, epoch bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_provider  identity_providers;
    v_user      users;
    v_made      boolean := false;
BEGIN
    SELECT * INTO v_provider FROM identity_providers p WHERE p.id = p_provider AND p.is_active;
    IF NOT FOUND OR role_rank(p_role) IS NULL OR role_rank(p_role) > provider_ceiling(v_provider) THEN
        RETURN;
    END IF;
    SELECT u.* INTO v_user FROM user_identities i JOIN users u ON u.id = i.user_id
     WHERE i.tenant_id = v_provider.tenant_id AND i.issuer = v_provider.issuer AND i.subject = p_subject AND v_provider.user_claim = 'sub';
    IF NOT FOUND AND p_email IS NOT NULL THEN
        SELECT u.* INTO v_user FROM users u WHERE u.email = lower(p_email) AND u.tenant_id = v_provider.tenant_id;
        IF NOT FOUND AND v_provider.creates_users AND NOT EXISTS (SELECT FROM tenants t WHERE t.id = v_provider.tenant_id AND t.status <> 'active') THEN
            INSERT INTO users (tenant_id, email, role) VALUES (v_provider.tenant_id, lower(p_email), p_role)
            ON CONFLICT DO NOTHING RETURNING * INTO v_user;
            v_made := FOUND;
        END IF;
        IF v_user.id IS NOT NULL AND v_provider.user_claim = 'sub' AND role_rank(v_user.role) <= provider_ceiling(v_provider) AND NOT v_user.is_platform THEN
            INSERT INTO user_identities (tenant_id, issuer, subject, user_id) VALUES (v_provider.tenant_id, v_provider.issuer, p_subject, v_user.id)
            ON CONFLICT DO NOTHING;
        END IF;
    END IF;
    IF v_user.id IS NULL OR v_user.status <> 'active' OR v_user.is_platform OR role_rank(v_user.role) > provider_ceiling(v_provider)
       OR p_issued_at IS NULL OR p_issued_at < date_trunc('second', v_user.epoch_at) THEN
        RETURN;
    END IF;
    IF v_made THEN
        INSERT INTO audit (tenant_id, principal, action, object_id, detail)
        VALUES (v_user.tenant_id, 'provider:' || v_provider.id, 'user.add', v_user.id, jsonb_build_object('role', p_role));
    END IF;
    RETURN QUERY SELECT v_user.id, v_user.tenant_id, CASE WHEN role_rank(p_role) < role_rank(v_user.role) THEN p_role ELSE v_user.role END, v_user.epoch;
END $$;

-- Door 6: the user whom a verified token of the installation's own identity provider (JWT_PUBLIC_KEY) stands for: by id or by verified address.
CREATE OR REPLACE FUNCTION outdial.external_platform_user(p_id uuid, p_email text, p_tenant uuid, p_issued_at timestamptz)
RETURNS TABLE (id uuid, tenant_id uuid, role text, epoch bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    SELECT u.id, u.tenant_id, u.role, u.epoch FROM users u
     WHERE (u.id = p_id OR u.email = lower(p_email)) AND u.status = 'active' AND (p_tenant IS NULL OR u.tenant_id = p_tenant)
       AND p_issued_at >= coalesce(date_trunc('second', u.epoch_at), p_issued_at)
     ORDER BY (u.id = p_id) IS TRUE DESC LIMIT 1
$$;
