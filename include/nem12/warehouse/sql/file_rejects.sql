SELECT line, level, code, nmi, nmi_suffix, day, last_day, field, message, excerpt, first_line,
    last_line, count(*) OVER () AS found
FROM meter_rejects WHERE file_id = %(file_id)s ORDER BY line, code LIMIT %(most)s
