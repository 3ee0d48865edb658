-- What a run made of its files, what was refused first, each with its first refusal. A run may bring
-- one file several times.
SELECT n.place, n.member AS name, n.outcome, n.sha256, n.size, n.status, n.profile, n.seen_at,
    n.records, n.refused_records, n.readings, n.refused_readings, n.days, n.first_day, n.last_day,
    r.line, r.code, r.message
FROM (
    SELECT m.member, m.outcome, f.*, row_number() OVER (
        ORDER BY array_position(%(order)s::text[], m.outcome), d.drop_id, m.member
    ) AS place
    FROM meter_drops d
    JOIN meter_drop_files m USING (drop_id)
    JOIN meter_files f USING (file_id)
    WHERE d.run = %(run)s AND d.state = 'settled'
) AS n
LEFT JOIN LATERAL (
    SELECT line, code, message FROM meter_rejects
    WHERE file_id = n.file_id AND n.outcome IN ('refused', 'partial')
    ORDER BY line, code LIMIT 1
) AS r ON true
WHERE n.outcome = ANY(%(outcomes)s::text[]) AND n.place > %(place)s
ORDER BY n.place LIMIT %(most)s
