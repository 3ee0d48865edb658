-- The names of the files that came last.
SELECT name FROM meter_files ORDER BY seen_at DESC, file_id LIMIT %(most)s
