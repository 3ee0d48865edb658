-- Rights of the roles nem12_loader (loads) and nem12_reader (looks), where they exist; neither may
-- change the schema. Made later, they get their rights by running this again:
--     manage.py migrate --print-grants | psql "$METER_DB_URI"
DO $$
DECLARE
    tables constant text := 'meter_readings, meter_files, meter_batches, meter_batch_parts, '
        'meter_rejects, meter_warnings, meter_day_versions, meter_days, meter_drops, '
        'meter_drop_files';
    views constant text := 'meter_daily, meter_reading_sources, meter_conflicts, '
        'meter_highest_versions, meter_expected_readings';
    role text;
BEGIN
    -- Nobody but who may load has reason to make partitions.
    REVOKE ALL ON FUNCTION meter_ensure_months(date[]) FROM PUBLIC;
    FOR role IN SELECT rolname FROM pg_roles WHERE rolname IN ('nem12_loader', 'nem12_reader') LOOP
        EXECUTE format('GRANT SELECT ON %s, %s TO %I', tables, views, role);
    END LOOP;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'nem12_loader') THEN
        EXECUTE format('GRANT INSERT, UPDATE, DELETE ON %s TO nem12_loader', tables);
        GRANT EXECUTE ON FUNCTION meter_ensure_months(date[]) TO nem12_loader;
    END IF;
    -- A SECURITY DEFINER function must not find a caller's temporary table under a name of ours.
    EXECUTE format('ALTER FUNCTION meter_ensure_months(date[]) SET search_path = %I, pg_temp',
        current_schema());
END $$;
