-- Who may connect as what.  Applied by a role that may create roles; everything after this file is applied by owner.
--
--   owner    owns the schema; migrations and the operator's command
--   api      the FastCGI workers          dialer   the dialer daemon          events   live events
--   gate     nobody logs in as gate: it owns the definer functions, and is the only role that may write attempts
--
-- Nobody bypasses row-level security.  owner is a member of the others so that tests and the operator can step into them.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['owner', 'api', 'dialer', 'events'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', wanted);
        END IF;
    END LOOP;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'gate') THEN
        CREATE ROLE gate NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
    END IF;
    GRANT gate, api, dialer, events TO owner;
    -- The programs ask for a few rows of large tables.  A plan that reads one from end to end looks cheap while the statistics say that
    -- most rows would do, and is not when the last of those has been called.
    FOREACH wanted IN ARRAY ARRAY['api', 'dialer', 'events'] LOOP
        EXECUTE format('ALTER ROLE %I SET enable_seqscan = off', wanted);
        EXECUTE format('ALTER ROLE %I SET jit = off', wanted);
    END LOOP;
    EXECUTE format('ALTER DATABASE %I OWNER TO owner', current_database());
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO api, dialer, events', current_database());
    EXECUTE format('ALTER DATABASE %I SET search_path = outdial, pg_temp', current_database());
    EXECUTE format('ALTER DATABASE %I SET timezone = ''UTC''', current_database());
END $$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA IF NOT EXISTS outdial AUTHORIZATION owner;
