-- As if nothing had ever been loaded: every run begins alike.
DO $$
DECLARE
    partition regclass;
BEGIN
    FOR partition IN
        SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'meter_readings'::regclass
    LOOP
        EXECUTE format('DROP TABLE %s', partition);
    END LOOP;
    TRUNCATE meter_readings, meter_days, meter_day_versions, meter_files, meter_batches,
        meter_batch_parts, meter_rejects, meter_warnings, meter_drops, meter_drop_files,
        meter_arrivals;
END $$
