-- Migrations.  migrate.c runs the first ones by their text, before anything can be prepared.

-- name: migration_lock
-- lane: own
-- global
SELECT pg_advisory_lock(7303014251);

-- name: migration_patience
-- lane: own
-- A migration that cannot have its lock soon gives up instead of queueing everybody behind it.
-- global
SELECT set_config('lock_timeout', '5000', false), set_config('search_path', 'outdial, pg_temp', false);

-- name: migration_schema
-- lane: own
-- global
SELECT to_regclass('outdial.migrations') IS NOT NULL AS present,
       current_user <> 'owner' AND EXISTS (SELECT FROM pg_roles WHERE rolname = 'owner' AND pg_has_role(current_user, oid, 'MEMBER')) AS step_down;

-- name: migration_owner
-- lane: own
-- global
SET ROLE owner;

-- name: migration_table
-- lane: own
-- global
CREATE TABLE IF NOT EXISTS outdial.migrations (
    name        text PRIMARY KEY,
    checksum    text NOT NULL,
    applied_at  timestamptz NOT NULL DEFAULT now()
);

-- name: migration_table_grant
-- lane: own
-- global
GRANT SELECT ON outdial.migrations TO PUBLIC;

-- name: migration_list
-- lane: read
-- global
SELECT name, checksum FROM outdial.migrations;

-- name: migration_record
-- lane: own
-- global
INSERT INTO outdial.migrations (name, checksum) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = pg_catalog.now();
