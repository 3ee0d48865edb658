-- Files by their content, and all of them together.

-- name: known_files
SELECT file_id, name, status, profile, reader_version,
    EXISTS (SELECT FROM meter_refusals r WHERE r.file_id = f.file_id AND r.code = 'unreadable') AS unreadable
FROM meter_files f
WHERE file_id = ANY(%(file_ids)s)

-- name: find_files
-- Files by the beginning of their SHA-256 or by name; if there are none, by the name within an archive; if there
-- are none either, the files whose name is the longest end of a path.
WITH found AS (
    SELECT file_id, sha256, name, status, days,
        CASE WHEN sha256 LIKE %(prefix)s OR name = %(called)s::text THEN 1
             WHEN right(name, length(%(called)s::text) + 1) = '/' || %(called)s::text THEN 2
             WHEN right(%(called)s::text, length(name) + 1) = '/' || name
                 THEN 3 + length(%(called)s::text) - length(name) END AS rank
    FROM meter_files
)
SELECT file_id, sha256, name, status, days FROM found
WHERE rank = (SELECT min(rank) FROM found)
ORDER BY file_id LIMIT 20

-- name: names_like
-- Files whose name matches a pattern, newest first; members of an archive also by their own name.
SELECT f.name, f.status, EXISTS (
        SELECT FROM meter_drop_files m WHERE m.file_id = f.file_id) AS dropped
FROM meter_files f
WHERE f.name LIKE %(pattern)s OR f.name LIKE '%%/' || %(pattern)s
ORDER BY f.seen_at DESC, f.file_id LIMIT %(most)s

-- name: latest_names
-- The names of the files that came last.
SELECT name FROM meter_files ORDER BY seen_at DESC, file_id LIMIT %(most)s

-- name: file_summary
SELECT file_id, sha256, name, size, status, profile, header_date_time, delivered_at, records, refused_records,
    readings, refused_readings, days, removed_days, first_day, last_day, warnings
FROM meter_files WHERE file_id = ANY(%(file_ids)s)
ORDER BY file_id

-- name: file_nmis
SELECT nmi, count(*) OVER () AS found
FROM (SELECT DISTINCT nmi FROM meter_day_versions WHERE file_id = ANY(%(file_ids)s)) AS delivered
ORDER BY nmi LIMIT %(most)s

-- name: note_deliveries
SELECT meter_note_deliveries(%(file_ids)s::bigint[], %(times)s::timestamptz[]) AS days

-- name: settle_files
-- In one order everywhere, so that two sessions that settle the same files do not deadlock.
SELECT file_id, meter_settle_file(file_id) AS status
FROM (SELECT DISTINCT file_id FROM unnest(%(file_ids)s::bigint[]) AS given (file_id) ORDER BY 1) f

-- name: withdraw_file
SELECT meter_withdraw_file(%(file_id)s, why => %(why)s)

-- name: status
-- Counts of everything; of days exactly, up to so many. Beyond, their number is PostgreSQL's own estimate,
-- their first and last day are those of the files, and channels are counted up to so many by one probe
-- of the key each: no more days are read than these, however many there are.
WITH RECURSIVE channel AS (
    (SELECT nmi, nmi_suffix, 1 AS number FROM meter_days ORDER BY nmi, nmi_suffix LIMIT 1)
    UNION ALL
    SELECT next.nmi, next.nmi_suffix, channel.number + 1
    FROM channel CROSS JOIN LATERAL (
        SELECT nmi, nmi_suffix FROM meter_days
        WHERE (nmi, nmi_suffix) > (channel.nmi, channel.nmi_suffix)
        ORDER BY nmi, nmi_suffix LIMIT 1
    ) AS next
    WHERE channel.number < %(most_channels)s
), counted AS MATERIALIZED (
    SELECT coalesce(sum(of_channel.days), 0)::bigint AS days,
        coalesce(sum(of_channel.days) > %(most_days)s, false) AS too_many,
        count(*) AS channels, min(first_day) AS first_day, max(last_day) AS last_day
    FROM (
        SELECT count(*) AS days, min(day) AS first_day, max(day) AS last_day
        FROM (SELECT nmi, nmi_suffix, day FROM meter_days LIMIT %(most_days)s + 1) AS first_ones
        GROUP BY nmi, nmi_suffix
    ) AS of_channel
)
SELECT
    (SELECT jsonb_object_agg(status, n) FROM (SELECT status, count(*) AS n FROM meter_files GROUP BY 1) f)
        AS files,
    (SELECT jsonb_object_agg(state, n) FROM (SELECT state, count(*) AS n FROM meter_drops GROUP BY 1) d)
        AS drops,
    (SELECT coalesce(sum(readings - refused_readings), 0)::bigint FROM meter_files) AS delivered_readings,
    CASE WHEN too_many THEN (
        SELECT greatest(sum(greatest(c.reltuples, pg_stat_get_live_tuples(c.oid)))::bigint, counted.days)
        FROM pg_class c
        WHERE c.relkind = 'r' AND (c.oid = 'meter_days'::regclass OR c.oid IN (
            SELECT inhrelid FROM pg_inherits WHERE inhparent = 'meter_days'::regclass))
    ) ELSE counted.days END AS days,
    CASE WHEN too_many THEN (SELECT count(*) FROM channel) ELSE channels END AS channels,
    (SELECT count(*) FROM meter_days WHERE contradicted) AS contradictions,
    CASE WHEN too_many THEN (
        SELECT greatest(min(first_day), (SELECT k.first_day FROM meter_kept_from k WHERE k.nmi = ''))
        FROM meter_files WHERE status IN ('loaded', 'partial')
    ) ELSE first_day END AS first_day,
    CASE WHEN too_many THEN (
        SELECT max(last_day) FROM meter_files WHERE status IN ('loaded', 'partial')
    ) ELSE last_day END AS last_day,
    (SELECT count(*) FROM meter_refusals) AS refusals,
    too_many AS estimated
FROM counted
