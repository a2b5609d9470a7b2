-- Who is asking.  Definer functions of gate: see 990_grants.sql for who may call which.

-- An unknown address is in no network.
CREATE OR REPLACE FUNCTION outdial.check_address(p_networks cidr[], p_address inet) RETURNS void LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF p_networks IS NOT NULL AND NOT coalesce(p_address <<= ANY (p_networks), false) THEN
        RAISE EXCEPTION USING ERRCODE = 'OD403', DETAIL = 'address_not_allowed',
            MESSAGE = 'This tenant is not open to the network you come from. Ask one of its administrators.';
    END IF;
END $$;

-- Functions that nearly every statement calls are in plpgsql, which keeps their plans; in SQL, where a definer function cannot be
-- inlined, each statement would parse and plan them anew.

-- The time, as 010_ground.sql says it.
CREATE OR REPLACE FUNCTION outdial.now() RETURNS timestamptz LANGUAGE plpgsql VOLATILE PARALLEL SAFE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
BEGIN
    RETURN clock_timestamp() + (SELECT ahead FROM simulation_clock);
END $$;

-- Sets the tenant for this transaction, sealed, after checking that the credential is alive.  Every flush of the workers
-- and dialers begins with it.
--   principal  'user:<uuid>' | 'key:<uuid>' | 'dialer' | 'command'
--   role       the role the credential claims; never more than the user's own
--   address    where the request came from; a tenant may have said which networks that has to be in
CREATE OR REPLACE FUNCTION outdial.enter(p_tenant uuid, p_principal text, p_epoch bigint, p_token_id text, p_role text, p_address inet DEFAULT NULL)
RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_kind      text := split_part(p_principal, ':', 1);
    v_user      record;
    v_status    text;
    v_networks  cidr[];
BEGIN
    IF p_tenant IS NOT NULL THEN
        SELECT status, allowed_networks INTO v_status, v_networks FROM tenants WHERE id = p_tenant;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'OD404', MESSAGE = 'There is nothing at this address.', DETAIL = 'not_found';
        END IF;
    END IF;

    IF v_kind = 'user' THEN
        SELECT u.tenant_id, u.epoch, u.role, u.status, EXISTS (SELECT FROM denied_tokens WHERE token_id = p_token_id) AS ended INTO v_user
          FROM users u WHERE u.id = split_part(p_principal, ':', 2)::uuid;
        IF NOT FOUND OR v_user.status <> 'active' OR v_user.epoch IS DISTINCT FROM p_epoch
           OR role_rank(p_role) IS NULL OR role_rank(p_role) > role_rank(v_user.role) THEN
            RAISE EXCEPTION USING ERRCODE = 'OD401', MESSAGE = 'This sign-in is no longer good. Sign in again.', DETAIL = 'token_revoked';
        END IF;
        IF v_user.ended THEN
            RAISE EXCEPTION USING ERRCODE = 'OD401', MESSAGE = 'This sign-in was ended. Sign in again.', DETAIL = 'token_revoked';
        END IF;
        IF v_user.tenant_id IS DISTINCT FROM p_tenant THEN
            RAISE EXCEPTION USING ERRCODE = 'OD404', MESSAGE = 'There is nothing at this address.', DETAIL = 'not_found';
        END IF;
    ELSIF v_kind = 'key' THEN
        PERFORM FROM api_keys k
          WHERE k.id = split_part(p_principal, ':', 2)::uuid AND k.tenant_id = p_tenant AND k.epoch = p_epoch AND k.revoked_at IS NULL
            AND role_rank(p_role) <= role_rank(k.role);
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'OD401', MESSAGE = 'This API key has been revoked.', DETAIL = 'key_revoked';
        END IF;
    ELSIF v_kind = 'dialer' AND pg_has_role(session_user, 'dialer', 'MEMBER') THEN
        NULL;
    ELSIF v_kind = 'command' AND pg_has_role(session_user, 'owner', 'MEMBER') THEN
        NULL;
    ELSE
        RAISE EXCEPTION USING ERRCODE = 'OD401', MESSAGE = 'Unknown kind of credential.', DETAIL = 'unauthorized';
    END IF;

    IF v_status = 'suspended' AND v_kind IN ('user', 'key') THEN
        RAISE EXCEPTION USING ERRCODE = 'OD403', MESSAGE = 'This tenant is suspended. Ask the operator of this installation.', DETAIL = 'tenant_suspended';
    END IF;
    IF v_networks IS NOT NULL AND v_kind IN ('user', 'key') THEN
        PERFORM check_address(v_networks, p_address);
    END IF;

    PERFORM set_config('outdial.tenant', coalesce(p_tenant::text, ''), true),
            set_config('outdial.principal', p_principal, true),
            set_config('outdial.seal', seal_of(key, coalesce(p_tenant::text, ''), p_principal), true)
       FROM seal_key;
