-- Refused files that came in no drop: `parse_data` has read them where they lie.
SELECT count(*) AS found, min(f.name) AS first FROM meter_files f
WHERE f.status = 'refused'
    AND NOT EXISTS (SELECT FROM meter_drop_files m WHERE m.file_id = f.file_id)
    AND (%(code)s::text IS NULL OR EXISTS (
        SELECT FROM meter_rejects r WHERE r.file_id = f.file_id AND r.code = %(code)s))
