-- What was said to a provider, and what came back.

-- One talk with one number.  While it is open (or its outcome unknown) no other can open on that number in the tenant.
CREATE TABLE conversations (
    id           uuid PRIMARY KEY DEFAULT uuid7(),
    tenant_id    uuid NOT NULL REFERENCES tenants,
    kind         text NOT NULL CHECK (kind IN ('campaign', 'single', 'agent_first', 'inbound')),
    direction    text NOT NULL DEFAULT 'outbound' CHECK (direction IN ('outbound', 'inbound')),
    lead_id      uuid,
    phone_e164   text NOT NULL,
    agent_id     uuid,
    campaign_id  uuid,
    opened_at    timestamptz NOT NULL DEFAULT now(),
    closed_at    timestamptz,
    outcome      text,
    created_by   text,
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, lead_id) REFERENCES leads (tenant_id, id) ON DELETE SET NULL (lead_id),
    FOREIGN KEY (tenant_id, agent_id) REFERENCES users (tenant_id, id) ON DELETE SET NULL (agent_id),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, id) ON DELETE SET NULL (campaign_id)
);
CREATE UNIQUE INDEX conversations_open_number_key ON conversations (tenant_id, phone_e164) WHERE closed_at IS NULL;
CREATE UNIQUE INDEX conversations_open_agent_key ON conversations (tenant_id, agent_id) WHERE closed_at IS NULL AND agent_id IS NOT NULL;
CREATE INDEX ON conversations (tenant_id, phone_e164, opened_at);
CREATE INDEX ON conversations (tenant_id, lead_id) WHERE lead_id IS NOT NULL;
CREATE INDEX ON conversations (tenant_id, campaign_id, id);

-- One row = one request that may ring a phone.  Only the gate's functions insert here.
CREATE TABLE attempts (
    id                uuid PRIMARY KEY,
    tenant_id         uuid NOT NULL REFERENCES tenants,
    conversation_id   uuid NOT NULL,
    campaign_id       uuid,
    list_id           uuid,
    lead_id           uuid,
    account_id        uuid NOT NULL REFERENCES provider_accounts,
    phone_e164        text NOT NULL,
    caller_id         text NOT NULL,
    --  permitted -> accepted | refused | unknown;   unknown -> accepted | not_placed | perhaps_placed;   accepted -> ended
    state             text NOT NULL CHECK (state IN ('permitted', 'accepted', 'ended', 'refused', 'unknown', 'not_placed', 'perhaps_placed')),
    permitted_at      timestamptz NOT NULL,
    permit_until      timestamptz NOT NULL,
    -- the session that may still be about to send (see hold)
    holder            bigint NOT NULL,
    signed_permit_id  uuid,
    -- what the gate looked at, so that the decision can be recomputed
    rules             jsonb NOT NULL,
    provider_sid      text,
    http_status       integer,
    error_code        text,
    failure           text,
    answered_by       text CHECK (answered_by IN ('human', 'machine', 'screening', 'unknown')),
    digits            text,
    settled_at        timestamptz,
    -- the holder itself said unknown, so it will not send any more
    reported          boolean NOT NULL DEFAULT false,
    unknown_since     timestamptz,
    empty_looks       integer NOT NULL DEFAULT 0,
    last_look_at      timestamptz,
    next_look_at      timestamptz,
    last_heard_at     timestamptz,
    cancel_wanted     text CHECK (cancel_wanted IN ('queued', 'ringing', 'live')),
    cancel_tried_at   timestamptz,
    ended_at          timestamptz,
    FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id) ON DELETE CASCADE
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX attempts_sid_key ON attempts (account_id, provider_sid) WHERE provider_sid IS NOT NULL;
CREATE INDEX attempts_conversation ON attempts (tenant_id, conversation_id);
CREATE INDEX attempts_campaign ON attempts (tenant_id, campaign_id, id);
CREATE INDEX attempts_list ON attempts (tenant_id, list_id) WHERE list_id IS NOT NULL;
CREATE INDEX attempts_open_account ON attempts (account_id) WHERE ended_at IS NULL;
CREATE INDEX attempts_open_campaign ON attempts (tenant_id, campaign_id) WHERE ended_at IS NULL;
CREATE INDEX attempts_number ON attempts (tenant_id, phone_e164, permitted_at);
CREATE INDEX attempts_permitted ON attempts (permit_until) WHERE state = 'permitted';
CREATE INDEX attempts_look ON attempts (next_look_at) WHERE next_look_at IS NOT NULL;
CREATE INDEX attempts_cancel ON attempts (cancel_tried_at) WHERE cancel_wanted IS NOT NULL AND ended_at IS NULL;

