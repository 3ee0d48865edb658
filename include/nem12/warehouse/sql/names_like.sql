-- Files of such a name, the newest first; of a member of an archive also by its own name.
SELECT f.name, f.status, EXISTS (
        SELECT FROM meter_drop_files m WHERE m.file_id = f.file_id) AS dropped
FROM meter_files f
WHERE f.name LIKE %(pattern)s OR f.name LIKE '%%/' || %(pattern)s
ORDER BY f.seen_at DESC, f.file_id LIMIT %(most)s
