-- What a run made of its files, what was refused first. A run may bring one file several times.
SELECT place, member AS name, outcome, sha256, size, status, profile, seen_at, records,
    refused_records, readings, refused_readings, days, first_day, last_day
FROM (
    SELECT m.member, m.outcome, f.*, row_number() OVER (
        ORDER BY array_position(%(order)s::text[], m.outcome), d.drop_id, m.member
    ) AS place
    FROM meter_drops d
    JOIN meter_drop_files m USING (drop_id)
    JOIN meter_files f USING (file_id)
    WHERE d.run = %(run)s AND d.state = 'settled'
) AS numbered
WHERE outcome = ANY(%(outcomes)s::text[]) AND place > %(place)s
ORDER BY place LIMIT %(most)s
