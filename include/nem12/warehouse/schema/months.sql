-- Make a partition and attach it. Nobody waits for it: CREATE TABLE ... PARTITION OF locks the parent against
-- every reader, but a table made LIKE it, with a CHECK, is attached under a lock that conflicts with neither
-- readers nor writers. For the calls see meter_ensure_months, which calls this.
CREATE OR REPLACE FUNCTION meter_make_partition(
    parent text, name text, key text, low text, high text, parameters text) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    partition text := parent || '_'::text || name;
BEGIN
    EXECUTE pg_catalog.format(
        'CREATE TABLE %I (LIKE %I INCLUDING ALL, CONSTRAINT %I CHECK (%I >= %L AND %I < %L)) %s',
        partition, parent, partition || '_month'::text, key, low, key, high, parameters);
    EXECUTE pg_catalog.format(
        'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, partition, low, high);
    EXECUTE pg_catalog.format(
        'ALTER TABLE %I DROP CONSTRAINT %I', partition, partition || '_month'::text);
END $$;

-- Make the partitions that are missing for these months, except for months that are not kept. Returns the
-- number of months. SECURITY DEFINER: the loader does not own the tables. A role that may create functions in
-- the schema must not get the owner's rights by a function that matches a call here better than the server's
-- own: all calls are qualified or have exactly the types of the server's function.
CREATE OR REPLACE FUNCTION meter_ensure_months(months date[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
SET datestyle = 'ISO' SET timezone = 'UTC' AS $$
DECLARE
    month date;
    after date;
    name text;
    made integer := 0;
BEGIN
    PERFORM meter_hold_kept();
    -- In one order, so that two sessions that make the same months do not deadlock.
    FOR month IN
        SELECT DISTINCT meter_month(m) AS first_day
        FROM pg_catalog.unnest(months) AS m
        LEFT JOIN meter_kept_from every ON every.nmi::text = ''::text
        WHERE (m < every.first_day) IS NOT TRUE
        ORDER BY first_day
    LOOP
        name := meter_month_name(month);
        CONTINUE WHEN pg_catalog.to_regclass('meter_days_'::text || name) IS NOT NULL;
        -- The lock that ATTACH takes: neither readers nor writers wait for it, and a reader cannot take it.
        -- Of one table for all three: sessions that make months wait for each other here only.
        LOCK TABLE ONLY meter_readings IN SHARE UPDATE EXCLUSIVE MODE;
        -- Asked of the catalog: to_regclass may answer from a cache that is older than the lock.
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = 'meter_days'::regclass::oid
                AND c.relname::text = 'meter_days_'::text || name);
        after := meter_next_month(month);
        PERFORM meter_make_partition('meter_readings'::text, name, 'timestamp'::text,
            meter_midnight(month)::text, meter_midnight(after)::text, ''::text);
        PERFORM meter_make_partition('meter_day_versions'::text, name, 'day'::text, month::text, after::text,
            ''::text);
        -- Room for what is put in force instead: fewer pages, and the key stays as it is.
        PERFORM meter_make_partition('meter_days'::text, name, 'day'::text, month::text, after::text,
            'WITH (fillfactor = 90)'::text);
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;

-- Tables that hold a month: partitions, and detached tables that still exist.
CREATE OR REPLACE VIEW meter_partitions AS
SELECT parent.oid::regclass AS parent, month, c.oid::regclass AS partition,
    i.inhrelid IS NOT NULL AS attached
FROM pg_class parent
JOIN pg_class c ON c.relnamespace = parent.relnamespace AND c.relkind = 'r'
    AND starts_with(c.relname, parent.relname || '_')
CROSS JOIN LATERAL meter_month_named(substr(c.relname, length(parent.relname) + 2)) AS month
LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND i.inhparent = parent.oid
WHERE parent.oid IN ('meter_readings'::regclass, 'meter_days'::regclass, 'meter_day_versions'::regclass)
    AND month IS NOT NULL;

COMMENT ON VIEW meter_partitions IS 'The tables of each month.';

CREATE OR REPLACE VIEW meter_months AS
SELECT month, partition, attached,
    greatest(c.reltuples, pg_stat_get_live_tuples(c.oid))::bigint AS readings,
    pg_total_relation_size(c.oid) AS bytes
FROM meter_partitions p JOIN pg_class c ON c.oid = p.partition
WHERE p.parent = 'meter_readings'::regclass;

COMMENT ON VIEW meter_months IS 'Months of readings; their number is an estimate.';
