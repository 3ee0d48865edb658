-- What was kept in the last days, the newest state of each; not what is about to be loaded again.
SELECT DISTINCT ON (d.kept_at) d.drop_id, d.uri, d.size, d.mtime_ns, d.identity, d.profile, d.sha256,
    d.kept_at, d.settled_at
FROM meter_drops d
WHERE d.state = 'settled' AND d.kept_at IS NOT NULL AND d.sha256 IS NOT NULL
    AND d.settled_at > now() - %(days)s * interval '1 day'
    AND NOT EXISTS (SELECT FROM meter_drops o WHERE o.uri = d.kept_at AND o.state <> 'settled')
ORDER BY d.kept_at, d.settled_at DESC
