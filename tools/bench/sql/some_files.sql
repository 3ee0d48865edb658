-- The file with the most days, and one with refusals.
SELECT (SELECT sha256 FROM meter_files WHERE file_id > 0 ORDER BY days DESC LIMIT 1),
    (SELECT f.sha256 FROM meter_files f WHERE status = 'partial' ORDER BY seen_at LIMIT 1)
