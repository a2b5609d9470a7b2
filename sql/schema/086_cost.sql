-- What calls cost: which prices the carrier has not told yet, and the minutes that it counts.

-- Begun minutes of all lines of the call, known when it has ended.
ALTER TABLE attempts ADD COLUMN billed_minutes integer;
COMMENT ON COLUMN attempts.price_micros IS 'What the carrier charges for all lines of the call, in millionths of price_currency; what was paid is positive.';

-- Ended calls whose price is asked for.  A row leaves when the price is known or nobody asks any more, so the queue is as small as what
-- is under way, and no index of attempts knows of it.
CREATE TABLE price_asks (
    attempt_id  uuid PRIMARY KEY REFERENCES attempts ON DELETE CASCADE,
    tenant_id   uuid NOT NULL REFERENCES tenants,
    account_id  uuid NOT NULL,
    ended_at    timestamptz NOT NULL,
    due_at      timestamptz NOT NULL,
    tries       smallint NOT NULL DEFAULT 0
);
CREATE INDEX price_asks_due ON price_asks (account_id, due_at);
CREATE INDEX price_asks_missing ON price_asks (due_at) WHERE tries >= 3;

-- When an account may be asked again: this is what keeps all dialers together to a few questions a second.
CREATE TABLE price_turns (
    account_id  uuid PRIMARY KEY REFERENCES provider_accounts ON DELETE CASCADE,
    next_at     timestamptz NOT NULL
) WITH (fillfactor = 50);