-- One telephone line of a conversation, as the provider sees it.
CREATE TABLE legs (
    id            uuid PRIMARY KEY DEFAULT uuid7(),
    tenant_id     uuid NOT NULL REFERENCES tenants,
    conversation_id uuid NOT NULL,
    attempt_id    uuid REFERENCES attempts ON DELETE CASCADE,
    account_id    uuid NOT NULL REFERENCES provider_accounts,
    parent_sid    text,
    provider_sid  text NOT NULL,
    party         text NOT NULL CHECK (party IN ('lead', 'agent', 'ai')),
    phone_e164    text,
    status        text NOT NULL CHECK (status IN ('planned', 'dialing', 'ringing', 'in_progress', 'completed', 'busy', 'no_answer', 'failed', 'canceled')),
    initiated_at  timestamptz,
    ringing_at    timestamptz,
    answered_at   timestamptz,
    ended_at      timestamptz,
    duration      integer,
    FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT legs_sid_key UNIQUE (account_id, provider_sid)
) WITH (fillfactor = 70);
CREATE INDEX ON legs (tenant_id, attempt_id);
CREATE INDEX ON legs (tenant_id, conversation_id);

-- Everything a provider told us about a call, once each.
CREATE TABLE call_events (
    tenant_id    uuid NOT NULL REFERENCES tenants,
    seq          bigint GENERATED ALWAYS AS IDENTITY,
    attempt_id   uuid NOT NULL REFERENCES attempts ON DELETE CASCADE,
    leg_sid      text,
    source       text NOT NULL CHECK (source IN ('webhook', 'twiml', 'answer', 'poll', 'list', 'system')),
    source_key   text NOT NULL,
    kind         text NOT NULL,
    payload      jsonb NOT NULL DEFAULT '{}',
    received_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, seq),
    CONSTRAINT call_events_source_key UNIQUE (attempt_id, source, source_key)
);
COMMENT ON TABLE call_events IS 'Append-only.  source_key is what makes a repetition a repetition: leg, sequence number and status.';

-- Genuine webhooks about calls that are not ours: kept for a look, never acted upon.
CREATE TABLE stray_events (
    id           uuid PRIMARY KEY DEFAULT uuid7(),
    tenant_id    uuid REFERENCES tenants,
    account_id   uuid NOT NULL REFERENCES provider_accounts ON DELETE CASCADE,
    call_sid     text,
    kind         text NOT NULL,
    payload      jsonb NOT NULL,
    received_at  timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX stray_events_once ON stray_events (account_id, call_sid, kind, md5(payload::text));

-- Numbers that are not called: by the platform (tenant_id NULL), a tenant, or one campaign of it.
CREATE TABLE dnc (
    id           uuid PRIMARY KEY DEFAULT uuid7(),
    tenant_id    uuid REFERENCES tenants,
    campaign_id  uuid,
    phone_e164   text NOT NULL CHECK (phone_e164 ~ '^\+[1-9][0-9]{4,14}$'),
    reason       text CHECK (length(reason) <= 500),
    source       text NOT NULL CHECK (source IN ('keypress', 'api', 'command', 'import', 'sms')),
    call_id      uuid,
    created_by   text,
    created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX dnc_once ON dnc (phone_e164, coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'),
                                     coalesce(campaign_id, '00000000-0000-0000-0000-000000000000'));
CREATE INDEX ON dnc (tenant_id, id);

CREATE TABLE dialers (
    holder      bigint PRIMARY KEY,
    name        text NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT now(),
    seen_at     timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE dialers IS 'Dialers that reported lately; /readyz and doctor look here.  Nothing is decided from it.';
