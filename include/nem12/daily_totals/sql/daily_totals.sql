-- meter_daily_totals, brought up to date with what has changed.

-- name: remove_spans
-- Of what has changed as a whole (all, a month, an NMI), the days that nothing delivers any more.
DELETE FROM meter_daily_totals t
USING unnest(%(nmis)s::text[], %(suffixes)s::text[], %(days)s::date[]) AS c (nmi, nmi_suffix, day)
WHERE (c.nmi IS NULL OR t.nmi = c.nmi)
    AND (c.nmi_suffix IS NULL OR t.nmi_suffix = c.nmi_suffix)
    AND (c.day IS NULL OR t.day >= c.day AND t.day < c.day + interval '1 month')
    AND NOT EXISTS (
        SELECT FROM meter_days d
        WHERE d.nmi = t.nmi AND d.nmi_suffix = t.nmi_suffix AND d.day = t.day)
RETURNING t.day

-- name: remove_days
-- Of the days that have changed, those that nothing delivers any more.
DELETE FROM meter_daily_totals t
USING unnest(%(nmis)s::text[], %(suffixes)s::text[], %(days)s::date[]) AS c (nmi, nmi_suffix, day)
WHERE t.nmi = c.nmi AND t.nmi_suffix = c.nmi_suffix AND t.day = c.day
    AND NOT EXISTS (
        SELECT FROM meter_days d
        WHERE d.nmi = t.nmi AND d.nmi_suffix = t.nmi_suffix AND d.day = t.day)
RETURNING t.day

-- name: sum_days
-- Sum up the versions in force of the days that have changed, each looked up by its key.
INSERT INTO meter_daily_totals (nmi, nmi_suffix, day, uom, total_consumption, average_consumption,
    minimum_consumption, maximum_consumption, readings, estimated_share, file_id, line)
SELECT v.nmi, v.nmi_suffix, v.day, v.uom,
    CASE WHEN meter_adds_up(v.uom) THEN r.total END,
    round(r.average, 6), r.minimum, r.maximum, r.readings,
    round(r.estimated::numeric / r.readings, 4), v.file_id, v.line
FROM unnest(%(nmis)s::text[], %(suffixes)s::text[], %(days)s::date[]) AS c (nmi, nmi_suffix, day)
CROSS JOIN LATERAL (
    SELECT v FROM meter_days d
    JOIN meter_day_versions v USING (nmi, nmi_suffix, day, file_id, line)
    WHERE d.nmi = c.nmi AND d.nmi_suffix = c.nmi_suffix AND d.day = c.day
    LIMIT 1
) AS in_force
CROSS JOIN LATERAL (SELECT (in_force.v).*) AS v
CROSS JOIN LATERAL (
    SELECT sum(consumption) AS total, avg(consumption) AS average, min(consumption) AS minimum,
        max(consumption) AS maximum, count(*) AS readings,
        count(*) FILTER (WHERE meter_is_estimated(quality_method)) AS estimated
    FROM meter_version_readings(in_force.v)
) AS r
ON CONFLICT (nmi, nmi_suffix, day) DO UPDATE SET
    uom = excluded.uom, total_consumption = excluded.total_consumption,
    average_consumption = excluded.average_consumption,
    minimum_consumption = excluded.minimum_consumption,
    maximum_consumption = excluded.maximum_consumption, readings = excluded.readings,
    estimated_share = excluded.estimated_share, file_id = excluded.file_id, line = excluded.line
RETURNING day
