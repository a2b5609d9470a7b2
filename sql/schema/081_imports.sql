-- Imports that outlive their worker, lists of leads, further numbers of a lead, and the text that leads are found by.

-- A look at tenants for every row is a third of a bulk insert.  Nothing deletes a tenant, and row-level security lets nobody write
-- a lead of a tenant that was not entered, which enter() has looked up.
ALTER TABLE leads DROP CONSTRAINT leads_tenant_id_fkey;

ALTER TABLE imports
    -- how the file is to be read, as asked for; the same bytes read otherwise are another import
    ADD COLUMN options    jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN list_id    uuid,
    ADD COLUMN encoding   text,
    ADD COLUMN skipped    bigint NOT NULL DEFAULT 0,
    -- whose import it is, so that another worker can go on with it
    ADD COLUMN principal  text,
    ADD COLUMN epoch      bigint,
    ADD COLUMN role       text,
    -- its file is in the folder of imports of the machine that took it
    ADD COLUMN kept       boolean NOT NULL DEFAULT false,
    -- why it failed, in a sentence
    ADD COLUMN reason     text,
    -- when a batch was last written, or somebody last took it up
    ADD COLUMN beat_at    timestamptz NOT NULL DEFAULT now();
CREATE INDEX imports_running ON imports (beat_at) WHERE state = 'running';
CREATE INDEX imports_bytes ON imports (tenant_id, sha256) WHERE state <> 'done';

CREATE TABLE lead_lists (
    id          uuid PRIMARY KEY DEFAULT uuid7(),
    tenant_id   uuid NOT NULL REFERENCES tenants,
    name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT lead_lists_name_key UNIQUE (tenant_id, name)
);
COMMENT ON TABLE lead_lists IS 'Leads under one name, to be filtered and given to campaigns together.';
-- No foreign keys: members come by the hundred thousand, leads are never deleted from their table, and lead_list_delete() takes a
-- list's members along.
CREATE TABLE lead_list_members (
    tenant_id  uuid NOT NULL,
    list_id    uuid NOT NULL,
    lead_id    uuid NOT NULL,
    PRIMARY KEY (tenant_id, list_id, lead_id)
);

-- Numbers beyond leads.phone_e164, in the order in which they are to be tried after it.
CREATE TABLE lead_phones (
    tenant_id       uuid NOT NULL,
    lead_id         uuid NOT NULL,
    position        smallint NOT NULL CHECK (position BETWEEN 2 AND 10),
    phone_e164      text NOT NULL CHECK (phone_e164 ~ '^\+[1-9][0-9]{4,14}$'),
    original_phone  text NOT NULL,
    label           text CHECK (length(label) BETWEEN 1 AND 50),
    PRIMARY KEY (tenant_id, lead_id, position),
    FOREIGN KEY (tenant_id, lead_id) REFERENCES leads (tenant_id, id)
);
CREATE INDEX lead_phones_phone ON lead_phones (tenant_id, phone_e164);

-- What a lead is found by, apart from the lead: its trigrams cost more than all the rest of a bulk insert, and follow it.
CREATE TABLE lead_texts (
    tenant_id  uuid NOT NULL,
    lead_id    uuid NOT NULL,
    text       text NOT NULL,
    PRIMARY KEY (tenant_id, lead_id)
);
CREATE TABLE lead_texts_due (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id  uuid NOT NULL,
    leads      uuid[] NOT NULL,
    since      timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE lead_texts_due IS 'Leads whose text is yet to be written to lead_texts, a batch of an import in each row.';
-- random bits do not shrink
ALTER TABLE lead_texts_due ALTER COLUMN leads SET STORAGE EXTERNAL;
