SELECT file_id, sha256, name, size, status, profile, header_at, records, refused_records, readings,
    refused_readings, days, removed_days, first_day, last_day, warnings
FROM meter_files WHERE file_id = ANY(%(file_ids)s)
ORDER BY file_id
