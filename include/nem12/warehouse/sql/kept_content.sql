-- Where the content of settled drops is kept, oldest place first; `loaded`: of some of it there are
-- readings. A withdrawn file has no row in meter_drop_files. Where files stay in the landing folder,
-- the newest drop of a place says what lies there.
SELECT d.sha256, array_agg(d.kept_at ORDER BY d.settled_at, d.drop_id) AS places,
    bool_or(d.outcome IN ('loaded', 'partial') AND EXISTS (
        SELECT FROM meter_drop_files f WHERE f.drop_id = d.drop_id)) AS loaded
FROM meter_drops d
WHERE d.state = 'settled' AND d.kept_at IS NOT NULL AND d.sha256 IS NOT NULL
    AND NOT EXISTS (SELECT FROM meter_drops newer WHERE newer.kept_at = d.kept_at
                    AND (newer.settled_at, newer.drop_id) > (d.settled_at, d.drop_id))
GROUP BY d.sha256
ORDER BY min(d.kept_at)
