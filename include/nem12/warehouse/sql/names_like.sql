-- Files of such a name, the newest first; of a member of an archive also by its own name.
SELECT name, status FROM meter_files
WHERE name LIKE %(pattern)s OR name LIKE '%%/' || %(pattern)s
ORDER BY seen_at DESC, file_id LIMIT %(most)s
