-- The drops of these names since an instant, each with its files.
SELECT d.uri, d.state, d.outcome, d.message, d.kept_at, m.member, m.outcome AS file_outcome,
    f.file_id, f.name, f.readings - f.refused_readings AS readings, f.days, f.refused_records
FROM meter_drops d
LEFT JOIN meter_drop_files m USING (drop_id)
LEFT JOIN meter_files f USING (file_id)
WHERE d.uri = ANY(%(uris)s) AND d.claimed_at >= %(since)s
ORDER BY d.uri, m.member
