-- The rights to what version 0003 has brought: only the owner decides what is kept.
DO $$
DECLARE
    role text;
BEGIN
    REVOKE ALL ON FUNCTION meter_ensure_months(date[]), meter_make_months(date[]),
        meter_keep_from(text, date), meter_remove_months(date, boolean),
        meter_purge_nmi(text, date) FROM PUBLIC;
    FOR role IN SELECT rolname FROM pg_roles WHERE rolname IN ('nem12_loader', 'nem12_reader') LOOP
        EXECUTE format('GRANT SELECT ON meter_kept_from, meter_days_not_kept, meter_months TO %I', role);
    END LOOP;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'nem12_loader') THEN
        GRANT EXECUTE ON FUNCTION meter_ensure_months(date[]) TO nem12_loader;
        REVOKE ALL ON FUNCTION meter_make_months(date[]) FROM nem12_loader;
    END IF;
    EXECUTE format('ALTER FUNCTION meter_ensure_months(date[]) SET search_path = %I, pg_temp',
        current_schema());
END $$;
