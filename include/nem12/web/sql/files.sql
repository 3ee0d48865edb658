-- Files: their list, those of a run, and all about one.

-- fragment: file_row
-- A file in a list.
file_id, sha256, name, size, status, profile, seen_at, from_participant, records,
    refused_records, readings, refused_readings, days, first_day, last_day

-- name: files
-- Files of these statuses, the newest first; one range of the index for each status. Of the next `looked_at`
-- files it gives those that match, and the last one in any case: so a search that finds little ends in time,
-- and the next page goes on after it.
SELECT
    -- include: file_row
    , matches
FROM (
    SELECT f.*, row_number() OVER (ORDER BY seen_at DESC, file_id DESC) AS number,
        (position(lower(%(text)s) IN lower(name)) > 0
            OR position(lower(%(text)s) IN lower(from_participant)) > 0)
        AND (NOT %(asked_again)s OR
            -- include: asked_again
        ) AS matches
    FROM unnest(%(statuses)s::text[]) AS wanted
    CROSS JOIN LATERAL (
        SELECT * FROM meter_files
        WHERE status = wanted AND (seen_at, file_id) < (%(seen_at)s::timestamptz, %(file_id)s)
            AND seen_at >= %(first)s::timestamptz AND seen_at < %(end)s::timestamptz
        ORDER BY seen_at DESC, file_id DESC LIMIT %(looked_at)s
    ) f
    ORDER BY seen_at DESC, file_id DESC LIMIT %(looked_at)s
) f
WHERE matches OR number = %(looked_at)s
ORDER BY seen_at DESC, file_id DESC LIMIT %(most)s

-- name: files_of_nmi
-- The same for files that deliver a day of an NMI or have a refusal of it.
SELECT
    -- include: file_row
    , true AS matches
FROM meter_files
WHERE file_id IN (
        SELECT file_id FROM meter_day_versions WHERE nmi = %(nmi)s
        UNION SELECT file_id FROM meter_refusals WHERE nmi = %(nmi)s)
    AND status = ANY(%(statuses)s::text[])
    AND (seen_at, file_id) < (%(seen_at)s::timestamptz, %(file_id)s)
    AND seen_at >= %(first)s::timestamptz AND seen_at < %(end)s::timestamptz
    AND (position(lower(%(text)s) IN lower(name)) > 0
        OR position(lower(%(text)s) IN lower(from_participant)) > 0)
    AND (NOT %(asked_again)s OR
        -- include: asked_again
    )
ORDER BY seen_at DESC, file_id DESC LIMIT %(most)s

-- name: run_files
-- The files of a run by outcome, each with its first refusal. A run may bring one file several times. The
-- columns of a file are those of its last load: `judged_later` says that this was in another run.
SELECT n.place, n.member AS name, n.outcome, n.sha256, n.size, n.status, n.profile, n.seen_at, n.from_participant,
    n.records, n.refused_records, n.readings, n.refused_readings, n.days, n.first_day, n.last_day,
    n.judged_later, r.line, r.code, r.message
FROM (
    SELECT m.member, m.outcome, f.*,
        m.outcome <> 'duplicate' AND coalesce(f.settled_at > d.settled_at, true) AS judged_later,
        row_number() OVER (
        ORDER BY array_position(%(order)s::text[], m.outcome), d.drop_id, m.member
    ) AS place
    FROM meter_drops d
    JOIN meter_drop_files m USING (drop_id)
    JOIN meter_files f USING (file_id)
    WHERE d.run = %(run)s AND d.state = 'settled'
) AS n
LEFT JOIN LATERAL (
    SELECT line, code, message FROM meter_refusals
    WHERE file_id = n.file_id AND n.outcome IN ('refused', 'partial')
        AND NOT n.judged_later
    ORDER BY line, code LIMIT 1
) AS r ON true
WHERE n.outcome = ANY(%(outcomes)s::text[]) AND n.place > %(place)s
ORDER BY n.place LIMIT %(most)s

-- name: file
SELECT file_id, sha256, name, size, status, profile, reader_version, header_date_time, from_participant,
    to_participant, records, refused_records, readings, refused_readings, refused_sum, days,
    first_day, last_day, warnings, seen_at, settled_at
FROM meter_files WHERE sha256 = %(sha256)s

