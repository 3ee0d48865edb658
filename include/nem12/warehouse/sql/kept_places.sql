SELECT DISTINCT d.kept_at, f.sha256
FROM meter_drop_files m JOIN meter_drops d USING (drop_id) JOIN meter_files f USING (file_id)
WHERE m.file_id = %(file_id)s AND d.kept_at IS NOT NULL
