-- Files by the beginning of their SHA-256 or by name; where none is called that, by the name within
-- an archive; where that gives none either, by a path, of which the name is as long a part as can be.
WITH found AS (
    SELECT file_id, sha256, name, status, days,
        CASE WHEN sha256 LIKE %(prefix)s OR name = %(called)s::text THEN 1
             WHEN right(name, length(%(called)s::text) + 1) = '/' || %(called)s::text THEN 2
             WHEN right(%(called)s::text, length(name) + 1) = '/' || name
                 THEN 3 + length(%(called)s::text) - length(name) END AS rank
    FROM meter_files
)
SELECT file_id, sha256, name, status, days FROM found
WHERE rank = (SELECT min(rank) FROM found)
ORDER BY file_id LIMIT 20
