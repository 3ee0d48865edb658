-- The same file on disk, read before with less in it, of which one file was made; the longest first.
SELECT now.drop_id, d.drop_id AS before, d.size, d.sha256, m.file_id
FROM meter_drops now
JOIN meter_drops d ON d.identity = now.identity AND d.size < now.size AND d.drop_id < now.drop_id
JOIN LATERAL (
    SELECT min(file_id) AS file_id FROM meter_drop_files WHERE drop_id = d.drop_id
    HAVING count(*) = 1
) AS m ON true
WHERE now.claim = %(claim)s AND now.state IN ('claimed', 'running') AND d.sha256 IS NOT NULL
ORDER BY now.drop_id, d.size DESC
