-- Where the deliveries lie whose files have a header DateTime in a span: the profile they were
-- judged by last, their SHA-256, which begins the name they are kept by, and where they landed.
SELECT d.kept_at, (array_agg(d.profile ORDER BY d.settled_at DESC))[1] AS profile,
    max(d.sha256) AS sha256, array_agg(DISTINCT d.uri) AS uris
FROM meter_files f
JOIN meter_drop_files m USING (file_id)
JOIN meter_drops d USING (drop_id)
WHERE f.header_at >= %(since)s AND f.header_at < %(before)s AND d.kept_at IS NOT NULL
GROUP BY d.kept_at
ORDER BY d.kept_at
