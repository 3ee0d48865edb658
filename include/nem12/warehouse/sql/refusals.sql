-- Refusals, failures and contradictions, for reports and alerts.

-- name: file_refusals
SELECT r.*, days_in_force, in_force_files, files_in_force, in_force_file, in_force_sha256,
    in_force_line, in_force_at
FROM (
    SELECT line, level, code, nmi, nmi_suffix, day, last_day, field, message, excerpt, first_line,
        last_line, count(*) OVER () AS found
    FROM meter_refusals WHERE file_id = %(file_id)s ORDER BY line, code LIMIT %(most)s
) r
CROSS JOIN LATERAL meter_in_force(nmi, nmi_suffix, day, last_day)
ORDER BY line, code

-- name: file_warnings
SELECT line, 'WARN' AS level, code, nmi, nmi_suffix, day, last_day, field, message, excerpt
FROM meter_warnings WHERE file_id = %(file_id)s ORDER BY line, code LIMIT %(most)s

-- name: latest_refusals
-- The files refused last, whole or in part, each with its first refusal.
SELECT f.name, f.sha256, f.status, f.seen_at, f.refused_records, r.line, r.level, r.code, r.nmi,
    r.nmi_suffix, r.day, r.last_day, r.field, r.message
FROM (
    -- Each by the index of its status.
    SELECT f.* FROM unnest('{refused,partial}'::text[]) AS status
    CROSS JOIN LATERAL (
        SELECT * FROM meter_files g WHERE g.status = status.status
        ORDER BY g.seen_at DESC, g.file_id DESC LIMIT %(most)s
    ) AS f
    ORDER BY f.seen_at DESC, f.file_id DESC LIMIT %(most)s
) AS f
JOIN LATERAL (
    SELECT * FROM meter_refusals WHERE file_id = f.file_id ORDER BY line, code LIMIT 1
) AS r ON true
ORDER BY f.seen_at DESC, f.file_id DESC

-- name: failed_drops
-- The drops that failed last: they wait for redrive.
SELECT uri, attempt, message FROM meter_drops WHERE state = 'failed'
ORDER BY drop_id DESC LIMIT %(most)s

-- name: claim_refusals
-- The files of a claim that were refused, whole or in part, each with its first refusal.
SELECT file_id, name, outcome, sha256, records, refused_records, line, code, level, nmi, nmi_suffix, day,
    last_day, field, message, excerpt, first_line, last_line, found, days_in_force, in_force_files,
    files_in_force, in_force_file, in_force_sha256, in_force_line, in_force_at
FROM (
    SELECT f.file_id, m.member AS name, m.outcome, f.sha256, f.records, f.refused_records, r.line, r.code,
        r.level, r.nmi, r.nmi_suffix, r.day, r.last_day, r.field, r.message, r.excerpt,
        r.first_line, r.last_line, count(*) OVER () AS found, d.drop_id
    FROM meter_drops d
    JOIN meter_drop_files m USING (drop_id)
    JOIN meter_files f USING (file_id)
    LEFT JOIN LATERAL (
        SELECT * FROM meter_refusals WHERE file_id = f.file_id
        ORDER BY line, code LIMIT 1
    ) AS r ON true
    WHERE d.claim = %(claim)s AND d.state = 'settled' AND m.outcome IN ('refused', 'partial')
    ORDER BY m.outcome DESC, d.drop_id, m.member
    LIMIT %(most)s
) refused
CROSS JOIN LATERAL meter_in_force(nmi, nmi_suffix, day, last_day)
ORDER BY outcome DESC, drop_id, name

-- name: claim_failures
-- The drops that the run of a claim could not finish.
SELECT uri, state, attempt, not_before, message, count(*) OVER () AS found
FROM meter_drops
WHERE claim = %(claim)s AND state IN ('waiting', 'failed')
ORDER BY state, drop_id
LIMIT %(most)s

-- name: contradictions
-- Contradicted days, each with one delivery that contradicts it: of all files, or of those that a claim has
-- loaded.
SELECT d.nmi, d.nmi_suffix, d.day, f.name AS file, f.sha256, d.line, o.name AS other_file,
    o.line AS other_line, o.decided_by, d.found
FROM (
    SELECT nmi, nmi_suffix, day, file_id, line, count(*) OVER () AS found
    FROM meter_days d
    WHERE contradicted AND (%(claim)s::text IS NULL OR EXISTS (
        SELECT FROM meter_day_versions v
        JOIN meter_drop_files m ON m.file_id = v.file_id AND m.outcome <> 'duplicate'
        JOIN meter_drops p USING (drop_id)
        WHERE v.nmi = d.nmi AND v.nmi_suffix = d.nmi_suffix AND v.day = d.day
            AND p.claim = %(claim)s))
    ORDER BY nmi, nmi_suffix, day LIMIT %(most)s
) d
JOIN meter_files f USING (file_id)
CROSS JOIN LATERAL (
    SELECT g.name, o.line,
        CASE WHEN (meter_precedence(o)).update_date_time = (meter_precedence(v)).update_date_time
                AND (meter_precedence(o)).header_date_time = (meter_precedence(v)).header_date_time
            THEN 'hash' ELSE 'time of delivery' END AS decided_by
    FROM meter_day_versions v
    JOIN meter_day_versions o ON o.nmi = v.nmi AND o.nmi_suffix = v.nmi_suffix AND o.day = v.day
        AND meter_contradicts(o, v)
    JOIN meter_files g ON g.file_id = o.file_id
    WHERE v.file_id = d.file_id AND v.line = d.line AND v.day = d.day
    ORDER BY meter_precedence(o) DESC LIMIT 1
) o
ORDER BY d.nmi, d.nmi_suffix, d.day

-- name: refused_days
-- The days of a file that was refused as a whole, and what is in force of them.
SELECT refused.*, days_in_force, in_force_files, files_in_force, in_force_file, in_force_sha256,
    in_force_line, in_force_at
FROM (
    SELECT nmi, nmi_suffix, day, last_day, count(*) OVER () AS found
    FROM meter_refused_days WHERE file_id = %(file_id)s
    ORDER BY nmi, nmi_suffix, day LIMIT %(most)s
) refused
CROSS JOIN LATERAL meter_in_force(nmi, nmi_suffix, day, last_day)
ORDER BY nmi, nmi_suffix, day
