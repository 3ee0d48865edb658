-- What was refused of some channels in a span of days, the newest arrivals first. The oldest days are
-- asked for first, so that a channel with more refusals than anybody reads stays cheap.
SELECT c.nmi, c.nmi_suffix, r.day, r.last_day, r.line, r.level, r.code, r.field, r.message, r.excerpt,
    f.sha256, f.name AS file, f.seen_at
FROM unnest(%(nmis)s::text[], %(suffixes)s::text[]) AS c (nmi, nmi_suffix)
CROSS JOIN LATERAL (
    SELECT * FROM meter_rejects
    WHERE nmi = c.nmi AND nmi_suffix = c.nmi_suffix
        AND last_day >= %(first)s AND day <= %(last)s
    ORDER BY last_day LIMIT %(most)s
) r
JOIN meter_files f USING (file_id)
ORDER BY c.nmi, c.nmi_suffix, f.seen_at DESC, f.file_id, r.line
