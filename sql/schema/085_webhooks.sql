-- Outgoing webhooks: who wants to hear what, what happened, and how telling them went.

CREATE TABLE webhook_endpoints (
    id                 uuid PRIMARY KEY DEFAULT uuid7(),
    tenant_id          uuid NOT NULL REFERENCES tenants,
    url                text NOT NULL CHECK (length(url) BETWEEN 1 AND 2000),
    description        text CHECK (length(description) <= 500),
    -- NULL: all there are, and will be
    events             text[] CONSTRAINT webhook_endpoints_events_check
                       CHECK (events <@ ARRAY['call.started', 'call.ringing', 'call.answered', 'call.completed', 'call.updated',
                                              'campaign.state_changed', 'lead.opted_out', 'dnc.added', 'import.completed']),
    is_active          boolean NOT NULL DEFAULT true,
    -- why the system, or the receiver by its answer, ended it; NULL when a person did
    disabled_reason    text,
    disabled_at        timestamptz,
    -- sealed with tenant and column name as associated data, see base/secret.h
    secret_sealed      text NOT NULL,
    -- the one before it signs as well, until then
    old_secret_sealed  text,
    old_secret_until   timestamptz,
    -- the present row of failures; over with the first success
    failures           integer NOT NULL DEFAULT 0,
    failing_since      timestamptz,
    -- as much waits for it as may: nothing more is queued until less does
    full_since         timestamptz,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, id)
);
-- the question that every change of a call asks
CREATE INDEX webhook_endpoints_active ON webhook_endpoints (tenant_id) WHERE is_active;

-- What happened, once, whoever wants to hear it.  seq is an ordinary sequence: of two events about one object the later has the higher.
CREATE TABLE webhook_events (
    tenant_id   uuid NOT NULL REFERENCES tenants,
    seq         bigint GENERATED ALWAYS AS IDENTITY,
    -- what receivers know it by, however often it is sent
    id          uuid NOT NULL DEFAULT uuid7(),
    type        text NOT NULL,
    object_id   uuid NOT NULL,
    -- the object's row as it was then, by column names
    object      jsonb NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, seq)
);
CREATE INDEX webhook_events_object ON webhook_events (tenant_id, object_id, seq);
CREATE INDEX webhook_events_age ON webhook_events (created_at);

-- One event on its way to one endpoint.  waiting -> delivered | failed;  a redelivery makes it waiting again.
CREATE TABLE webhook_deliveries (
    id               uuid PRIMARY KEY DEFAULT uuid7(),
    tenant_id        uuid NOT NULL REFERENCES tenants,
    endpoint_id      uuid NOT NULL,
    event_seq        bigint NOT NULL,
    state            text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'failed')),
    attempts         integer NOT NULL DEFAULT 0,
    due_at           timestamptz NOT NULL,
    -- a dialer is sending it; a lease that ran out means that the dialer died, and it is sent again
    lent_until       timestamptz,
    -- it is given up a day and some hours after this
    asked_at         timestamptz NOT NULL,
    response_status  integer,
    response         text,
    error            text,
    duration_ms      integer,
    created_at       timestamptz NOT NULL,
    settled_at       timestamptz,
    FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoints (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, event_seq) REFERENCES webhook_events (tenant_id, seq) ON DELETE CASCADE
) WITH (fillfactor = 80);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, due_at, id) WHERE state = 'waiting';
CREATE INDEX webhook_deliveries_lent ON webhook_deliveries (tenant_id, endpoint_id) WHERE lent_until IS NOT NULL;
CREATE INDEX webhook_deliveries_log ON webhook_deliveries (tenant_id, endpoint_id, id);
CREATE INDEX webhook_deliveries_event ON webhook_deliveries (tenant_id, event_seq);
