-- Make the partitions of meter_readings that are missing for these months, except for months that are
-- not kept. Nobody waits for it: CREATE TABLE ... PARTITION OF locks the parent against every reader, but a
-- table made LIKE it, with a CHECK, is attached under a lock that conflicts with neither readers nor writers.
-- SECURITY DEFINER: the loader does not own the tables. A role that may create functions in the schema must
-- not get the owner's rights by a function that matches a call here better than the server's own: all calls
-- are qualified or have exactly the types of the server's function.
CREATE OR REPLACE FUNCTION meter_ensure_months(months date[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
SET datestyle = 'ISO' SET timezone = 'UTC' AS $$
DECLARE
    month date;
    partition text;
    low timestamptz;
    high timestamptz;
    made integer := 0;
BEGIN
    PERFORM meter_hold_kept();
    -- In one order, so that two sessions that make the same months do not deadlock.
    FOR month IN
        SELECT DISTINCT pg_catalog.date_trunc('month', m::timestamp)::date AS first_day
        FROM pg_catalog.unnest(months) AS m
        LEFT JOIN meter_kept_from every ON every.nmi::text = ''::text
        WHERE (m::timestamp < pg_catalog.date_trunc('month', every.first_day::timestamp)) IS NOT TRUE
        ORDER BY first_day
    LOOP
        partition := 'meter_readings_'::text || pg_catalog.to_char(month::timestamp, 'YYYY_MM'::text);
        CONTINUE WHEN pg_catalog.to_regclass(partition) IS NOT NULL;
        -- The lock that ATTACH takes: neither readers nor writers wait for it, and a reader cannot take it.
        LOCK TABLE ONLY meter_readings IN SHARE UPDATE EXCLUSIVE MODE;
        -- Asked of the catalog: to_regclass may answer from a cache that is older than the lock.
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = 'meter_readings'::regclass::oid AND c.relname::text = partition);
        low := meter_midnight(month);
        high := meter_midnight((month::timestamp + '1 month'::interval)::date);
        EXECUTE pg_catalog.format(
            'CREATE TABLE %I (LIKE meter_readings INCLUDING ALL, '
            'CONSTRAINT %I CHECK ("timestamp" >= %L AND "timestamp" < %L))',
            partition, partition || '_month'::text, low, high);
        EXECUTE pg_catalog.format(
            'ALTER TABLE meter_readings ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
            partition, low, high);
        EXECUTE pg_catalog.format(
            'ALTER TABLE %I DROP CONSTRAINT %I', partition, partition || '_month'::text);
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;

-- Tables that hold a month of readings: partitions, and detached tables that still exist.
CREATE OR REPLACE VIEW meter_months AS
SELECT to_date(named, 'YYYY_MM') AS month, c.oid::regclass AS partition,
    i.inhrelid IS NOT NULL AS attached,
    greatest(c.reltuples, pg_stat_get_live_tuples(c.oid))::bigint AS readings,
    pg_total_relation_size(c.oid) AS bytes
FROM pg_class c
CROSS JOIN LATERAL substring(c.relname FROM '^meter_readings_([0-9]{4}_[0-9]{2})$') AS named
LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
WHERE named IS NOT NULL AND c.relkind = 'r'
    AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'meter_readings'::regclass);

COMMENT ON VIEW meter_months IS 'Months of readings; their number is an estimate.';
