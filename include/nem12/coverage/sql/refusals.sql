-- What was refused of channels.

-- name: refusals
-- Refusals of some channels in a span of days, the newest arrivals first. The oldest days are read first, so
-- that a channel with more refusals than anybody reads stays cheap. A file that was refused as a whole gives
-- the finding that refused it, for each of its days.
SELECT c.nmi, c.nmi_suffix, r.day, r.last_day, r.line, r.level, r.code, r.field, r.message, r.excerpt,
    f.sha256, f.name AS file, f.seen_at
FROM unnest(%(nmis)s::text[], %(nmi_suffixes)s::text[]) AS c (nmi, nmi_suffix)
CROSS JOIN LATERAL (
    (SELECT file_id, day, last_day, line, level, code, field, message, excerpt FROM meter_refusals
    WHERE nmi = c.nmi AND nmi_suffix = c.nmi_suffix
        AND last_day >= %(first)s AND day <= %(last)s
    ORDER BY last_day LIMIT %(most)s)
    UNION ALL
    (SELECT d.file_id, d.day, d.last_day, w.line, 'FILE', w.code, w.field, w.message, w.excerpt
    FROM (
        SELECT * FROM meter_refused_days
        WHERE nmi = c.nmi AND nmi_suffix = c.nmi_suffix
            AND last_day >= %(first)s AND day <= %(last)s
        ORDER BY last_day LIMIT %(most)s
    ) d
    CROSS JOIN LATERAL (
        SELECT * FROM meter_refusals WHERE file_id = d.file_id
        ORDER BY level <> 'FILE', line, code LIMIT 1
    ) w)
) r
JOIN meter_files f USING (file_id)
ORDER BY c.nmi, c.nmi_suffix, f.seen_at DESC, f.file_id, r.line
