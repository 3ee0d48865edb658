-- Each statement gives one row that breaks a promise of the tables, or no row.

-- name: verify_days
-- Days whose version in force is not the highest one, that lack a version, or are missing; of the NMIs
-- behind one until another.
SELECT coalesce(d.nmi, v.nmi) AS nmi, coalesce(d.nmi_suffix, v.nmi_suffix) AS nmi_suffix,
    coalesce(d.day, v.day) AS day, d.file_id AS in_force_file, d.line AS in_force_line,
    v.file_id AS highest_file, v.line AS highest_line
FROM (
    SELECT * FROM meter_days WHERE nmi > %(after)s AND (%(last)s::text IS NULL OR nmi <= %(last)s)
) AS d
FULL JOIN (
    SELECT * FROM meter_highest_versions
    WHERE nmi > %(after)s AND (%(last)s::text IS NULL OR nmi <= %(last)s)
) AS v USING (nmi, nmi_suffix, day)
WHERE (d.file_id, d.line) IS DISTINCT FROM (v.file_id, v.line)
LIMIT 1

-- name: verify_contradictions
-- Days whose column `contradicted` is wrong.
SELECT d.nmi, d.nmi_suffix, d.day, d.contradicted
FROM meter_days d
LEFT JOIN (
    SELECT DISTINCT v.nmi, v.nmi_suffix, v.day
    FROM meter_day_versions o
    JOIN meter_day_versions v USING (nmi, nmi_suffix, day)
    JOIN meter_days d ON d.file_id = v.file_id AND d.line = v.line AND d.day = v.day
    WHERE meter_contradicts(o, v)
        AND o.nmi > %(after)s AND (%(last)s::text IS NULL OR o.nmi <= %(last)s)
        AND v.nmi > %(after)s AND (%(last)s::text IS NULL OR v.nmi <= %(last)s)
        AND d.nmi > %(after)s AND (%(last)s::text IS NULL OR d.nmi <= %(last)s)
) AS c USING (nmi, nmi_suffix, day)
WHERE d.contradicted <> (c.nmi IS NOT NULL)
    AND d.nmi > %(after)s AND (%(last)s::text IS NULL OR d.nmi <= %(last)s)
LIMIT 1

-- name: verify_shares
-- The last NMI of each share of about so many readings in force, in order; no NMI is cut. The row of a day
-- takes the room of some 20 readings: days may hold one each.
SELECT max(nmi) AS last_nmi
FROM (
    SELECT nmi, div(sum(sum(20 + 1440 / coalesce(interval_minutes, 5))) OVER (ORDER BY nmi),
            %(readings)s::bigint) AS share
    FROM meter_days GROUP BY nmi
) AS nmis
GROUP BY share
ORDER BY share

-- fragment: expected
-- What the versions in force give, of the NMIs behind one until another.
SELECT * FROM meter_expected_readings
WHERE nmi > %(after)s AND (%(last)s::text IS NULL OR nmi <= %(last)s)

-- fragment: held
-- What the table has of them.
SELECT nmi, nmi_suffix, "timestamp", interval_minutes, consumption, uom, quality_method
FROM meter_readings
WHERE nmi > %(after)s AND (%(last)s::text IS NULL OR nmi <= %(last)s)

-- name: verify_missing_readings
-- Readings that the versions in force give and the table has not.
SELECT * FROM (
    -- include: expected
    EXCEPT ALL
    -- include: held
) AS missing LIMIT 1

-- name: verify_surplus_readings
-- Readings of the table that no version in force gives.
SELECT * FROM (
    -- include: held
    EXCEPT ALL
    -- include: expected
) AS surplus LIMIT 1

-- name: verify_ids
-- Readings whose id is not made of their NMI, suffix and timestamp. What the ids of a day share is made
-- once a day, and each day is looked up by the key: nothing is sorted. Readings of no day are surplus.
SELECT r.nmi, r.nmi_suffix, r."timestamp", r.id
FROM (
    SELECT nmi, nmi_suffix, meter_midnight(day) AS start,
        meter_id_prefix(nmi, nmi_suffix, day) AS prefix
    FROM meter_days
    OFFSET 0
) AS d
CROSS JOIN LATERAL (
    SELECT * FROM meter_readings r
    WHERE r.nmi = d.nmi AND r.nmi_suffix = d.nmi_suffix
        AND r."timestamp" >= d.start AND r."timestamp" < d.start + interval '24 hours'
    OFFSET 0
) AS r
WHERE r.id <> (d.prefix
    || lpad(to_hex((extract(epoch FROM r."timestamp" - d.start) / 60)::integer), 4, '0'))::uuid
LIMIT 1

-- name: verify_files
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

-- name: verify_orphans
-- Day versions of files that the ledger does not know.
SELECT v.file_id, v.line, v.nmi, v.nmi_suffix, v.day
FROM meter_day_versions v LEFT JOIN meter_files f USING (file_id)
WHERE f.file_id IS NULL
LIMIT 1