-- name: file_days_count
-- How many of the first `most` days of a file are in force.
SELECT count(*) AS days, count(*) FILTER (WHERE (d.file_id, d.line) = (v.file_id, v.line)) AS in_force
FROM (
    SELECT nmi, nmi_suffix, day, file_id, line FROM meter_day_versions
    WHERE file_id = %(file_id)s
        AND day >= (SELECT first_day FROM meter_span(ARRAY[%(file_id)s::bigint]))
        AND day <= (SELECT last_day FROM meter_span(ARRAY[%(file_id)s::bigint]))
    ORDER BY line LIMIT %(most)s
) v
LEFT JOIN meter_days d USING (nmi, nmi_suffix, day)

-- name: file_drops
-- The drops that brought a file, the newest first.
SELECT d.drop_id, m.member, m.outcome, d.sha256, d.uri, d.kept_at, d.run,
    d.state, d.claimed_at, d.settled_at
FROM meter_drop_files m JOIN meter_drops d USING (drop_id)
WHERE m.file_id = %(file_id)s
ORDER BY d.drop_id DESC, m.member LIMIT %(most)s

-- name: file_findings
-- Refusals and warnings of a file in the order of its lines; the keys of both are in that order.
SELECT found.*, days_in_force, in_force_files, files_in_force, in_force_file, in_force_sha256, in_force_line, in_force_at
FROM (
    (SELECT line, level, code, nmi, nmi_suffix, day, last_day, field, message, excerpt, first_line,
        last_line
     FROM meter_refusals
     WHERE file_id = %(file_id)s AND (line, code) >= (%(line)s, %(code)s)
        AND (line, code, level) > (%(line)s, %(code)s, %(level)s)
     ORDER BY line, code LIMIT %(most)s)
    UNION ALL
    (SELECT line, 'WARN', code, nmi, nmi_suffix, day, last_day, field, message, excerpt, line, line
     FROM meter_warnings
     WHERE file_id = %(file_id)s AND (line, code) >= (%(line)s, %(code)s)
        AND (line, code, 'WARN') > (%(line)s, %(code)s, %(level)s)
     ORDER BY line, code LIMIT %(most)s)
    ORDER BY line, code, level LIMIT %(most)s
) found
CROSS JOIN LATERAL meter_in_force(nmi, nmi_suffix, day, last_day)
ORDER BY line, code, level

-- name: file_parts
-- The parts of a file with the batches that applied them, in the order of the file.
SELECT p.part, p.parts, p.byte_start, p.byte_end, p.first_line, p.last_line, p.records,
    p.refused_records, p.readings, p.refused_readings, p.days, b.batch_id, b.staged_name,
    b.applied_at, b.applied_by, b.process, b.run_id, b.task_id, b.map_index, b.try_number
FROM meter_batch_parts p JOIN meter_batches b USING (batch_id)
WHERE p.file_id = %(file_id)s
    AND (p.parts, p.byte_start, p.byte_end) > (%(parts)s, %(byte_start)s, %(byte_end)s)
ORDER BY p.parts, p.byte_start, p.byte_end LIMIT %(most)s

-- name: file_days
-- The days that a file delivers, in the order of its lines, and which file is in force instead.
SELECT v.line, v.last_line, v.nmi, v.nmi_suffix, v.day, v.interval_minutes, v.uom,
    v.quality_method, coalesce(v.update_date_time, own.delivered_at) AS update_date_time, v.update_rank,
    (d.file_id, d.line) = (v.file_id, v.line) AS in_force,
    coalesce(d.update_date_time, f.delivered_at) AS by_update_date_time, f.sha256 AS by_sha256,
    f.name AS by_file, d.line AS by_line
FROM (
    SELECT line, last_line, nmi, nmi_suffix, day, interval_minutes, uom, quality_method,
        update_date_time, update_rank, file_id
    FROM meter_day_versions WHERE file_id = %(file_id)s AND line > %(line)s
        AND day >= (SELECT first_day FROM meter_span(ARRAY[%(file_id)s::bigint]))
        AND day <= (SELECT last_day FROM meter_span(ARRAY[%(file_id)s::bigint]))
    ORDER BY line LIMIT %(most)s
) v
JOIN meter_files own ON own.file_id = v.file_id
LEFT JOIN meter_days d USING (nmi, nmi_suffix, day)
LEFT JOIN meter_files f ON f.file_id = d.file_id AND (d.file_id, d.line) <> (v.file_id, v.line)
ORDER BY v.line
