-- Days in force against another delivery with the same stamps, each with one of these: of all files, or
-- of those that a claim has loaded.
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
        CASE WHEN (meter_precedence(o)).updated_at = (meter_precedence(v)).updated_at
                AND (meter_precedence(o)).created_at = (meter_precedence(v)).created_at
            THEN 'hash' ELSE 'time of delivery' END AS decided_by
    FROM meter_day_versions v
    JOIN meter_day_versions o ON o.nmi = v.nmi AND o.nmi_suffix = v.nmi_suffix AND o.day = v.day
        AND meter_contradicts(o, v)
    JOIN meter_files g ON g.file_id = o.file_id
    WHERE v.file_id = d.file_id AND v.line = d.line
    ORDER BY meter_precedence(o) DESC LIMIT 1
) o
ORDER BY d.nmi, d.nmi_suffix, d.day
