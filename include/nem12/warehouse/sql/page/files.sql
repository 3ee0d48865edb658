-- Files of these statuses, the newest first; one range of the index for each status.
SELECT f.file_id, sha256, name, size, status, profile, seen_at, records, refused_records,
    readings, refused_readings, days, first_day, last_day
FROM unnest(%(statuses)s::text[]) AS wanted
CROSS JOIN LATERAL (
    SELECT * FROM meter_files
    WHERE status = wanted AND (seen_at, file_id) < (%(seen_at)s::timestamptz, %(file_id)s)
    ORDER BY seen_at DESC, file_id DESC LIMIT %(most)s
) f
ORDER BY seen_at DESC, file_id DESC LIMIT %(most)s
