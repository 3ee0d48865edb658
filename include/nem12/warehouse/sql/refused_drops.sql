-- Settled drops that were refused and lie among the rejected, and drops that failed.
SELECT d.drop_id, d.uri, d.state, d.profile, d.kept_at
FROM meter_drops d
WHERE (d.state = 'failed' OR (d.state = 'settled' AND d.outcome = 'refused'))
    AND (%(since)s::timestamptz IS NULL OR d.claimed_at >= %(since)s)
    AND (%(code)s::text IS NULL OR EXISTS (
        SELECT FROM meter_drop_files f JOIN meter_rejects r USING (file_id)
        WHERE f.drop_id = d.drop_id AND r.code = %(code)s))
ORDER BY d.drop_id
