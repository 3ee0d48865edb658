-- Rights of the loader and the reader, where these roles exist; neither may change the schema.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'nem12_loader') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON
            meter_readings, meter_files, meter_batches, meter_batch_parts, meter_rejects,
            meter_warnings, meter_day_versions, meter_days, meter_drops, meter_drop_files
            TO nem12_loader;
        GRANT SELECT ON meter_daily, meter_reading_sources, meter_conflicts TO nem12_loader;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'nem12_reader') THEN
        GRANT SELECT ON
            meter_readings, meter_files, meter_batches, meter_batch_parts, meter_rejects,
            meter_warnings, meter_day_versions, meter_days, meter_drops, meter_drop_files,
            meter_daily, meter_reading_sources, meter_conflicts
            TO nem12_reader;
    END IF;
END $$;


REVOKE ALL ON FUNCTION meter_ensure_months(date[]) FROM PUBLIC;
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'nem12_loader') THEN
        GRANT EXECUTE ON FUNCTION meter_ensure_months(date[]) TO nem12_loader;
    END IF;
END $$;

-- A SECURITY DEFINER function must not find a caller's temporary table under the name of ours.
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION meter_ensure_months(date[]) SET search_path = %I, pg_temp',
        current_schema());
END $$;
