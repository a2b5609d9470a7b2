-- Time, ids and the key that seals a transaction's tenant.
GRANT USAGE ON SCHEMA outdial TO api, dialer, events;
GRANT USAGE, CREATE ON SCHEMA outdial TO gate;

-- One clock for everything that decides about calls.  The offset is zero except in databases made for simulation;
-- only owner can write it, and no caller can pass a time.
CREATE TABLE simulation_clock (
    only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    ahead     interval NOT NULL DEFAULT '0'
);
INSERT INTO simulation_clock DEFAULT VALUES;

CREATE FUNCTION outdial.now() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE SECURITY DEFINER SET search_path = outdial, pg_temp
AS $$ SELECT clock_timestamp() + ahead FROM simulation_clock $$;

-- UUIDv7 (RFC 9562): milliseconds, then chance.  base/uuid.c is its twin.
CREATE FUNCTION outdial.uuid7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE
AS $$
    SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
                                          PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                                          FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid
$$;

-- Random, made with the database, readable by gate alone: what a transaction's tenant is sealed with (see enter).
CREATE TABLE seal_key (
    only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    key       bytea NOT NULL
);
INSERT INTO seal_key (key)
VALUES (sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));
