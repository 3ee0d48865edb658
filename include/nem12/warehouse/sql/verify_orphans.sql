-- Day versions of files that the ledger does not know.
SELECT v.file_id, v.line, v.nmi, v.nmi_suffix, v.day
FROM meter_day_versions v LEFT JOIN meter_files f USING (file_id)
WHERE f.file_id IS NULL
LIMIT 1
