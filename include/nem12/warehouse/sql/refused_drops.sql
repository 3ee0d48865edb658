-- The newest state of each drop that failed, or of which a file is refused now.
SELECT DISTINCT ON (coalesce(d.kept_at, d.uri))
    d.drop_id, d.claim, d.uri, d.size, d.mtime_ns, d.identity, d.profile, d.claimed_at, d.attempt,
    d.sha256, d.kept_at, d.state = 'failed' AS failed,
    d.outcome IS NOT NULL AND d.outcome <> 'failed' AND d.settled_at IS NULL AS recorded,
    d.judge_as IS NOT NULL AS again,
    ARRAY(SELECT f.name FROM meter_drop_files m JOIN meter_files f USING (file_id)
          WHERE m.drop_id = d.drop_id) AS names
FROM meter_drops d
WHERE (d.state = 'failed' OR (d.state = 'settled' AND d.kept_at IS NOT NULL AND EXISTS (
        SELECT FROM meter_drop_files m JOIN meter_files f USING (file_id)
        WHERE m.drop_id = d.drop_id AND f.status = 'refused')))
    AND (%(since)s::timestamptz IS NULL OR d.claimed_at >= %(since)s)
    AND (%(code)s::text IS NULL OR EXISTS (
        SELECT FROM meter_drop_files m JOIN meter_files f USING (file_id)
        JOIN meter_rejects r USING (file_id)
        WHERE m.drop_id = d.drop_id AND f.status = 'refused' AND r.code = %(code)s))
ORDER BY coalesce(d.kept_at, d.uri), d.settled_at DESC NULLS FIRST
