-- Campaigns, what they say, whom they call.

CREATE TABLE campaigns (
    id                    uuid PRIMARY KEY DEFAULT uuid7(),
    tenant_id             uuid NOT NULL REFERENCES tenants,
    name                  text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    state                 text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'running', 'paused', 'stopped', 'done')),
    -- why the system paused it, in a sentence; NULL when a person did
    state_reason          text,
    agent_kind            text NOT NULL DEFAULT 'keypad' CHECK (agent_kind IN ('keypad', 'people', 'vapi', 'livekit')),
    -- the campaign that the auto-dialer's paths mean when they name none
    is_default            boolean NOT NULL DEFAULT false,
    list_id               uuid,
    account_id            uuid REFERENCES provider_accounts,
    caller_id             text,
    caller_id_strategy    text NOT NULL DEFAULT 'fixed' CHECK (caller_id_strategy IN ('fixed', 'round_robin', 'pool', 'sticky', 'local_presence')),
    -- from origination to origination, whoever dials
    interval_ms           bigint NOT NULL DEFAULT 120000 CHECK (interval_ms BETWEEN 0 AND 86400000),
    max_open_calls        integer NOT NULL DEFAULT 1 CHECK (max_open_calls BETWEEN 1 AND 100000),
    calls_per_second      double precision NOT NULL DEFAULT 1 CHECK (calls_per_second > 0 AND calls_per_second <= 1000),
    window_opens          integer NOT NULL DEFAULT 0 CHECK (window_opens BETWEEN 0 AND 1440),
    window_closes         integer NOT NULL DEFAULT 1440 CHECK (window_closes BETWEEN 0 AND 1440),
    agent_phone           text,
    agent_name            text,
    sip_trunk_id          text,
    assistant_id          text,
    locale                text CHECK (locale IN ('en', 'tr')),
    machine_detection     boolean NOT NULL DEFAULT true,
    machine_detection_timeout_ms integer NOT NULL DEFAULT 5000 CHECK (machine_detection_timeout_ms BETWEEN 3000 AND 59000),
    wait_for_beep         boolean NOT NULL DEFAULT false,
    async_machine_detection boolean NOT NULL DEFAULT false,
    ring_seconds          integer NOT NULL DEFAULT 30 CHECK (ring_seconds BETWEEN 15 AND 120),
    -- per outcome: {"busy": {"times": 2, "after_minutes": 60}, ...}; an outcome that is not named is not retried
    retries               jsonb NOT NULL DEFAULT '{"busy":{"times":2,"after_minutes":60},"no_answer":{"times":2,"after_minutes":240},"failed":{"times":1,"after_minutes":240},"machine":{"times":1,"after_minutes":1440}}',
    -- the permit a person signed for this run; filled where calls must be signed for
    signed_permit_id      uuid,
    created_at            timestamptz NOT NULL DEFAULT now(),
    updated_at            timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, id),
    CHECK (window_opens < window_closes)
);
CREATE INDEX ON campaigns (state) WHERE state = 'running';
CREATE UNIQUE INDEX campaigns_default_key ON campaigns (tenant_id) WHERE is_default;
ALTER TABLE phone_numbers ADD FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, id) ON DELETE SET NULL (campaign_id);

