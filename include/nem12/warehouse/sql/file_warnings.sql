SELECT line, code, message, excerpt FROM meter_warnings
WHERE file_id = %(file_id)s ORDER BY line, code LIMIT %(most)s
