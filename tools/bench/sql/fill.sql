-- What a run begins with.

-- name: empty
-- As if nothing had ever been loaded: every run begins alike.
DO $$
DECLARE
    partition regclass;
BEGIN
    FOR partition IN
        SELECT inhrelid::regclass FROM pg_inherits
        WHERE inhparent IN ('meter_readings'::regclass, 'meter_days'::regclass, 'meter_day_versions'::regclass)
    LOOP
        EXECUTE format('DROP TABLE %s', partition);
    END LOOP;
    TRUNCATE meter_readings, meter_days, meter_day_versions, meter_files, meter_batches,
        meter_batch_parts, meter_refusals, meter_warnings, meter_refused_days, meter_drops, meter_drop_files,
        meter_arrivals;
END $$

-- name: ledger
-- A ledger as two months of nightly deliveries leave it: files, a third of a per cent of them with
-- refusals, and the drops that brought them.
WITH files AS (
    INSERT INTO meter_files (file_id, sha256, name, size, status, profile, reader_version,
        header_date_time, records, readings, refused_records, refused_readings, days, first_day, last_day,
        seen_at, settled_at)
    SELECT -n, md5(n::text) || md5('file' || n), 'delivery_' || n || '.csv', 30000,
        CASE WHEN n % 600 = 0 THEN 'refused' WHEN n % 300 = 0 THEN 'partial' ELSE 'loaded' END,
        'standard', '1', now(), 100, 4800, n % 300 / 299, 0, 100, '2024-01-01', '2024-03-01',
        now() - n * interval '52 seconds', now()
    FROM generate_series(1, 100000) AS n
    RETURNING file_id, refused_records
), refusals AS (
    INSERT INTO meter_refusals (file_id, line, level, code, message, excerpt, first_line, last_line)
    SELECT file_id, line, 'RECORD', 'value-count', '47 values instead of 48', '300,20240101,', line, line
    FROM files, generate_series(3, 40) AS line WHERE file_id % 300 = 0
)
INSERT INTO meter_drops (uri, size, mtime_ns, identity, profile, state, claim, claimed_at)
SELECT 'file:///landing/delivery_' || n || '.csv', 30000, n, '', 'standard',
    CASE WHEN n % 2000 = 0 THEN 'failed' ELSE 'settled' END, 'claim', now()
FROM generate_series(1, 100000) AS n

-- name: usual_table
-- The usual table of readings: a random key, and a unique constraint beside it.
DROP TABLE IF EXISTS usual_readings;
CREATE TABLE usual_readings (
    id uuid PRIMARY KEY,
    nmi varchar(10) NOT NULL,
    nmi_suffix varchar(2) NOT NULL,
    "timestamp" timestamptz NOT NULL,
    interval_minutes smallint NOT NULL,
    consumption numeric NOT NULL,
    uom varchar(5) NOT NULL,
    quality_method varchar(3) NOT NULL,
    UNIQUE (nmi, "timestamp")
);
GRANT ALL ON usual_readings TO nem12_loader;

-- name: usual_insert
INSERT INTO usual_readings (id, nmi, nmi_suffix, "timestamp", interval_minutes, consumption, uom,
    quality_method) VALUES

-- name: copy
COPY meter_readings FROM STDIN

-- name: ready_rows
COPY (
    SELECT * FROM meter_readings
    WHERE %(day)s::date IS NULL
        OR ("timestamp" >= meter_midnight(%(day)s)
            AND "timestamp" < meter_midnight(%(day)s::date + 1))
    ORDER BY nmi, nmi_suffix, "timestamp"
) TO STDOUT
