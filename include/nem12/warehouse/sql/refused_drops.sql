-- Settled drops that were refused, wherever they lie, and drops that failed. `reader_versions`: of the
-- readers that judged their files.
SELECT d.drop_id, d.uri, d.state, d.profile, d.kept_at, d.sha256, ARRAY(
        SELECT DISTINCT f.reader_version
        FROM meter_drop_files m JOIN meter_files f USING (file_id)
        WHERE m.drop_id = d.drop_id) AS reader_versions
FROM meter_drops d
WHERE (d.state = 'failed' OR (d.state = 'settled' AND d.outcome = 'refused'))
    AND (%(since)s::timestamptz IS NULL OR d.claimed_at >= %(since)s)
    AND (%(code)s::text IS NULL OR EXISTS (
        SELECT FROM meter_drop_files f JOIN meter_rejects r USING (file_id)
        WHERE f.drop_id = d.drop_id AND r.code = %(code)s))
ORDER BY d.drop_id
