-- meter_daily_totals, brought up to date.

-- name: remove_daily_totals
-- Days that no file delivers any more, because theirs was withdrawn.
DELETE FROM meter_daily_totals t
WHERE NOT EXISTS (
    SELECT FROM meter_days d
    WHERE d.nmi = t.nmi AND d.nmi_suffix = t.nmi_suffix AND d.day = t.day
)
RETURNING day

-- name: refresh_daily_totals
-- Sum up at most `most` days whose version in force is not the one that was summed up. Readings and the
-- version of their day change in one transaction, and a statement sees one moment.
INSERT INTO meter_daily_totals (nmi, nmi_suffix, day, uom, total_consumption, average_consumption,
    minimum_consumption, maximum_consumption, readings, estimated_share, file_id, line, settled_at)
SELECT d.nmi, d.nmi_suffix, d.day, r.uom,
    CASE WHEN meter_adds_up(r.uom) THEN r.total END,
    round(r.average, 6), r.minimum, r.maximum, r.readings,
    round(r.estimated::numeric / r.readings, 4), d.file_id, d.line, d.settled_at
FROM (
    SELECT d.nmi, d.nmi_suffix, d.day, d.file_id, d.line, f.settled_at
    FROM meter_days d
    JOIN meter_files f USING (file_id)
    LEFT JOIN meter_daily_totals t USING (nmi, nmi_suffix, day)
    WHERE (t.file_id, t.line, t.settled_at) IS DISTINCT FROM (d.file_id, d.line, f.settled_at)
    LIMIT %(most)s
) AS d
CROSS JOIN LATERAL (
    SELECT uom, sum(consumption) AS total, avg(consumption) AS average, min(consumption) AS minimum,
        max(consumption) AS maximum, count(*) AS readings,
        count(*) FILTER (WHERE meter_is_estimated(quality_method)) AS estimated
    FROM meter_readings
    WHERE nmi = d.nmi AND nmi_suffix = d.nmi_suffix
        AND "timestamp" >= meter_midnight(d.day)
        AND "timestamp" < meter_midnight(d.day + 1)
    GROUP BY uom
) AS r
ON CONFLICT (nmi, nmi_suffix, day) DO UPDATE SET
    uom = excluded.uom, total_consumption = excluded.total_consumption,
    average_consumption = excluded.average_consumption,
    minimum_consumption = excluded.minimum_consumption,
    maximum_consumption = excluded.maximum_consumption, readings = excluded.readings,
    estimated_share = excluded.estimated_share, file_id = excluded.file_id, line = excluded.line,
    settled_at = excluded.settled_at
RETURNING day
