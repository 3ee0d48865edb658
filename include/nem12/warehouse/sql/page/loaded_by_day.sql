-- What arrived on each NEM day from `since` on, days without anything too.
SELECT d.day::date AS day, coalesce(f.files, 0) AS files, coalesce(f.loaded, 0) AS loaded,
    coalesce(f.partial, 0) AS partial, coalesce(f.refused, 0) AS refused,
    coalesce(f.readings, 0) AS readings, coalesce(f.refused_readings, 0) AS refused_readings
FROM generate_series(
    (%(since)s::timestamptz AT TIME ZONE 'Australia/Brisbane')::date,
    (now() AT TIME ZONE 'Australia/Brisbane')::date, interval '1 day') AS d (day)
LEFT JOIN (
    SELECT (seen_at AT TIME ZONE 'Australia/Brisbane')::date AS day, count(*) AS files,
        count(*) FILTER (WHERE status = 'loaded') AS loaded,
        count(*) FILTER (WHERE status = 'partial') AS partial,
        count(*) FILTER (WHERE status = 'refused') AS refused,
        sum(readings - refused_readings)::bigint AS readings,
        sum(refused_readings)::bigint AS refused_readings
    FROM meter_files
    WHERE status IN ('loaded', 'partial', 'refused') AND seen_at >= %(since)s
    GROUP BY 1
) f ON f.day = d.day
ORDER BY d.day
