-- The newest versions of a day, the one that wins first.
SELECT v.file_id, v.line, v.last_line, f.sha256, f.name AS file, f.seen_at,
    coalesce(v.updated_at, f.delivered_at) AS updated_at, v.update_rank, f.delivered_at,
    v.msats_loaded_at, v.file_created_at, v.interval_minutes, v.uom, v.quality_method,
    v.reason_code, v.reason_description, v.meter_serial, v.register_id,
    (d.file_id, d.line) = (v.file_id, v.line) AS in_force,
    (SELECT array_agg(r.consumption ORDER BY r."timestamp") FROM meter_version_readings(v) r)
        AS consumption,
    (SELECT array_agg(r.quality_method ORDER BY r."timestamp") FROM meter_version_readings(v) r)
        AS qualities
FROM meter_day_versions v
LEFT JOIN meter_days d USING (nmi, nmi_suffix, day)
LEFT JOIN meter_files f ON f.file_id = v.file_id
WHERE v.nmi = %(nmi)s AND v.nmi_suffix = %(nmi_suffix)s AND v.day = %(day)s
ORDER BY meter_precedence(v) DESC
LIMIT %(most)s
