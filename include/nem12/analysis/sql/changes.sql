-- What has changed since an instant.

-- name: changes
SELECT c.nmi, c.nmi_suffix, c.day, c.uom, c.total_before AS before, c.total_after AS after,
    c.total_after - coalesce(c.total_before, CASE WHEN c.line_before IS NULL THEN 0 END) AS difference,
    c.quality_before, c.quality_after, f.name AS file, c.line, f.sha256, c.seen_at,
    b.name AS file_before, c.line_before
FROM meter_days_changed_since(%(since)s, %(first)s, %(last)s, %(nmi)s) AS c
JOIN meter_files f ON f.file_id = c.file_id
LEFT JOIN meter_files b ON b.file_id = c.file_id_before
ORDER BY c.nmi, c.nmi_suffix, c.day
