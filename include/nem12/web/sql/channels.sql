-- NMIs and their channels, down to a reading.

-- name: nmis
-- The NMIs that begin with a prefix, by one probe of the key each: the days between are not read.
WITH RECURSIVE found AS (
    (SELECT nmi, 1 AS number FROM meter_days
     WHERE nmi > %(after)s AND nmi >= %(prefix)s ORDER BY nmi LIMIT 1)
    UNION ALL
    SELECT next.nmi, found.number + 1
    FROM found CROSS JOIN LATERAL (
        SELECT nmi FROM meter_days WHERE nmi > found.nmi ORDER BY nmi LIMIT 1
    ) next
    WHERE found.number < %(most)s AND left(next.nmi, length(%(prefix)s::text)) = %(prefix)s
)
SELECT nmi FROM found WHERE left(nmi, length(%(prefix)s::text)) = %(prefix)s ORDER BY nmi

-- name: channels
-- The channels of an NMI, one probe of the key each, with their first and their newest day.
WITH RECURSIVE found AS (
    (SELECT nmi_suffix FROM meter_days WHERE nmi = %(nmi)s ORDER BY nmi_suffix LIMIT 1)
    UNION ALL
    SELECT next.nmi_suffix
    FROM found CROSS JOIN LATERAL (
        SELECT nmi_suffix FROM meter_days
        WHERE nmi = %(nmi)s AND nmi_suffix > found.nmi_suffix ORDER BY nmi_suffix LIMIT 1
    ) next
)
SELECT found.nmi_suffix, first.day AS first_day, newest.day AS last_day, newest.uom,
    newest.interval_minutes, newest.meter_serial_number, newest.register_id
FROM found
CROSS JOIN LATERAL (
    SELECT day FROM meter_days WHERE nmi = %(nmi)s AND nmi_suffix = found.nmi_suffix
    ORDER BY day LIMIT 1
) first
CROSS JOIN LATERAL (
    SELECT day, uom, interval_minutes, meter_serial_number, register_id FROM meter_days
    WHERE nmi = %(nmi)s AND nmi_suffix = found.nmi_suffix
    ORDER BY day DESC LIMIT 1
) newest
ORDER BY found.nmi_suffix

-- name: channel_meters
-- The meters, registers, units and interval lengths that a channel has had.
SELECT meter_serial_number, register_id, uom, interval_minutes, min(day) AS first_day,
    max(day) AS last_day, count(*) AS days
FROM meter_days
WHERE nmi = %(nmi)s AND nmi_suffix = %(nmi_suffix)s
GROUP BY meter_serial_number, register_id, uom, interval_minutes
ORDER BY first_day, last_day LIMIT %(most)s

-- name: channel_days
-- As the view meter_daily, for one channel and a span of days, with the number of intervals of each quality
-- flag.
SELECT day, uom,
    CASE WHEN meter_adds_up(uom) THEN sum(total) END AS total_consumption,
    round(sum(total) / sum(intervals), 6) AS average_consumption,
    min(minimum) AS minimum_consumption,
    max(maximum) AS maximum_consumption,
    sum(intervals)::bigint AS readings,
    jsonb_object_agg(flag, intervals) AS flags
FROM (
    SELECT meter_nem_day("timestamp") AS day, uom, left(quality_method, 1) AS flag,
        sum(consumption) AS total, min(consumption) AS minimum, max(consumption) AS maximum,
        count(*) AS intervals
    FROM meter_readings
    WHERE nmi = %(nmi)s AND nmi_suffix = %(nmi_suffix)s
        AND "timestamp" >= meter_midnight(%(first)s)
        AND "timestamp" < meter_midnight(%(last)s::date + 1)
    GROUP BY 1, 2, 3
) AS by_flag
GROUP BY day, uom
ORDER BY day, uom

-- name: channel_readings
-- Readings of a channel, each with the file and line that it comes from.
SELECT r."timestamp", r.interval_minutes, r.consumption, r.uom, r.quality_method,
    f.sha256, f.name AS file, d.line
FROM meter_readings r
LEFT JOIN meter_days d ON d.nmi = %(nmi)s AND d.nmi_suffix = %(nmi_suffix)s
    AND d.day = meter_nem_day(r."timestamp")
LEFT JOIN meter_files f USING (file_id)
WHERE r.nmi = %(nmi)s AND r.nmi_suffix = %(nmi_suffix)s
    AND r."timestamp" >= meter_midnight(%(first)s)
    AND r."timestamp" < meter_midnight(%(last)s::date + 1)
    AND r."timestamp" > %(after)s::timestamptz
ORDER BY r."timestamp" LIMIT %(most)s

-- name: day_versions
-- The highest versions of a day, the one that wins first.
SELECT v.file_id, v.line, v.last_line, f.sha256, f.name AS file, f.seen_at,
    coalesce(v.update_date_time, f.delivered_at) AS update_date_time, v.update_rank, f.delivered_at,
    v.msats_load_date_time, v.header_date_time, v.interval_minutes, v.uom, v.quality_method,
    v.reason_code, v.reason_description, v.meter_serial_number, v.register_id,
    (d.file_id, d.line) = (v.file_id, v.line) AS in_force,
    (SELECT array_agg(r.consumption ORDER BY r."timestamp") FROM meter_version_readings(v) r)
        AS consumption,
    (SELECT array_agg(r.quality_method ORDER BY r."timestamp") FROM meter_version_readings(v) r)
        AS qualities
FROM meter_day_versions v
LEFT JOIN meter_days d USING (nmi, nmi_suffix, day)
LEFT JOIN meter_files f ON f.file_id = v.file_id
WHERE v.nmi = %(nmi)s AND v.nmi_suffix = %(nmi_suffix)s AND v.day = %(day)s
ORDER BY meter_precedence(v) DESC
LIMIT %(most)s

-- name: refused_channels
-- The suffixes of an NMI that have refusals, by one probe each.
WITH RECURSIVE by_itself AS (
    (SELECT nmi_suffix FROM meter_refusals WHERE nmi = %(nmi)s AND nmi_suffix IS NOT NULL
     ORDER BY nmi_suffix LIMIT 1)
    UNION ALL
    SELECT (SELECT r.nmi_suffix FROM meter_refusals r
            WHERE r.nmi = %(nmi)s AND r.nmi_suffix > by_itself.nmi_suffix
            ORDER BY r.nmi_suffix LIMIT 1)
    FROM by_itself WHERE by_itself.nmi_suffix IS NOT NULL
), with_its_file AS (
    (SELECT nmi_suffix FROM meter_refused_days WHERE nmi = %(nmi)s
     ORDER BY nmi_suffix LIMIT 1)
    UNION ALL
    SELECT (SELECT r.nmi_suffix FROM meter_refused_days r
            WHERE r.nmi = %(nmi)s AND r.nmi_suffix > with_its_file.nmi_suffix
            ORDER BY r.nmi_suffix LIMIT 1)
    FROM with_its_file WHERE with_its_file.nmi_suffix IS NOT NULL
)
SELECT nmi_suffix FROM by_itself WHERE nmi_suffix IS NOT NULL
UNION
SELECT nmi_suffix FROM with_its_file WHERE nmi_suffix IS NOT NULL
ORDER BY nmi_suffix
