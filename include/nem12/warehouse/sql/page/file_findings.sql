-- Refusals and warnings of a file in the order of its lines; the keys of both are in that order.
SELECT found.*, days_in_force, in_force_file, in_force_sha256, in_force_line, in_force_at
FROM (
    (SELECT line, level, code, nmi, nmi_suffix, day, last_day, field, message, excerpt, first_line,
        last_line
     FROM meter_rejects
     WHERE file_id = %(file_id)s AND (line, code) >= (%(line)s, %(code)s)
        AND (line, code, level) > (%(line)s, %(code)s, %(level)s)
     ORDER BY line, code LIMIT %(most)s)
    UNION ALL
    (SELECT line, 'WARN', code, nmi, nmi_suffix, day, last_day, field, message, excerpt, line, line
     FROM meter_warnings
     WHERE file_id = %(file_id)s AND (line, code) >= (%(line)s, %(code)s)
        AND (line, code, 'WARN') > (%(line)s, %(code)s, %(level)s)
     ORDER BY line, code LIMIT %(most)s)
    ORDER BY line, code, level LIMIT %(most)s
) found
CROSS JOIN LATERAL meter_in_force(nmi, nmi_suffix, day, last_day)
ORDER BY line, code, level
