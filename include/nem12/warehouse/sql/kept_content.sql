-- Where the content of settled drops is kept, oldest place first; `loaded`: of some of it there are
-- readings. A withdrawn file has no row in meter_drop_files.
SELECT d.sha256, array_agg(d.kept_at ORDER BY d.settled_at, d.drop_id) AS places,
    bool_or(d.outcome IN ('loaded', 'partial') AND EXISTS (
        SELECT FROM meter_drop_files f WHERE f.drop_id = d.drop_id)) AS loaded
FROM meter_drops d
WHERE d.state = 'settled' AND d.kept_at IS NOT NULL AND d.sha256 IS NOT NULL
GROUP BY d.sha256
ORDER BY min(d.kept_at)
