-- Files by the beginning of their SHA-256 or by name.
SELECT file_id, sha256, name, status, days FROM meter_files
WHERE sha256 LIKE %(prefix)s OR name = %(called)s
ORDER BY file_id LIMIT 20
