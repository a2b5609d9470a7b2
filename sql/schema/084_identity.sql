-- Beside a password: where a tenant's people may come from, a second factor, sessions one can recognise, and tokens of other issuers.

ALTER TABLE tenants
    -- NULL: from anywhere
    ADD COLUMN allowed_networks  cidr[] CHECK (cardinality(allowed_networks) BETWEEN 1 AND 100),
    -- whoever signs in with a password without a second factor may only set one up
    ADD COLUMN require_totp      boolean NOT NULL DEFAULT false;

ALTER TABLE users
    ADD COLUMN totp_enabled  boolean NOT NULL DEFAULT false,
    -- when epoch was last raised: another issuer's tokens from before are dead, as they cannot name an epoch
    ADD COLUMN epoch_at      timestamptz;

CREATE FUNCTION outdial.note_epoch() RETURNS trigger LANGUAGE plpgsql SET search_path = outdial, pg_temp AS $$
BEGIN
    NEW.epoch_at := outdial.now();
    RETURN NEW;
END $$;
CREATE TRIGGER users_epoch BEFORE UPDATE ON users FOR EACH ROW WHEN (NEW.epoch > OLD.epoch) EXECUTE FUNCTION outdial.note_epoch();

-- One session = one family of refresh tokens.  What the browser calls itself and the network, not the address, it came from.
ALTER TABLE refresh_tokens
    ADD COLUMN agent    text CHECK (length(agent) <= 100),
    ADD COLUMN network  cidr;
CREATE INDEX ON refresh_tokens (user_id, family);

CREATE TABLE totp_secrets (
    user_id        uuid PRIMARY KEY,
    tenant_id      uuid NOT NULL REFERENCES tenants,
    -- sealed with tenant and user as associated data, see base/secret.h
    secret_sealed  text NOT NULL,
    confirmed_at   timestamptz,
    -- the time step of the last code that was taken: it and older ones are not taken again
    last_step      bigint NOT NULL DEFAULT 0,
    created_at     timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE recovery_codes (
    tenant_id  uuid NOT NULL REFERENCES tenants,
    user_id    uuid NOT NULL,
    code_hash  text NOT NULL,
    used_at    timestamptz,
    PRIMARY KEY (user_id, code_hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE recovery_codes IS 'Each stands in for one code of a lost second factor, once.';

CREATE TABLE identity_providers (
    id             uuid PRIMARY KEY DEFAULT uuid7(),
    tenant_id      uuid NOT NULL REFERENCES tenants,
    name           text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    issuer         text NOT NULL CHECK (length(issuer) BETWEEN 1 AND 500),
    audience       text NOT NULL CHECK (length(audience) BETWEEN 1 AND 500),
    algorithm      text NOT NULL CHECK (algorithm IN ('RS256', 'ES256')),
    -- PEM texts, one for tokens of any kid or several by kid; or an address that serves them
    public_key     text,
    keys           jsonb NOT NULL DEFAULT '{}',
    jwks_url       text,
    user_claim     text NOT NULL DEFAULT 'sub' CHECK (user_claim IN ('sub', 'email')),
    -- the claim's path, with dots between its members
    role_claim     text,
    role_map       jsonb NOT NULL DEFAULT '{}',
    -- of tokens without a role in role_map; NULL: they are refused
    default_role   text CHECK (default_role IN ('viewer', 'agent', 'manager', 'admin', 'owner')),
    creates_users  boolean NOT NULL DEFAULT false,
    is_active      boolean NOT NULL DEFAULT true,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT identity_providers_issuer_key UNIQUE (tenant_id, issuer, audience),
    CHECK (public_key IS NOT NULL OR keys <> '{}' OR jwks_url IS NOT NULL)
);
CREATE INDEX ON identity_providers (issuer, audience);

-- Which user a subject of an issuer has turned out to be.
CREATE TABLE user_identities (
    tenant_id   uuid NOT NULL REFERENCES tenants,
    issuer      text NOT NULL,
    subject     text NOT NULL CHECK (length(subject) BETWEEN 1 AND 500),
    user_id     uuid NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, issuer, subject),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ON user_identities (tenant_id, user_id);

-- Their parameters or columns are others now; the 9xx files make them again.
DROP FUNCTION IF EXISTS outdial.enter(uuid, text, bigint, text, text);
DROP FUNCTION IF EXISTS outdial.login_find(text);
DROP FUNCTION IF EXISTS outdial.session_start(uuid, bigint, text, integer);
DROP FUNCTION IF EXISTS outdial.session_refresh(text, text, integer);
DROP FUNCTION IF EXISTS outdial.key_by_hash(text);
