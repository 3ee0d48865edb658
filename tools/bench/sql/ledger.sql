-- A ledger as two months of nightly deliveries leave it: files, a third of a per cent of them with
-- refusals, and the drops that brought them.
WITH files AS (
    INSERT INTO meter_files (file_id, sha256, name, size, status, profile, reader_version,
        header_at, records, readings, refused_records, refused_readings, days, first_day, last_day,
        seen_at, settled_at)
    SELECT -n, md5(n::text) || md5('file' || n), 'delivery_' || n || '.csv', 30000,
        CASE WHEN n % 600 = 0 THEN 'refused' WHEN n % 300 = 0 THEN 'partial' ELSE 'loaded' END,
        'standard', '1', now(), 100, 4800, n % 300 / 299, 0, 100, '2024-01-01', '2024-03-01',
        now() - n * interval '52 seconds', now()
    FROM generate_series(1, 100000) AS n
    RETURNING file_id, refused_records
), rejects AS (
    INSERT INTO meter_rejects (file_id, line, level, code, message, excerpt, first_line, last_line)
    SELECT file_id, line, 'RECORD', 'value-count', '47 values instead of 48', '300,20240101,', line, line
    FROM files, generate_series(3, 40) AS line WHERE file_id % 300 = 0
)
INSERT INTO meter_drops (uri, size, mtime_ns, identity, profile, state, claim, claimed_at)
SELECT 'file:///landing/delivery_' || n || '.csv', 30000, n, '', 'standard',
    CASE WHEN n % 2000 = 0 THEN 'failed' ELSE 'settled' END, 'claim', now()
FROM generate_series(1, 100000) AS n
