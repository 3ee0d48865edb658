SELECT file_id, name, status, profile, reader_version,
    EXISTS (SELECT FROM meter_rejects r WHERE r.file_id = f.file_id AND r.code = 'unreadable') AS unreadable
FROM meter_files f
WHERE file_id = ANY(%(file_ids)s)
