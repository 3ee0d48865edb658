-- The roles of the readings' database, with the passwords of the environment. Run by psql as its superuser;
-- may be run again.
\getenv owner METER_OWNER_PASSWORD
\getenv loader METER_LOADER_PASSWORD
\getenv reader METER_READER_PASSWORD

\ir ../include/nem12/warehouse/roles.sql

-- Statements with passwords are not for the server's log.
SET log_statement = 'none';
SET log_min_duration_statement = -1;
ALTER ROLE nem12_owner PASSWORD :'owner';
ALTER ROLE nem12_loader PASSWORD :'loader';
ALTER ROLE nem12_reader PASSWORD :'reader';

ALTER DATABASE :"DBNAME" OWNER TO nem12_owner;

-- Before PostgreSQL 15 everybody may create functions in it, and so could have the owner run theirs instead
-- of the server's.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT ALL ON SCHEMA public TO nem12_owner;
