-- The roles of the readings' database, without passwords. Run by a superuser in that database; may be run
-- again. The owner is not a superuser, so that what runs with its rights stays within this database.
DO $$
DECLARE
    role text;
    open_to_all regprocedure;
BEGIN
    FOREACH role IN ARRAY ARRAY['nem12_owner', 'nem12_loader', 'nem12_reader'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', role);
        END IF;
    END LOOP;
    -- The reader writes nothing: its transactions begin read-only, and nobody else makes large objects,
    -- which everybody may by default.
    ALTER ROLE nem12_reader SET default_transaction_read_only = on;
    FOR open_to_all IN
        SELECT oid FROM pg_proc
        WHERE pronamespace = 'pg_catalog'::regnamespace
            AND (proname LIKE 'lo\_%' OR proname IN ('loread', 'lowrite'))
            AND (proacl IS NULL OR aclcontains(proacl, makeaclitem(0, proowner, 'EXECUTE', false)))
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', open_to_all);
    END LOOP;
END $$;
