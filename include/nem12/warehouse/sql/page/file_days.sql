-- The days that a file delivers, in the order of its lines, and which file is in force instead.
SELECT v.line, v.last_line, v.nmi, v.nmi_suffix, v.day, v.interval_minutes, v.uom,
    v.quality_method, coalesce(v.updated_at, own.delivered_at) AS updated_at, v.update_rank,
    (d.file_id, d.line) = (v.file_id, v.line) AS in_force,
    coalesce(d.updated_at, f.delivered_at) AS by_updated_at, f.sha256 AS by_sha256, f.name AS by_file, d.line AS by_line
FROM (
    SELECT line, last_line, nmi, nmi_suffix, day, interval_minutes, uom, quality_method,
        updated_at, update_rank, file_id
    FROM meter_day_versions WHERE file_id = %(file_id)s AND line > %(line)s
    ORDER BY line LIMIT %(most)s
) v
JOIN meter_files own ON own.file_id = v.file_id
LEFT JOIN meter_days d USING (nmi, nmi_suffix, day)
LEFT JOIN meter_files f ON f.file_id = d.file_id AND (d.file_id, d.line) <> (v.file_id, v.line)
ORDER BY v.line
