-- Tenants, people, keys, provider accounts, and what they did.

CREATE TABLE tenants (
    id                   uuid PRIMARY KEY DEFAULT uuid7(),
    name                 text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    slug                 text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    company              text NOT NULL DEFAULT '',
    persona              text NOT NULL DEFAULT 'Rachel',
    default_country      text NOT NULL DEFAULT 'US' CHECK (default_country ~ '^[A-Z]{2}$'),
    locale               text NOT NULL DEFAULT 'en' CHECK (locale IN ('en', 'tr')),
    timezone             text NOT NULL DEFAULT 'UTC',
    agent_phone          text,
    default_caller_id    text,
    accept_key           boolean NOT NULL DEFAULT false,
    -- where this tenant may call; NULL: its own country only
    countries            text[],
    -- Calling window in minutes of the called party's local day.  Wider than 08:00-21:00 only by owner, see grants.
    window_opens         integer NOT NULL DEFAULT 480  CHECK (window_opens BETWEEN 0 AND 1440),
    window_closes        integer NOT NULL DEFAULT 1260 CHECK (window_closes BETWEEN 0 AND 1440),
    minimum_gap_minutes  integer NOT NULL DEFAULT 60 CHECK (minimum_gap_minutes >= 0),
    status               text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended')),
    created_at           timestamptz NOT NULL DEFAULT now(),
    updated_at           timestamptz NOT NULL DEFAULT now(),
    CHECK (window_opens < window_closes)
);
COMMENT ON TABLE tenants IS 'One customer of this installation; everything below belongs to exactly one.';

CREATE TABLE users (
    id             uuid PRIMARY KEY DEFAULT uuid7(),
    tenant_id      uuid NOT NULL REFERENCES tenants,
    email          text NOT NULL CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 320),
    name           text NOT NULL DEFAULT '' CHECK (length(name) <= 200),
    password_hash  text,
    role           text NOT NULL CHECK (role IN ('viewer', 'agent', 'manager', 'admin', 'owner')),
    phone_e164     text,
    locale         text CHECK (locale IN ('en', 'tr')),
    status         text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled')),
    is_platform    boolean NOT NULL DEFAULT false,
    -- raised by every change of password, role or status: tokens of an older epoch are dead
    epoch          bigint NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_email_key UNIQUE (email),
    UNIQUE (tenant_id, id)
);
COMMENT ON COLUMN users.is_platform IS 'May list, create, suspend and resume tenants; gives no entry into another tenant.';

CREATE TABLE api_keys (
    id            uuid PRIMARY KEY DEFAULT uuid7(),
    tenant_id     uuid NOT NULL REFERENCES tenants,
    name          text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    key_hash      text NOT NULL UNIQUE,
    key_hint      text NOT NULL,
    scopes        text[] NOT NULL DEFAULT '{}',
    role          text NOT NULL CHECK (role IN ('viewer', 'agent', 'manager', 'admin')),
    epoch         bigint NOT NULL DEFAULT 1,
    created_by    uuid,
    created_at    timestamptz NOT NULL DEFAULT now(),
    last_used_at  timestamptz,
    revoked_at    timestamptz
);
CREATE INDEX ON api_keys (tenant_id, id);

-- One login = one family of refresh tokens; each is used once, and a second use ends the family.
CREATE TABLE refresh_tokens (
    token_hash  text PRIMARY KEY,
    family      uuid NOT NULL,
    tenant_id   uuid NOT NULL REFERENCES tenants,
    user_id     uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    epoch       bigint NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz,
    ended_at    timestamptz
);
CREATE INDEX ON refresh_tokens (family);

-- Access tokens that were logged out before they expired.
CREATE TABLE denied_tokens (
    token_id    text PRIMARY KEY,
    expires_at  timestamptz NOT NULL
);

CREATE TABLE login_failures (
    email_hash  text NOT NULL,
    at          timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON login_failures (email_hash, at);

-- A provider account of a tenant, or of the platform (tenant_id NULL) for tenants without one of their own.
CREATE TABLE provider_accounts (
    id                     uuid PRIMARY KEY DEFAULT uuid7(),
    tenant_id              uuid REFERENCES tenants,
    provider               text NOT NULL CHECK (provider IN ('twilio', 'vapi', 'livekit')),
    label                  text NOT NULL DEFAULT '' CHECK (length(label) <= 200),
    -- AC... at Twilio, key id at LiveKit; what webhooks name
    account_sid            text,
    api_key                text,
    app_sid                text,
    base_url               text,
    assistant_id           text,
    phone_number_id        text,
    sip_trunk_id           text,
    -- sealed with tenant and column name as associated data, see base/secret.h
    auth_token_sealed      text,
    api_secret_sealed      text,
    webhook_secret_sealed  text,
    default_number         text,
    -- the operator vouches for this number as caller ID before any import; counts only while it equals default_number
    verified_number        text,
    calls_per_second       double precision NOT NULL DEFAULT 1 CHECK (calls_per_second > 0 AND calls_per_second <= 1000),
    max_open_calls         integer NOT NULL DEFAULT 10 CHECK (max_open_calls BETWEEN 0 AND 100000),
    -- refuse area codes 555, 911, 000, 111 and 1 555 ... before dialing
    screens_numbers        boolean NOT NULL DEFAULT true,
    status                 text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'blocked')),
    status_reason          text,
    created_at             timestamptz NOT NULL DEFAULT now(),
    updated_at             timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON provider_accounts (tenant_id, provider, id);
CREATE INDEX ON provider_accounts (account_sid);

-- Tokens of an account's calls-per-second bucket; apart from provider_accounts because every permit writes it.
CREATE TABLE account_pace (
    account_id     uuid PRIMARY KEY REFERENCES provider_accounts ON DELETE CASCADE,
    tokens         double precision NOT NULL DEFAULT 1,
    refilled_at    timestamptz NOT NULL DEFAULT now(),
    -- after 429: nothing is permitted before this instant
    blocked_until  timestamptz
) WITH (fillfactor = 50);

CREATE TABLE audit (
    tenant_id   uuid NOT NULL REFERENCES tenants,
    seq         bigint GENERATED ALWAYS AS IDENTITY,
    at          timestamptz NOT NULL DEFAULT now(),
    principal   text NOT NULL,
    action      text NOT NULL,
    object_id   uuid,
    detail      jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, seq)
);
COMMENT ON TABLE audit IS 'Who changed what, when.  Append-only: nobody but owner can update or delete.';

CREATE TABLE idempotency (
    tenant_id   uuid NOT NULL REFERENCES tenants,
    principal   text NOT NULL,
    route       text NOT NULL,
    key         text NOT NULL,
    body_hash   text NOT NULL,
    status      integer,
    headers     text,
    body        text,
    -- once a call may have been placed for this key, the key means that call
    attempt_id  uuid,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, principal, route, key)
);
