-- As the view meter_daily, of one channel and a span of days: the view cannot be told the span of
-- "timestamp" that finds it in the key.
SELECT ("timestamp" AT TIME ZONE 'Australia/Brisbane')::date AS day, uom,
    CASE WHEN uom IN ('kWh', 'kVArh', 'kVAh') THEN sum(consumption) END AS total_consumption,
    round(avg(consumption), 6) AS average_consumption,
    min(consumption) AS minimum_consumption,
    max(consumption) AS maximum_consumption,
    count(*) AS readings,
    count(*) FILTER (WHERE quality_method LIKE 'A%%') AS actual,
    count(*) FILTER (WHERE quality_method LIKE 'E%%') AS estimated,
    count(*) FILTER (WHERE quality_method LIKE 'S%%') AS substituted,
    count(*) FILTER (WHERE quality_method LIKE 'F%%') AS final,
    count(*) FILTER (WHERE quality_method LIKE 'N%%') AS no_data
FROM meter_readings
WHERE nmi = %(nmi)s AND nmi_suffix = %(nmi_suffix)s
    AND "timestamp" >= %(first)s::timestamp AT TIME ZONE 'Australia/Brisbane'
    AND "timestamp" < (%(last)s::date + 1)::timestamp AT TIME ZONE 'Australia/Brisbane'
GROUP BY 1, 2
ORDER BY 1, 2
