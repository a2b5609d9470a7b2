-- Numbers a tenant may call from, and SIP trunks they can be reached through.

CREATE TABLE trunks (
    id           uuid PRIMARY KEY DEFAULT uuid7(),
    tenant_id    uuid NOT NULL REFERENCES tenants,
    account_id   uuid REFERENCES provider_accounts,
    provider     text NOT NULL CHECK (provider IN ('twilio', 'livekit')),
    -- ST_... at LiveKit, TK... at Twilio
    trunk_sid    text NOT NULL CHECK (trunk_sid ~ '^(ST_|TK)[A-Za-z0-9]+$'),
    name         text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT trunks_sid_key UNIQUE (tenant_id, trunk_sid)
);

CREATE TABLE phone_numbers (
    id            uuid PRIMARY KEY DEFAULT uuid7(),
    tenant_id     uuid NOT NULL REFERENCES tenants,
    account_id    uuid REFERENCES provider_accounts,
    number        text NOT NULL CHECK (number ~ '^\+[1-9][0-9]{4,14}$'),
    type          text NOT NULL CHECK (type IN ('LOCAL', 'TOLL_FREE', 'MOBILE')),
    provider      text NOT NULL,
    provider_sid  text,
    campaign_id   uuid,
    trunk_id      uuid REFERENCES trunks,
    livekit_trunk_id text,
    -- switched on by the tenant; apart from that, the carrier may have stopped listing it
    is_active     boolean NOT NULL DEFAULT true,
    carrier_gone  boolean NOT NULL DEFAULT false,
    -- the provider's list, or the operator, said that the tenant may show this number; NULL: never a caller ID
    verified_at   timestamptz,
    purchased_at  timestamptz,
    metadata      jsonb NOT NULL DEFAULT '{}',
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT phone_numbers_number_key UNIQUE (tenant_id, number)
);
CREATE INDEX ON phone_numbers (tenant_id, id);
CREATE INDEX ON phone_numbers (tenant_id, campaign_id) WHERE campaign_id IS NOT NULL;
CREATE UNIQUE INDEX phone_numbers_sid_key ON phone_numbers (tenant_id, provider, provider_sid) WHERE provider_sid IS NOT NULL;
