-- In one order everywhere: those who settle the same files do not wait for each other in a circle.
SELECT file_id, meter_settle_file(file_id) AS status
FROM (SELECT DISTINCT file_id FROM unnest(%(file_ids)s::bigint[]) AS given (file_id) ORDER BY 1) f
