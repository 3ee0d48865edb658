-- The overview.

-- name: open_drops
-- How many drops are not settled, by state. The partial index holds only these.
SELECT state, count(*) AS drops, min(claimed_at) AS since
FROM meter_drops WHERE meter_is_open(state)
GROUP BY state

-- name: loading_count
SELECT count(*) AS files FROM meter_files WHERE status = 'loading'

-- name: loading_files
-- Files whose parts are being applied, and how many parts are. A run that died may have left some parts of
-- another division, so the division that has come furthest counts.
SELECT f.sha256, f.name, f.size, f.seen_at, coalesce(p.applied, 0) AS applied, p.parts,
    coalesce(p.readings, 0) AS readings
FROM meter_files f
LEFT JOIN LATERAL (
    SELECT parts, count(*) AS applied, sum(readings - refused_readings)::bigint AS readings
    FROM meter_batch_parts WHERE file_id = f.file_id
    GROUP BY parts ORDER BY count(*) DESC LIMIT 1
) p ON true
WHERE f.status = 'loading'
ORDER BY f.seen_at DESC LIMIT %(most)s

-- name: loaded_by_day
-- What arrived on each NEM day from `since` on, days without anything too.
SELECT d.day::date AS day, coalesce(f.files, 0) AS files, coalesce(f.loaded, 0) AS loaded,
    coalesce(f.partial, 0) AS partial, coalesce(f.refused, 0) AS refused,
    coalesce(f.readings, 0) AS readings, coalesce(f.refused_readings, 0) AS refused_readings
FROM generate_series(
    meter_nem_day(%(since)s),
    meter_nem_day(now()), interval '1 day') AS d (day)
LEFT JOIN (
    SELECT meter_nem_day(seen_at) AS day, count(*) AS files,
        count(*) FILTER (WHERE status = 'loaded') AS loaded,
        count(*) FILTER (WHERE status = 'partial') AS partial,
        count(*) FILTER (WHERE status = 'refused') AS refused,
        sum(readings - refused_readings)::bigint AS readings,
        sum(refused_readings)::bigint AS refused_readings
    FROM meter_files
    WHERE status IN ('loaded', 'partial', 'refused') AND seen_at >= %(since)s
    GROUP BY 1
) f ON f.day = d.day
ORDER BY d.day

-- name: latest_problems
-- The newest files with refusals, each with its first one.
SELECT f.sha256, f.name, f.status, f.seen_at, f.refused_records, r.line, r.level, r.code,
    r.nmi, r.nmi_suffix, r.day, r.last_day, r.field, r.message
FROM (
    SELECT file_id, sha256, name, status, seen_at, refused_records
    FROM unnest(ARRAY['partial', 'refused']) AS wanted
    CROSS JOIN LATERAL (
        SELECT * FROM meter_files WHERE status = wanted
        ORDER BY seen_at DESC, file_id DESC LIMIT %(most)s
    ) each_status
    ORDER BY seen_at DESC, file_id DESC LIMIT %(most)s
) f
LEFT JOIN LATERAL (
    SELECT * FROM meter_refusals
    WHERE file_id = f.file_id ORDER BY line, code LIMIT 1
) r ON true
ORDER BY f.seen_at DESC, f.file_id DESC

-- name: newest_day
SELECT last_day FROM meter_files
WHERE last_day IS NOT NULL AND status IN ('loaded', 'partial')
ORDER BY last_day DESC LIMIT 1

-- name: newest_drop
SELECT uri FROM meter_drops ORDER BY drop_id DESC LIMIT 1
