-- Where the deliveries lie whose files have a header DateTime in a span, newest state of each: the
-- profile they were judged by last, and the SHA-256 that begins the name they are kept under.
SELECT DISTINCT ON (d.kept_at) d.kept_at, d.profile, d.sha256
FROM meter_files f
JOIN meter_drop_files m USING (file_id)
JOIN meter_drops d USING (drop_id)
WHERE f.header_at >= %(since)s AND f.header_at < %(before)s AND d.kept_at IS NOT NULL
ORDER BY d.kept_at, d.settled_at DESC
