SELECT r.*, days_in_force, in_force_file, in_force_sha256, in_force_line, in_force_at
FROM (
    SELECT line, level, code, nmi, nmi_suffix, day, last_day, field, message, excerpt, first_line,
        last_line, count(*) OVER () AS found
    FROM meter_rejects WHERE file_id = %(file_id)s ORDER BY line, code LIMIT %(most)s
) r
CROSS JOIN LATERAL meter_in_force(nmi, nmi_suffix, day, last_day)
ORDER BY line, code
