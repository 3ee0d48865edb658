SELECT line, 'WARN' AS level, code, nmi, nmi_suffix, day, last_day, field, message, excerpt
FROM meter_warnings WHERE file_id = %(file_id)s ORDER BY line, code LIMIT %(most)s
