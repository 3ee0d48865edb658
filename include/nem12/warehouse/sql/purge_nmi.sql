-- By default all that is there, and what may still come of days up to today.
SELECT p.*, until.first_day
FROM (SELECT coalesce(%(first_day)s::date, greatest(
        (now() AT TIME ZONE 'Australia/Brisbane')::date,
        (SELECT max(day) FROM meter_day_versions WHERE nmi = %(nmi)s)) + 1) AS first_day) AS until
CROSS JOIN LATERAL meter_purge_nmi(%(nmi)s, until.first_day) AS p
