SELECT line, level, code, message, excerpt, first_line, last_line, count(*) OVER () AS found
FROM meter_rejects WHERE file_id = %(file_id)s ORDER BY line, code LIMIT %(most)s
