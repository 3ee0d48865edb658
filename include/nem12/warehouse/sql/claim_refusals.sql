-- The files of a claim that were refused, whole or in part, each with its first refusal.
SELECT refused.*, days_in_force, in_force_file, in_force_sha256, in_force_line, in_force_at
FROM (
    SELECT m.member AS name, m.outcome, f.sha256, f.records, f.refused_records, r.line, r.code,
        r.nmi, r.nmi_suffix, r.day, r.last_day, r.field, r.message, count(*) OVER () AS found,
        d.drop_id, r.level
    FROM meter_drops d
    JOIN meter_drop_files m USING (drop_id)
    JOIN meter_files f USING (file_id)
    LEFT JOIN LATERAL (
        SELECT * FROM meter_rejects WHERE file_id = f.file_id
        ORDER BY line, code LIMIT 1
    ) AS r ON true
    WHERE d.claim = %(claim)s AND d.state = 'settled' AND m.outcome IN ('refused', 'partial')
    ORDER BY m.outcome DESC, d.drop_id, m.member
    LIMIT %(most)s
) refused
CROSS JOIN LATERAL meter_in_force(nmi, nmi_suffix, day, last_day)
ORDER BY outcome DESC, drop_id, name