END $$;

-- Ties tenant and principal to this backend and this transaction: a setting copied from elsewhere opens nothing.  Inlined where the key may be read.
DROP FUNCTION IF EXISTS outdial.seal_of(text, text);
CREATE OR REPLACE FUNCTION outdial.seal_of(p_key bytea, p_tenant text, p_principal text) RETURNS text LANGUAGE sql STABLE AS $$
    -- what has a fixed size first, and the tenant's length with it, or one text could be cut into tenant and principal in two ways
    SELECT encode(sha256(p_key || timestamptz_send(transaction_timestamp()) || int4send(pg_backend_pid()) || int4send(length(p_tenant))
                         || convert_to(p_tenant || p_principal, 'UTF8') || p_key), 'hex')
$$;

-- The tenant this transaction has entered, or NULL: what every row-level policy compares with.
CREATE OR REPLACE FUNCTION outdial.tenant() RETURNS uuid LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
BEGIN
    RETURN (SELECT nullif(current_setting('outdial.tenant', true), '')::uuid FROM seal_key
             WHERE current_setting('outdial.seal', true) = seal_of(key, current_setting('outdial.tenant', true), current_setting('outdial.principal', true)));
END $$;

-- Who this transaction was entered as, for audit lines; NULL when the seal is broken.
CREATE OR REPLACE FUNCTION outdial.principal() RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
BEGIN
    RETURN (SELECT current_setting('outdial.principal', true) FROM seal_key
             WHERE current_setting('outdial.seal', true) = seal_of(key, current_setting('outdial.tenant', true), current_setting('outdial.principal', true)));
END $$;

