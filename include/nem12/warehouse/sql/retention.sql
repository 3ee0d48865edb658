-- What is kept: months, and NMIs that are purged.

-- name: months
-- Months of readings, oldest first.
SELECT month, attached, readings, bytes FROM meter_months ORDER BY month

-- name: create_months
-- This month of NEM time and so many after it.
SELECT meter_ensure_months(ARRAY(
    SELECT (date_trunc('month', meter_nem_day(now())::timestamp)
        + n * interval '1 month')::date
    FROM generate_series(0, %(ahead)s) AS n)) AS made

-- name: remove_months
SELECT meter_remove_months(%(first_day)s, %(keep_tables)s) AS day_versions

-- name: first_day_kept
SELECT first_day FROM meter_kept_from WHERE nmi = ''

-- name: purge_nmi
-- Without a first day: everything there is, and later deliveries of days up to today.
SELECT p.*, until.first_day
FROM (SELECT coalesce(%(first_day)s::date, greatest(
        meter_nem_day(now()),
        (SELECT max(day) FROM meter_day_versions WHERE nmi = %(nmi)s)) + 1) AS first_day) AS until
CROSS JOIN LATERAL meter_purge_nmi(%(nmi)s, until.first_day) AS p

-- name: names_naming
-- Names of files and places in the ledger that contain an NMI.
SELECT name FROM meter_files WHERE strpos(name, %(nmi)s) > 0
UNION
SELECT member FROM meter_drop_files WHERE strpos(member, %(nmi)s) > 0
UNION
SELECT coalesce(kept_at, uri) FROM meter_drops
WHERE strpos(uri, %(nmi)s) > 0 OR strpos(kept_at, %(nmi)s) > 0
UNION
SELECT name FROM meter_acts WHERE strpos(name, %(nmi)s) > 0
ORDER BY name
