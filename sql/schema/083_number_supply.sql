-- Numbers that are bought and given back; how often each is shown, and how often it may be in a day.

ALTER TABLE phone_numbers
    --  buying -> owned -> releasing;   a row goes when the carrier does not sell the number, or has taken it back
    ADD COLUMN state         text NOT NULL DEFAULT 'owned' CHECK (state IN ('buying', 'owned', 'releasing')),
    -- calls that may show it per day of the tenant; NULL: what the campaign says
    ADD COLUMN daily_cap     integer CHECK (daily_cap BETWEEN 1 AND 1000000),
    -- while buying or releasing: since when, and when somebody should ask the carrier how it ended
    ADD COLUMN ordered_at    timestamptz,
    ADD COLUMN settle_at     timestamptz,
    ADD COLUMN empty_looks   integer NOT NULL DEFAULT 0,
    ADD COLUMN last_look_at  timestamptz,
    ADD CONSTRAINT phone_numbers_order_check CHECK ((state = 'owned') = (settle_at IS NULL));
CREATE INDEX phone_numbers_settle ON phone_numbers (settle_at) WHERE settle_at IS NOT NULL;

ALTER TABLE campaigns ADD COLUMN number_daily_cap integer CHECK (number_daily_cap BETWEEN 1 AND 1000000);
-- shown by calls that this person places
ALTER TABLE users
    ADD COLUMN caller_id text,
    ADD CONSTRAINT users_caller_id_fkey FOREIGN KEY (tenant_id, caller_id) REFERENCES phone_numbers (tenant_id, number)
        ON UPDATE CASCADE ON DELETE SET NULL (caller_id);

-- What choosing a caller ID needs to know of a number, in a narrow row of its own because every permit writes it.  The first
-- columns follow phone_numbers (number_mirror keeps them so); the last three count.
CREATE TABLE number_use (
    tenant_id    uuid NOT NULL REFERENCES tenants,
    number       text NOT NULL,
    account_id   uuid,
    -- the campaign whose pool it is in: linked, active, verified and ours; NULL: in none
    campaign_id  uuid,
    daily_cap    integer,
    -- how near it is to those it calls
    area         text NOT NULL,
    region       text NOT NULL,
    country      text,
    -- calls of that day, in the tenant's time zone; turn grows with every use, so the lowest is the one that rested longest
    day          date NOT NULL DEFAULT '-infinity',
    calls        integer NOT NULL DEFAULT 0,
    turn         bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, number),
    FOREIGN KEY (tenant_id, number) REFERENCES phone_numbers (tenant_id, number) ON UPDATE CASCADE ON DELETE CASCADE
) WITH (fillfactor = 70);
CREATE INDEX number_use_turn   ON number_use (tenant_id, campaign_id, turn)                     WHERE campaign_id IS NOT NULL;
CREATE INDEX number_use_least  ON number_use (tenant_id, campaign_id, day, calls, turn)         WHERE campaign_id IS NOT NULL;
CREATE INDEX number_use_area   ON number_use (tenant_id, campaign_id, area, day, calls, turn)   WHERE campaign_id IS NOT NULL;
CREATE INDEX number_use_region ON number_use (tenant_id, campaign_id, region, day, calls, turn) WHERE campaign_id IS NOT NULL;
CREATE SEQUENCE number_turns;

-- Accounts and trunks of a number, and the account of a trunk, are the same tenant's: by the key itself, whoever writes.
ALTER TABLE provider_accounts ADD CONSTRAINT provider_accounts_tenant_key UNIQUE (tenant_id, id);
ALTER TABLE trunks
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
    ADD CONSTRAINT trunks_tenant_key UNIQUE (tenant_id, id),
    DROP CONSTRAINT trunks_account_id_fkey,
    ADD CONSTRAINT trunks_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES provider_accounts (tenant_id, id);
ALTER TABLE phone_numbers
    DROP CONSTRAINT phone_numbers_account_id_fkey,
    ADD CONSTRAINT phone_numbers_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES provider_accounts (tenant_id, id),
    DROP CONSTRAINT phone_numbers_trunk_id_fkey,
    ADD CONSTRAINT phone_numbers_trunk_id_fkey FOREIGN KEY (tenant_id, trunk_id) REFERENCES trunks (tenant_id, id);
