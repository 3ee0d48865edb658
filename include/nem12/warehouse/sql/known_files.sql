SELECT file_id, name, status, profile, reader_version FROM meter_files
WHERE file_id = ANY(%(file_ids)s)