CREATE OR REPLACE FUNCTION outdial.role_rank(p_role text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_position(ARRAY['viewer', 'agent', 'manager', 'admin', 'owner'], p_role)
$$;

-- True when this transaction was entered by a platform administrator; who is one stays its own tenant's user meanwhile.
CREATE OR REPLACE FUNCTION outdial.on_platform() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    SELECT EXISTS (SELECT FROM users WHERE id = CASE WHEN principal() LIKE 'user:%' THEN substr(principal(), 6)::uuid END AND is_platform)
$$;

-- Refuses everybody else.
CREATE OR REPLACE FUNCTION outdial.platform_only() RETURNS void LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
BEGIN
    IF NOT on_platform() THEN
        RAISE EXCEPTION USING ERRCODE = 'OD403', MESSAGE = 'Only platform administrators may do this.', DETAIL = 'forbidden';
    END IF;
END $$;

-- A session's hold: an advisory lock that is gone when, and only when, the session is.
CREATE OR REPLACE FUNCTION outdial.hold() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_key bigint := hashtextextended(gen_random_uuid()::text, 7);
BEGIN
    PERFORM pg_advisory_lock(v_key);
    RETURN v_key;
END $$;

-- Door 1: login by e-mail.  Counts the failures of the last minute; ten, and nothing is evaluated.
CREATE OR REPLACE FUNCTION outdial.login_find(p_email text)
RETURNS TABLE (id uuid, tenant_id uuid, password_hash text, role text, status text, epoch bigint, tenant_status text, failures bigint, is_platform boolean,
               totp_sealed text)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    SELECT u.id, u.tenant_id, u.password_hash, u.role, u.status, u.epoch, t.status,
           (SELECT count(*) FROM login_failures f WHERE f.email_hash = md5(lower(p_email)) AND f.at > (SELECT outdial.now()) - interval '1 minute'),
           u.is_platform, s.secret_sealed
      FROM (SELECT 1) AS always
      LEFT JOIN users u ON u.email = lower(p_email)
      LEFT JOIN tenants t ON t.id = u.tenant_id
      LEFT JOIN totp_secrets s ON s.user_id = u.id AND s.confirmed_at IS NOT NULL
$$;

CREATE OR REPLACE FUNCTION outdial.login_failed(p_email text) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    DELETE FROM login_failures WHERE at < (SELECT outdial.now()) - interval '1 hour';
    INSERT INTO login_failures (email_hash, at) VALUES (md5(lower(p_email)), outdial.now());
$$;

-- The network that an address is in, roughly: enough to recognise one's own, too little to find anybody.
CREATE OR REPLACE FUNCTION outdial.blurred(p_address inet) RETURNS cidr LANGUAGE sql IMMUTABLE AS $$
    SELECT network(set_masklen(p_address, CASE family(p_address) WHEN 4 THEN 24 ELSE 48 END))
$$;

-- The first refresh token of a new family, for the user that this transaction was entered as.
CREATE OR REPLACE FUNCTION outdial.session_start(p_user uuid, p_epoch bigint, p_token_hash text, p_days integer, p_agent text DEFAULT NULL, p_address inet DEFAULT NULL)
RETURNS void LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    DELETE FROM login_failures WHERE email_hash = (SELECT md5(email) FROM users WHERE id = p_user AND principal() = 'user:' || p_user);
    DELETE FROM refresh_tokens WHERE expires_at < (SELECT outdial.now()) - interval '1 day';
    INSERT INTO refresh_tokens (token_hash, family, tenant_id, user_id, epoch, expires_at, agent, network)
    SELECT p_token_hash, uuid7(), u.tenant_id, u.id, p_epoch, outdial.now() + make_interval(days => p_days), p_agent, blurred(p_address)
      FROM users u WHERE u.id = p_user AND principal() = 'user:' || p_user;
$$;

-- Exchanges a refresh token for the next one of its family.  Reuse ends the family.  No row: refused.
CREATE OR REPLACE FUNCTION outdial.session_refresh(p_token_hash text, p_next_hash text, p_days integer, p_agent text DEFAULT NULL, p_address inet DEFAULT NULL)
RETURNS TABLE (id uuid, tenant_id uuid, role text, epoch bigint, is_platform boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_old record;
BEGIN
    SELECT r.*, u.role AS user_role, u.epoch AS user_epoch, u.status AS user_status, u.is_platform AS user_platform, t.status AS tenant_status, t.allowed_networks INTO v_old
      FROM refresh_tokens r JOIN users u ON u.id = r.user_id JOIN tenants t ON t.id = u.tenant_id
     WHERE r.token_hash = p_token_hash FOR UPDATE OF r;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF v_old.used_at IS NOT NULL OR v_old.ended_at IS NOT NULL OR v_old.user_epoch <> v_old.epoch THEN
        UPDATE refresh_tokens SET ended_at = coalesce(ended_at, outdial.now()) WHERE family = v_old.family;
        RETURN;
    END IF;
    IF v_old.expires_at < outdial.now() OR v_old.user_status <> 'active' OR v_old.tenant_status <> 'active' THEN
        RETURN;
    END IF;
    -- before the token is used up: elsewhere it is still good
    PERFORM check_address(v_old.allowed_networks, p_address);
    UPDATE refresh_tokens SET used_at = outdial.now() WHERE token_hash = p_token_hash;
    INSERT INTO refresh_tokens (token_hash, family, tenant_id, user_id, epoch, expires_at, agent, network)
    VALUES (p_next_hash, v_old.family, v_old.tenant_id, v_old.user_id, v_old.epoch, outdial.now() + make_interval(days => p_days), p_agent, blurred(p_address));
    RETURN QUERY SELECT v_old.user_id, v_old.tenant_id, v_old.user_role, v_old.user_epoch, v_old.user_platform;
END $$;

-- Logout: the access token dies until it expires, the refresh family for good.
CREATE OR REPLACE FUNCTION outdial.session_end(p_token_id text, p_expires_at timestamptz, p_refresh_hash text)
RETURNS void LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    DELETE FROM denied_tokens WHERE expires_at < (SELECT outdial.now()) - interval '1 hour';
    INSERT INTO denied_tokens (token_id, expires_at)
    SELECT p_token_id, p_expires_at WHERE p_token_id IS NOT NULL ON CONFLICT DO NOTHING;
    UPDATE refresh_tokens SET ended_at = outdial.now()
     WHERE ended_at IS NULL AND family = (SELECT family FROM refresh_tokens WHERE token_hash = p_refresh_hash);
$$;

-- Ends every family of the user that this transaction was entered as (logout without a refresh token at hand).
CREATE OR REPLACE FUNCTION outdial.session_end_all(p_user uuid) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    UPDATE refresh_tokens SET ended_at = outdial.now()
     WHERE ended_at IS NULL AND user_id = p_user AND principal() = 'user:' || p_user;
$$;

-- Door 2: an API key by its hash.
CREATE OR REPLACE FUNCTION outdial.key_by_hash(p_hash text)
RETURNS TABLE (id uuid, tenant_id uuid, epoch bigint, role text)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    UPDATE api_keys SET last_used_at = outdial.now()
     WHERE key_hash = p_hash AND revoked_at IS NULL AND (last_used_at IS NULL OR last_used_at < outdial.now() - interval '1 minute');
    SELECT id, tenant_id, epoch, role FROM api_keys WHERE key_hash = p_hash AND revoked_at IS NULL;
$$;

-- Door 3: the accounts a webhook may come from.  Several tenants may share one provider account, each with its own row.
CREATE OR REPLACE FUNCTION outdial.accounts_by_sid(p_provider text, p_sid text)
RETURNS TABLE (id uuid, tenant_id uuid, auth_token_sealed text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    SELECT id, tenant_id, auth_token_sealed FROM provider_accounts
     WHERE provider = p_provider AND account_sid = p_sid AND auth_token_sealed IS NOT NULL
     ORDER BY id LIMIT 50
$$;

-- The account a tenant's calls go through: its own, else the platform's.
CREATE OR REPLACE FUNCTION outdial.account_for(p_tenant uuid, p_provider text)
RETURNS SETOF provider_accounts LANGUAGE sql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    SELECT * FROM provider_accounts
     WHERE provider = p_provider AND (tenant_id = p_tenant OR tenant_id IS NULL) AND p_tenant = outdial.tenant()
     ORDER BY tenant_id NULLS LAST, id LIMIT 1
$$;

-- Platform administrators: every tenant, and making one with its first owner.
CREATE OR REPLACE FUNCTION outdial.platform_tenants(p_limit bigint, p_after uuid)
RETURNS SETOF tenants LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
BEGIN
    PERFORM platform_only();
    RETURN QUERY SELECT * FROM tenants WHERE p_after IS NULL OR id < p_after ORDER BY id DESC LIMIT p_limit;
END $$;

CREATE OR REPLACE FUNCTION outdial.platform_tenant_create(p_name text, p_slug text, p_country text, p_locale text, p_owner_email text, p_owner_hash text)
RETURNS SETOF tenants LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
DECLARE
    v_tenant tenants;
BEGIN
    PERFORM platform_only();
    INSERT INTO tenants (name, slug, company, default_country, locale)
    VALUES (p_name, p_slug, p_name, coalesce(p_country, 'US'), coalesce(p_locale, 'en')) RETURNING * INTO v_tenant;
    IF p_owner_email IS NOT NULL THEN
        INSERT INTO users (tenant_id, email, role, password_hash) VALUES (v_tenant.id, lower(p_owner_email), 'owner', p_owner_hash);
    END IF;
    INSERT INTO audit (tenant_id, principal, action, object_id) VALUES (v_tenant.id, principal(), 'tenant.create', v_tenant.id);
    RETURN NEXT v_tenant;
END $$;

CREATE OR REPLACE FUNCTION outdial.platform_tenant_status(p_tenant uuid, p_status text)
RETURNS SETOF tenants LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
BEGIN
    PERFORM platform_only();
    RETURN QUERY UPDATE tenants SET status = p_status, updated_at = outdial.now() WHERE id = p_tenant RETURNING *;
    IF FOUND THEN
        INSERT INTO audit (tenant_id, principal, action, object_id, detail)
        VALUES (p_tenant, principal(), 'tenant.' || p_status, p_tenant, '{}');
    END IF;
END $$;

-- One line of the audit, as whoever entered.
CREATE OR REPLACE FUNCTION outdial.audit_add(p_tenant uuid, p_action text, p_object uuid, p_detail jsonb) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = outdial, pg_temp AS $$
    INSERT INTO audit (tenant_id, principal, action, object_id, detail)
    SELECT p_tenant, coalesce(principal(), 'nobody'), p_action, p_object, coalesce(p_detail, '{}')
     WHERE p_tenant = outdial.tenant()
$$;
