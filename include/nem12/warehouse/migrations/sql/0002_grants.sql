-- The same rights as in 0001_grants, for what 0002 adds.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'nem12_reader') THEN
        GRANT SELECT ON meter_daily_totals TO nem12_reader;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'nem12_loader') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON meter_daily_totals TO nem12_loader;
    END IF;
END $$;