-- When a campaign last originated, and its own bucket; a row that every permit advances.  The next origination is due an
-- interval later: whatever the interval is by then.
CREATE TABLE campaign_pace (
    campaign_id  uuid PRIMARY KEY REFERENCES campaigns ON DELETE CASCADE,
    last_at      timestamptz NOT NULL DEFAULT '-infinity',
    tokens       double precision NOT NULL DEFAULT 1,
    refilled_at  timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

CREATE TABLE scripts (
    tenant_id    uuid NOT NULL REFERENCES tenants,
    campaign_id  uuid NOT NULL,
    locale       text NOT NULL CHECK (locale IN ('en', 'tr')),
    part         text NOT NULL CHECK (part IN ('greeting', 'connecting', 'opted_out', 'no_input', 'voicemail')),
    text         text NOT NULL CHECK (length(text) BETWEEN 1 AND 3000),
    version      integer NOT NULL DEFAULT 1,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, campaign_id, locale, part),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE leads (
    id              uuid PRIMARY KEY DEFAULT uuid7(),
    tenant_id       uuid NOT NULL REFERENCES tenants,
    external_id     text CHECK (length(external_id) BETWEEN 1 AND 200),
    name            text NOT NULL DEFAULT '' CHECK (length(name) <= 300),
    category        text CHECK (length(category) <= 300),
    -- NULL: the number as given does not normalise; it is kept and refused when called
    phone_e164      text CHECK (phone_e164 ~ '^\+[1-9][0-9]{4,14}$'),
    original_phone  text NOT NULL,
    -- places the lead is known to be in beyond what the number tells; only ever narrows
    zones           text[] NOT NULL DEFAULT '{}',
    custom          jsonb NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    deleted_at      timestamptz,
    UNIQUE (tenant_id, id)
);
CREATE UNIQUE INDEX leads_external_id_key ON leads (tenant_id, external_id) WHERE external_id IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX ON leads (tenant_id, phone_e164) WHERE phone_e164 IS NOT NULL AND deleted_at IS NULL;

-- One list of leads a campaign works through; a new list replaces the old one.
CREATE TABLE campaign_lists (
    id           uuid PRIMARY KEY DEFAULT uuid7(),
    tenant_id    uuid NOT NULL REFERENCES tenants,
    campaign_id  uuid NOT NULL,
    total        integer NOT NULL DEFAULT 0,
    -- refused before anything was dialed: bad numbers, duplicates, do-not-call
    skipped      integer NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL DEFAULT now(),
    replaced_at  timestamptz,
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, id) ON DELETE CASCADE
);

-- What a campaign does with a lead.  Exactly one state each:
--   waiting -> calling -> waiting (again later) | done | failed;   waiting -> skipped | failed | withdrawn
CREATE TABLE campaign_leads (
    tenant_id     uuid NOT NULL REFERENCES tenants,
    list_id       uuid NOT NULL REFERENCES campaign_lists ON DELETE CASCADE,
    campaign_id   uuid NOT NULL,
    lead_id       uuid NOT NULL,
    position      integer NOT NULL,
    state         text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'calling', 'done', 'failed', 'skipped', 'withdrawn')),
    due_at        timestamptz NOT NULL DEFAULT '-infinity',
    -- calls that happened, and attempts that provably did not
    attempts      integer NOT NULL DEFAULT 0,
    not_placed    integer NOT NULL DEFAULT 0,
    last_outcome  text,
    reason        text,
    PRIMARY KEY (tenant_id, list_id, lead_id),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, lead_id) REFERENCES leads (tenant_id, id)
) WITH (fillfactor = 80);
-- due_at starts at -infinity, so a fresh list is called in its own order
CREATE INDEX campaign_leads_due ON campaign_leads (tenant_id, list_id, due_at, position) WHERE state = 'waiting';
CREATE INDEX campaign_leads_state ON campaign_leads (tenant_id, list_id, state);
CREATE INDEX campaign_leads_lead ON campaign_leads (tenant_id, lead_id);

CREATE TABLE imports (
    id           uuid PRIMARY KEY DEFAULT uuid7(),
    tenant_id    uuid NOT NULL REFERENCES tenants,
    sha256       text NOT NULL,
    state        text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'failed')),
    bytes        bigint NOT NULL DEFAULT 0,
    bytes_done   bigint NOT NULL DEFAULT 0,
    rows         bigint NOT NULL DEFAULT 0,
    imported     bigint NOT NULL DEFAULT 0,
    updated      bigint NOT NULL DEFAULT 0,
    refused      bigint NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL DEFAULT now(),
    ended_at     timestamptz
);
CREATE INDEX ON imports (tenant_id, id);
CREATE TABLE import_refusals (
    tenant_id  uuid NOT NULL REFERENCES tenants,
    import_id  uuid NOT NULL REFERENCES imports ON DELETE CASCADE,
    line       bigint NOT NULL,
    field      text NOT NULL,
    code       text NOT NULL,
    reason     text NOT NULL,
    row_text   text NOT NULL,
    PRIMARY KEY (tenant_id, import_id, line)
);
