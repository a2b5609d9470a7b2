-- Pacing: who is next, how often again, how the account is shared, when to hold back, what it may cost.

ALTER TABLE leads ADD COLUMN priority integer NOT NULL DEFAULT 0 CHECK (priority BETWEEN -1000 AND 1000);

ALTER TABLE campaigns
    -- list: as given; newest: last added first; random; priority: higher first, then as given
    ADD COLUMN lead_order       text NOT NULL DEFAULT 'list' CHECK (lead_order IN ('list', 'newest', 'random', 'priority')),
    -- whom to call when both somebody new and somebody for another time is due; ratio: fresh_per_retry new ones, then one again
    ADD COLUMN lead_mix         text NOT NULL DEFAULT 'fresh_first' CHECK (lead_mix IN ('fresh_first', 'retries_first', 'ratio')),
    ADD COLUMN fresh_per_retry  integer NOT NULL DEFAULT 1 CHECK (fresh_per_retry BETWEEN 1 AND 100),
    -- calls to one lead in all, whatever came of them; 0: as many as the retries say
    ADD COLUMN max_attempts     integer NOT NULL DEFAULT 0 CHECK (max_attempts BETWEEN 0 AND 100),
    -- and within how many days of the first; 0: any
    ADD COLUMN retry_days       integer NOT NULL DEFAULT 0 CHECK (retry_days BETWEEN 0 AND 365),
    -- share of the account's calls when several campaigns want them
    ADD COLUMN weight           integer NOT NULL DEFAULT 1 CHECK (weight BETWEEN 1 AND 100),
    -- {"attempts", "failurePercent", "cooldownSeconds", "goodProbes", "pauseAfter"}; NULL: never holds back
    ADD COLUMN breaker          jsonb DEFAULT '{"attempts":20,"failurePercent":75,"cooldownSeconds":30,"goodProbes":3,"pauseAfter":5}',
    -- {"amount": in the currency's minor unit, "currency": "USD"}; NULL: no limit
    ADD COLUMN budget           jsonb,
    -- {"outcome": "answered" | "human" | "pressed_1", "count"}; NULL: the list is called to its end
    ADD COLUMN goal             jsonb;

-- rank is the place in the queue where it is not the position; first_at when the lead was first called
ALTER TABLE campaign_leads ADD COLUMN rank bigint, ADD COLUMN first_at timestamptz;
CREATE INDEX campaign_leads_fresh ON campaign_leads (tenant_id, list_id, coalesce(rank, position)) WHERE state = 'waiting' AND due_at = '-infinity';
CREATE INDEX campaign_leads_again ON campaign_leads (tenant_id, list_id, due_at, position) WHERE state = 'waiting' AND due_at > '-infinity';
DROP INDEX campaign_leads_due;

ALTER TABLE campaign_pace
    -- Below these marks the queues hold nothing but what old snapshots still see: no lead that waits for its first call ranks
    -- below fresh_from, and none that waits to be called again is due before retry_from (see claim_leads).
    ADD COLUMN fresh_from     bigint NOT NULL DEFAULT -9223372036854775808,
    ADD COLUMN retry_from     timestamptz NOT NULL DEFAULT '-infinity',
    -- when the queues were last looked through without the marks
    ADD COLUMN looked_at      timestamptz NOT NULL DEFAULT '-infinity',
    -- new leads called since the last one that was called again
    ADD COLUMN fresh_run      integer NOT NULL DEFAULT 0,
    ADD COLUMN breaker_state  text NOT NULL DEFAULT 'closed' CHECK (breaker_state IN ('closed', 'open', 'half_open')),
    ADD COLUMN breaker_since  timestamptz NOT NULL DEFAULT '-infinity',
    -- times it opened without closing in between
    ADD COLUMN breaker_trips  integer NOT NULL DEFAULT 0,
    -- the account it dials with, its calls by weight, and when it last wanted more than the account gave
    ADD COLUMN account_id     uuid,
    ADD COLUMN served         double precision NOT NULL DEFAULT 0,
    ADD COLUMN hungry_at      timestamptz,
    -- spent and reserved, in millionths of the budget's currency; NULL: not added up yet
    ADD COLUMN spent_micros   bigint,
    ADD COLUMN budget_warned  boolean NOT NULL DEFAULT false;
CREATE INDEX campaign_pace_account ON campaign_pace (account_id);

-- After a 429 the account's rate is throttle times what it is set to, and grows back.
ALTER TABLE account_pace
    ADD COLUMN throttle      double precision NOT NULL DEFAULT 1 CHECK (throttle > 0 AND throttle <= 1),
    ADD COLUMN throttled_at  timestamptz NOT NULL DEFAULT '-infinity';

-- What a minute probably costs, until the carrier says: {"currency": "USD", "perMinute": {"+1": 14000, "*": 200000}} in millionths,
-- by the longest prefix.
ALTER TABLE provider_accounts ADD COLUMN rates jsonb NOT NULL DEFAULT '{"currency":"USD","perMinute":{"+1":14000,"*":200000}}';

ALTER TABLE phone_numbers ADD COLUMN inactive_reason text;

ALTER TABLE attempts
    ADD COLUMN IF NOT EXISTS price_micros    bigint,
    ADD COLUMN IF NOT EXISTS price_currency  text,
    -- reserved with the permit where something limits the spending, and set to the probable cost when the call has ended
    ADD COLUMN estimate_micros    bigint,
    ADD COLUMN estimate_currency  text,
    -- how it ended, in the words of conversations.outcome
    ADD COLUMN outcome            text;
CREATE INDEX attempts_answered ON attempts (tenant_id, list_id) WHERE outcome = 'answered';

-- What a tenant may spend: in a day of its own zone, and in all.
CREATE TABLE tenant_money (
    tenant_id         uuid PRIMARY KEY REFERENCES tenants,
    currency          text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    day_limit_micros  bigint CHECK (day_limit_micros >= 0),
    day               date,
    day_spent_micros  bigint NOT NULL DEFAULT 0,
    -- what is left of what was paid in advance; NULL: nothing is prepaid, and nothing ends
    credit_micros     bigint
) WITH (fillfactor = 50);
COMMENT ON TABLE tenant_money IS 'Written by the operator''s command and the gate.  A tenant without a row has no limit.';

-- Changes of what calls cost, on their way into campaign_pace (campaign_id given) and tenant_money.  Whoever learns a price only adds a
-- row here; the gate adds the rows up when it next holds the total, so no webhook ever waits for one.
CREATE TABLE spend_news (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id    uuid NOT NULL REFERENCES tenants,
    campaign_id  uuid,
    micros       bigint NOT NULL
);
CREATE INDEX spend_news_campaign ON spend_news (tenant_id, campaign_id);
