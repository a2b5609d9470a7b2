-- What turns of campaigns read and write at every call.

-- A count of the open calls, and when it was made: with the permits since then it is never too low.
ALTER TABLE account_pace
    ADD COLUMN open_most   integer NOT NULL DEFAULT 0,
    ADD COLUMN counted_at  timestamptz NOT NULL DEFAULT '-infinity';
ALTER TABLE campaign_pace
    ADD COLUMN open_most   integer NOT NULL DEFAULT 0,
    ADD COLUMN counted_at  timestamptz NOT NULL DEFAULT '-infinity';

-- The latest calls that tell whether the carrier works (breaker_evidence), without those that are open.
CREATE INDEX attempts_told ON attempts (tenant_id, campaign_id, permitted_at, id)
    WHERE ended_at IS NOT NULL AND outcome NOT IN ('later', 'account', 'caller_id', 'canceled');

-- One index for both questions: whose is this line, and is it this account's.
DROP INDEX attempts_sid;
DROP INDEX attempts_sid_key;
CREATE UNIQUE INDEX attempts_sid_key ON attempts (provider_sid, account_id) WHERE provider_sid IS NOT NULL;

-- Their conversation is a tenant's already: asking again at every row would tell nothing new.
ALTER TABLE attempts DROP CONSTRAINT attempts_tenant_id_fkey;
ALTER TABLE legs DROP CONSTRAINT legs_tenant_id_fkey;
