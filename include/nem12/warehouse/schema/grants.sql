-- Rights of the roles nem12_loader (loads) and nem12_reader (looks), where they exist; neither may
-- change the schema, and only the owner decides what is kept. Roles that were made later get their
-- rights by running this again: migrate --print-grants | psql "$METER_DB_URI"
DO $$
DECLARE
    changed constant text := 'meter_readings, meter_files, meter_batches, meter_batch_parts, '
        'meter_refusals, meter_warnings, meter_refused_days, meter_day_versions, meter_days, '
        'meter_daily_totals, meter_200s, meter_drops, meter_drop_files, meter_arrivals, '
        'meter_expected_nmis, meter_channel_ends, meter_consumers, meter_replaced_versions';
    -- Rows that are inserted and stay.
    added constant text := 'meter_acts, meter_notes, meter_changes';
    read constant text := 'meter_kept_from, meter_days_not_kept, meter_partitions, meter_months, meter_channels, '
        'meter_readings_all, meter_daily, '
        'meter_reading_sources, meter_conflicts, meter_findings, meter_highest_versions, meter_expected_readings, '
        'meter_cluster, meter_consumer_lag, meter_horizon_holders';
    role text;
    one regprocedure;
BEGIN
    -- Every connection compares the schema with what its package needs.
    GRANT SELECT ON meter_schema, alembic_version TO PUBLIC;
    -- Only the owner and the loader have a reason to make partitions or to change what is kept.
    REVOKE ALL ON FUNCTION meter_ensure_months(date[]), meter_hold_kept(), meter_keep_from(text, date),
        meter_keep_again(date), meter_remove_months(date, boolean), meter_purge_nmi(text, date),
        meter_adopt_cluster() FROM PUBLIC;
    FOR role IN SELECT rolname FROM pg_roles WHERE rolname IN ('nem12_loader', 'nem12_reader') LOOP
        EXECUTE format('GRANT SELECT ON %s, %s, %s TO %I', changed, added, read, role);
    END LOOP;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'nem12_loader') THEN
        EXECUTE format('GRANT INSERT, UPDATE, DELETE ON %s TO nem12_loader', changed);
        EXECUTE format('GRANT INSERT ON %s TO nem12_loader', added);
        -- Changes are deleted after a while.
        GRANT DELETE ON meter_changes TO nem12_loader;
        GRANT EXECUTE ON FUNCTION meter_ensure_months(date[]), meter_hold_kept() TO nem12_loader;
    END IF;
    -- Temporary tables take disk space, and the reader must write nothing. The database's owner may.
    IF pg_has_role((SELECT datdba FROM pg_database WHERE datname = current_database()), 'USAGE') THEN
        EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    END IF;
    -- Our functions must not find a caller's temporary tables, or what a caller made in another schema.
    -- pg_catalog is searched first as long as it is not named; if it were, new tables would go there.
    FOR one IN
        SELECT oid::regprocedure FROM pg_proc
        WHERE pronamespace = current_schema()::regnamespace AND proname LIKE 'meter\_%'
            AND proconfig::text LIKE '%search_path=%'
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', one, current_schema());
    END LOOP;
    -- Before PostgreSQL 15 everybody may create functions in the schema public, and a function whose types
    -- match a call better than the server's own is called in its place.
    IF has_schema_privilege('public', current_schema(), 'CREATE')
        AND pg_has_role((SELECT nspowner FROM pg_namespace WHERE nspname = current_schema()), 'USAGE')
    THEN
        EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', current_schema());
        EXECUTE format('GRANT CREATE ON SCHEMA %I TO %s', current_schema(),
            (SELECT relowner::regrole FROM pg_class WHERE oid = 'meter_files'::regclass));
    END IF;
END $$;
