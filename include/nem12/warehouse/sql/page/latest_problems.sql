-- The newest files with refusals, each with its first one.
SELECT f.sha256, f.name, f.status, f.seen_at, f.refused_records, r.line, r.level, r.code,
    r.nmi, r.nmi_suffix, r.day, r.last_day, r.field, r.message
FROM (
    SELECT file_id, sha256, name, status, seen_at, refused_records
    FROM unnest(ARRAY['partial', 'refused']) AS wanted
    CROSS JOIN LATERAL (
        SELECT * FROM meter_files WHERE status = wanted
        ORDER BY seen_at DESC, file_id DESC LIMIT %(most)s
    ) each_status
    ORDER BY seen_at DESC, file_id DESC LIMIT %(most)s
) f
LEFT JOIN LATERAL (
    SELECT * FROM meter_rejects
    WHERE file_id = f.file_id ORDER BY line, code LIMIT 1
) r ON true
ORDER BY f.seen_at DESC, f.file_id DESC
