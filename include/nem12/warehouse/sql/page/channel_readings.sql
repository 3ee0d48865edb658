-- Readings of a channel, each with the file and line that it comes from.
SELECT r."timestamp", r.interval_minutes, r.consumption, r.uom, r.quality_method,
    f.sha256, f.name AS file, d.line
FROM meter_readings r
LEFT JOIN meter_days d ON d.nmi = %(nmi)s AND d.nmi_suffix = %(nmi_suffix)s
    AND d.day = (r."timestamp" AT TIME ZONE 'Australia/Brisbane')::date
LEFT JOIN meter_files f USING (file_id)
WHERE r.nmi = %(nmi)s AND r.nmi_suffix = %(nmi_suffix)s
    AND r."timestamp" >= %(first)s::timestamp AT TIME ZONE 'Australia/Brisbane'
    AND r."timestamp" < (%(last)s::date + 1)::timestamp AT TIME ZONE 'Australia/Brisbane'
    AND r."timestamp" > %(after)s::timestamptz
ORDER BY r."timestamp" LIMIT %(most)s
