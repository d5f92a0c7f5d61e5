-- Roles of the gateway on its PostgreSQL database. A superuser runs it once, before the first
-- `migrate`; again does no harm, and sets the rights on tables that exist.
--
--   createdb noemie
--   psql -d noemie -f deploy/postgres/roles.sql
--   psql -d noemie -c '\password noemie_owner'     (and for the two others)
--
-- noemie_owner    owns the tables: `noemie-gateway migrate`
-- noemie_runtime  reads and writes rows, creates nothing: `noemie-gateway serve --no-migrate`, and
--                 the commands that write (ingest, imports, deposits abandon, dlq)
-- noemie_reader   reads: list, report, status, lookup, verify, outbox

DO $$
DECLARE
    role name;
BEGIN
    FOREACH role IN ARRAY ARRAY['noemie_owner', 'noemie_runtime', 'noemie_reader'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', role);
        END IF;
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), role);
    END LOOP;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
END
$$;

-- Nobody but the owner creates a table, a function or a temporary table.
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO noemie_owner;
GRANT USAGE ON SCHEMA public TO noemie_runtime, noemie_reader;

-- Tables and sequences that `migrate` makes from now on.
ALTER DEFAULT PRIVILEGES FOR ROLE noemie_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO noemie_runtime;
ALTER DEFAULT PRIVILEGES FOR ROLE noemie_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO noemie_runtime;
ALTER DEFAULT PRIVILEGES FOR ROLE noemie_owner IN SCHEMA public
    GRANT SELECT ON TABLES TO noemie_reader;

-- Tables and sequences that exist.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO noemie_runtime;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO noemie_runtime;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO noemie_reader;
