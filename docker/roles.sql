-- The roles of the readings' database, with the passwords of the environment; run by psql as its
-- superuser, again without harm. The owner is none, so that what runs with its rights is bounded.
\getenv owner METER_OWNER_PASSWORD
\getenv loader METER_LOADER_PASSWORD
\getenv reader METER_READER_PASSWORD

SELECT format('CREATE ROLE %I LOGIN', name)
FROM unnest(ARRAY['nem12_owner', 'nem12_loader', 'nem12_reader']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

-- Statements with passwords are not for the server's log.
SET log_statement = 'none';
SET log_min_duration_statement = -1;
ALTER ROLE nem12_owner PASSWORD :'owner';
ALTER ROLE nem12_loader PASSWORD :'loader';
ALTER ROLE nem12_reader PASSWORD :'reader';

ALTER DATABASE :"DBNAME" OWNER TO nem12_owner;

-- Before PostgreSQL 15 everybody may create in it, and so could put functions of their own in the place
-- of the server's in what the owner runs.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT ALL ON SCHEMA public TO nem12_owner;

-- The reader writes nothing: its transactions begin read-only, and nobody else makes large objects, which
-- everybody may by default.
ALTER ROLE nem12_reader SET default_transaction_read_only = on;
SELECT format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', oid::regprocedure)
FROM pg_proc
WHERE pronamespace = 'pg_catalog'::regnamespace
    AND (proname LIKE 'lo\_%' OR proname IN ('loread', 'lowrite'))
\gexec
