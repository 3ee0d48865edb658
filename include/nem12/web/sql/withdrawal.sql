-- What withdrawing a file would change.

-- fragment: days_falling_back
-- The next days in force from a file, each with the version that is the highest without this file.
FROM (
    SELECT v AS gone
    FROM meter_day_versions v
    JOIN meter_days d ON d.nmi = v.nmi AND d.nmi_suffix = v.nmi_suffix AND d.day = v.day
        AND d.file_id = v.file_id AND d.line = v.line
    WHERE v.file_id = %(file_id)s AND v.line > %(line)s
    ORDER BY v.line LIMIT %(most)s
) g
LEFT JOIN LATERAL (
    SELECT o AS back FROM meter_day_versions o
    WHERE o.nmi = (gone).nmi AND o.nmi_suffix = (gone).nmi_suffix AND o.day = (gone).day
        AND o.file_id <> (gone).file_id
    ORDER BY meter_precedence(o) DESC LIMIT 1
) b ON true

-- name: withdrawal_days
SELECT (gone).line, (gone).nmi, (gone).nmi_suffix, (gone).day, (gone).uom,
    meter_version_total(gone) AS before, (gone).quality_method AS quality_before,
    (back).uom AS uom_after, meter_version_total(back) AS after,
    (back).quality_method AS quality_after, f.name AS file_after, f.sha256 AS sha256_after,
    (back).line AS line_after,
    coalesce((back).update_date_time, f.delivered_at) AS update_date_time_after,
    CASE WHEN f.file_id IS NOT NULL THEN meter_same_readings(back, gone) END AS same_readings
-- include: days_falling_back
LEFT JOIN meter_files f ON f.file_id = (back).file_id
ORDER BY (gone).line

-- name: withdrawal_sums
SELECT (gone).uom, count(*) AS days, count((back).file_id) AS days_after,
    count(*) FILTER (WHERE (back).file_id IS NOT NULL AND meter_same_readings(back, gone)) AS same_days,
    sum(meter_version_total(gone)) AS before,
    sum(meter_version_total(back)) FILTER (WHERE (back).uom = (gone).uom) AS after
-- include: days_falling_back
GROUP BY (gone).uom
ORDER BY (gone).uom
