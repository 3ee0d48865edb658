-- Files whose parts are being applied: how many of them are. A run that died may have left some
-- parts of another cut, so the cut that has come furthest counts.
SELECT f.sha256, f.name, f.size, f.seen_at, coalesce(p.applied, 0) AS applied, p.parts,
    coalesce(p.readings, 0) AS readings
FROM meter_files f
LEFT JOIN LATERAL (
    SELECT parts, count(*) AS applied, sum(readings - refused_readings)::bigint AS readings
    FROM meter_batch_parts WHERE file_id = f.file_id
    GROUP BY parts ORDER BY count(*) DESC LIMIT 1
) p ON true
WHERE f.status = 'loading'
ORDER BY f.seen_at DESC LIMIT %(most)s
