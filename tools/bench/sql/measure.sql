-- What is measured, and what is asked for the page's measurements.

-- name: storage
-- Bytes a reading takes: in meter_readings with its index; in the history, all indexes included.
SELECT count(*),
    (SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits
     WHERE inhparent = 'meter_readings'::regclass),
    (SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits
     WHERE inhparent IN ('meter_day_versions'::regclass, 'meter_days'::regclass))
FROM meter_readings

-- name: digest
-- Count and a sum over all rows: equal for equal rows, in whatever order they lie.
SELECT count(*), coalesce(sum(hashtextextended(r::text, 12)::numeric), 0) FROM meter_readings r

-- name: sessions
-- People's and programs' sessions; autovacuum's come and go on their own.
SELECT pid FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'

-- name: some_channels
-- Channels spread over all there are.
SELECT nmi, nmi_suffix FROM (
    SELECT nmi, nmi_suffix, row_number() OVER (ORDER BY nmi, nmi_suffix) AS place,
        count(*) OVER () AS whole
    FROM (SELECT DISTINCT nmi, nmi_suffix FROM meter_days) AS channels
) AS numbered
WHERE place %% greatest(1, whole / %(most)s) = 0

-- name: some_files
-- The file with the most days, and one with refusals.
SELECT (SELECT sha256 FROM meter_files WHERE file_id > 0 ORDER BY days DESC LIMIT 1),
    (SELECT f.sha256 FROM meter_files f WHERE status = 'partial' ORDER BY seen_at LIMIT 1)
