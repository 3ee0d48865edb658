-- How much there is of one NMI in a span of NEM days. These read meter_readings, not meter_daily: the
-- view does not say when its maximum was, and its rounded shares of days do not make the share of a month.

-- fragment: periods
-- The months or days of the span, cut to it, and the whole span, which begins in infinity.
periods AS (
    SELECT begins, greatest(begins::date, %(first)s::date) AS first_day,
        least((begins + ('1 ' || %(by)s::text)::interval)::date - 1, %(last)s::date) AS last_day
    FROM generate_series(date_trunc(%(by)s, %(first)s::date::timestamp), %(last)s::date::timestamp,
        ('1 ' || %(by)s::text)::interval) AS begins
    UNION ALL
    SELECT 'infinity', %(first)s::date, %(last)s::date
)

-- name: nmi_days
-- The first and last day of an NMI; null where nothing is loaded.
SELECT min(day) AS first_day, max(day) AS last_day FROM meter_days WHERE nmi = %(nmi)s

-- name: totals
-- By channel, unit and period, and of the whole span. An array compares by its first element, so that
-- the greatest of [power, -time] is the first of the highest intervals.
WITH in_days AS (
    SELECT nmi_suffix, uom, meter_nem_day("timestamp") AS day,
        sum(consumption) AS total, count(*) AS readings,
        count(*) FILTER (WHERE meter_is_estimated(quality_method)) AS estimated,
        max(ARRAY[
            CASE WHEN uom = ANY(%(energy)s::text[]) THEN consumption * 60 / interval_minutes
                 WHEN uom = ANY(%(power)s::text[]) THEN consumption END,
            -extract(epoch FROM "timestamp")]) AS highest
    FROM meter_readings
    WHERE nmi = %(nmi)s AND (%(suffix)s::text IS NULL OR nmi_suffix = %(suffix)s)
        AND "timestamp" >= meter_midnight(%(first)s)
        AND "timestamp" < meter_midnight(%(last)s::date + 1)
    GROUP BY 1, 2, 3
), in_periods AS (
    SELECT nmi_suffix, uom, coalesce(date_trunc(%(by)s, day::timestamp), 'infinity') AS begins,
        sum(total) AS total, sum(readings) AS readings, sum(estimated) AS estimated,
        count(*) AS days, max(highest) AS highest
    FROM in_days
    GROUP BY GROUPING SETS (
        (nmi_suffix, uom, date_trunc(%(by)s, day::timestamp)), (nmi_suffix, uom))
),
    -- include: periods
SELECT p.begins = 'infinity' AS whole, p.first_day, p.last_day, c.nmi_suffix, c.uom,
    CASE WHEN c.uom = ANY(%(energy)s::text[]) THEN t.total END AS total,
    coalesce(t.days, 0) AS days,
    -- A day has one unit.
    (p.last_day - p.first_day + 1 - coalesce(
        sum(t.days) OVER (PARTITION BY c.nmi_suffix, p.begins), 0))::integer AS missing_days,
    round(t.estimated::numeric / t.readings, 4) AS estimated_share,
    trim_scale(t.highest[1]) AS maximum_demand,
    CASE WHEN t.highest[1] IS NOT NULL THEN to_timestamp(-t.highest[2]::float8) END
        AS maximum_demand_at
FROM (SELECT DISTINCT nmi_suffix, uom FROM in_days) AS c
CROSS JOIN periods AS p
LEFT JOIN in_periods AS t USING (nmi_suffix, uom, begins)
ORDER BY c.nmi_suffix, c.uom, p.begins

-- name: net_totals
-- The same for all channels together, by unit: what leaves the grid, what enters it, and the difference.
-- A day on which one of the channels has no readings counts as missing. The demand is what leaves the grid
-- through all channels at once; it is null if their interval lengths differ.
WITH at_once AS (
    SELECT uom, "timestamp",
        coalesce(sum(consumption) FILTER (WHERE left(nmi_suffix, 1) = ANY(%(export)s::text[])), 0)
            AS exported,
        coalesce(sum(consumption) FILTER (WHERE left(nmi_suffix, 1) = ANY(%(import)s::text[])), 0)
            AS imported,
        count(*) AS readings, count(*) FILTER (WHERE meter_is_estimated(quality_method)) AS estimated,
        min(interval_minutes) AS shortest, max(interval_minutes) AS longest
    FROM meter_readings
    WHERE nmi = %(nmi)s AND uom = ANY(%(energy)s::text[])
        AND left(nmi_suffix, 1) = ANY(%(export)s::text[] || %(import)s::text[])
        AND "timestamp" >= meter_midnight(%(first)s)
        AND "timestamp" < meter_midnight(%(last)s::date + 1)
    GROUP BY 1, 2
), channel_days AS (
    SELECT uom, nmi_suffix, day FROM meter_days
    WHERE nmi = %(nmi)s AND uom = ANY(%(energy)s::text[]) AND file_id IS NOT NULL
        AND left(nmi_suffix, 1) = ANY(%(export)s::text[] || %(import)s::text[])
        AND day BETWEEN %(first)s::date AND %(last)s::date
), whole_days AS (
    SELECT uom, day,
        count(*) = (SELECT count(DISTINCT c.nmi_suffix) FROM channel_days c WHERE c.uom = d.uom)
            AS is_whole
    FROM channel_days d
    GROUP BY uom, day
), in_days AS (
    SELECT uom, meter_nem_day("timestamp") AS day,
        sum(exported) AS exported, sum(imported) AS imported, sum(readings) AS readings,
        sum(estimated) AS estimated, min(shortest) AS shortest, max(longest) AS longest,
        max(ARRAY[exported * 60 / longest, -extract(epoch FROM "timestamp")]) AS highest
    FROM at_once
    GROUP BY 1, 2
), in_periods AS (
    SELECT uom, coalesce(date_trunc(%(by)s, day::timestamp), 'infinity') AS begins,
        sum(exported) AS exported, sum(imported) AS imported, sum(readings) AS readings,
        sum(estimated) AS estimated, count(*) FILTER (WHERE is_whole) AS days,
        CASE WHEN bool_and(shortest = longest) THEN max(highest) END AS highest
    FROM in_days LEFT JOIN whole_days USING (uom, day)
    GROUP BY GROUPING SETS ((uom, date_trunc(%(by)s, day::timestamp)), (uom))
),
    -- include: periods
SELECT p.begins = 'infinity' AS whole, p.first_day, p.last_day, u.uom, t.exported, t.imported,
    t.exported - t.imported AS net, coalesce(t.days, 0) AS days,
    (p.last_day - p.first_day + 1 - coalesce(t.days, 0))::integer AS missing_days,
    round(t.estimated / t.readings, 4) AS estimated_share,
    trim_scale(t.highest[1]) AS maximum_demand,
    CASE WHEN t.highest[1] IS NOT NULL THEN to_timestamp(-t.highest[2]::float8) END
        AS maximum_demand_at
FROM (SELECT DISTINCT uom FROM at_once) AS u
CROSS JOIN periods AS p
LEFT JOIN in_periods AS t USING (uom, begins)
ORDER BY u.uom, p.begins
