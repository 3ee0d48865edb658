SELECT nmi, count(*) OVER () AS found
FROM (SELECT DISTINCT nmi FROM meter_day_versions WHERE file_id = ANY(%(file_ids)s)) AS delivered
ORDER BY nmi LIMIT %(most)s
