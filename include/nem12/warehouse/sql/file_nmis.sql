SELECT DISTINCT nmi FROM meter_day_versions WHERE file_id = ANY(%(file_ids)s)
ORDER BY nmi LIMIT %(most)s
