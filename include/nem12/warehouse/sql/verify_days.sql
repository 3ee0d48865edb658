-- Days whose version in force is not the highest one, that lack a version, or are missing.
SELECT coalesce(d.nmi, v.nmi) AS nmi, coalesce(d.nmi_suffix, v.nmi_suffix) AS nmi_suffix,
    coalesce(d.day, v.day) AS day, d.file_id AS in_force_file, d.line AS in_force_line,
    v.file_id AS highest_file, v.line AS highest_line
FROM meter_days d
FULL JOIN meter_highest_versions v USING (nmi, nmi_suffix, day)
WHERE (d.file_id, d.line) IS DISTINCT FROM (v.file_id, v.line)
LIMIT 1
