-- Files whose counts in the ledger, less what is not kept, are not what their day versions hold.
SELECT f.file_id, f.sha256, f.name, f.days, f.removed_days, coalesce(v.days, 0) AS days_held,
    f.readings - f.refused_readings AS readings, f.removed_readings,
    coalesce(v.readings, 0) AS readings_held
FROM meter_files f
LEFT JOIN (
    SELECT file_id, count(*) AS days, sum(cardinality(interval_values)) AS readings
    FROM meter_day_versions GROUP BY file_id
) AS v USING (file_id)
WHERE f.status <> 'loading'
    AND (f.days - f.removed_days, f.readings - f.refused_readings - f.removed_readings)
        IS DISTINCT FROM (coalesce(v.days, 0), coalesce(v.readings, 0))
LIMIT 1
