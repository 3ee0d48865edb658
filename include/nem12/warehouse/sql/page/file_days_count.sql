-- How many of the first `most` days of a file are in force.
SELECT count(*) AS days, count(*) FILTER (WHERE (d.file_id, d.line) = (v.file_id, v.line)) AS in_force
FROM (
    SELECT nmi, nmi_suffix, day, file_id, line FROM meter_day_versions
    WHERE file_id = %(file_id)s ORDER BY line LIMIT %(most)s
) v
LEFT JOIN meter_days d USING (nmi, nmi_suffix, day)
