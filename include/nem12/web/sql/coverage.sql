-- Which channels lack which days.

-- name: coverage
-- The channels after a key, one probe each, and their days in force of a span, with the number of
-- intervals of each quality flag. The flags come from the spans of the versions: no reading is read.
WITH RECURSIVE channel AS (
    (SELECT nmi, nmi_suffix, 1 AS number FROM meter_days
     WHERE (nmi, nmi_suffix) > (%(nmi)s, %(nmi_suffix)s) AND nmi >= %(prefix)s
     ORDER BY nmi, nmi_suffix LIMIT 1)
    UNION ALL
    SELECT next.nmi, next.nmi_suffix, channel.number + 1
    FROM channel CROSS JOIN LATERAL (
        SELECT nmi, nmi_suffix FROM meter_days
        WHERE (nmi, nmi_suffix) > (channel.nmi, channel.nmi_suffix)
        ORDER BY nmi, nmi_suffix LIMIT 1
    ) next
    WHERE channel.number < %(most)s
        AND left(next.nmi, length(%(prefix)s::text)) = %(prefix)s
)
SELECT c.nmi, c.nmi_suffix,
    (SELECT d.day FROM meter_days d WHERE d.nmi = c.nmi AND d.nmi_suffix = c.nmi_suffix
     ORDER BY d.day LIMIT 1) AS first_day,
    v.day,
    CASE WHEN v.day IS NULL THEN NULL
        WHEN v.event_start_intervals IS NULL
        THEN jsonb_build_object(left(v.quality_method, 1), 1440 / v.interval_minutes)
        ELSE (
            SELECT jsonb_object_agg(flag, intervals)
            FROM (
                SELECT left(quality, 1) AS flag, sum(ends - starts) AS intervals
                FROM (
                    SELECT starts, quality,
                        lead(starts, 1, 1440 / v.interval_minutes + 1) OVER (ORDER BY starts)
                            AS ends
                    FROM unnest(v.event_start_intervals::integer[], v.event_quality_methods)
                        AS span (starts, quality)
                ) AS spans
                GROUP BY 1
            ) AS flags
        ) END AS qualities
FROM channel c
LEFT JOIN LATERAL (
    SELECT d.day, w.event_start_intervals, w.event_quality_methods, w.quality_method, w.interval_minutes
    FROM meter_days d JOIN meter_day_versions w USING (file_id, line)
    WHERE d.nmi = c.nmi AND d.nmi_suffix = c.nmi_suffix
        AND d.day BETWEEN %(first)s AND %(last)s
) v ON true
WHERE left(c.nmi, length(%(prefix)s::text)) = %(prefix)s
ORDER BY c.nmi, c.nmi_suffix, v.day
