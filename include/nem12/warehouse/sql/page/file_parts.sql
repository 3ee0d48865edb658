-- The parts of a file with the batches that applied them, in the order of the file.
SELECT p.part, p.parts, p.byte_start, p.byte_end, p.first_line, p.last_line, p.records,
    p.refused_records, p.readings, p.refused_readings, p.days, b.batch_id, b.staged_name,
    b.applied_at, b.applied_by
FROM meter_batch_parts p JOIN meter_batches b USING (batch_id)
WHERE p.file_id = %(file_id)s
    AND (p.parts, p.byte_start, p.byte_end) > (%(parts)s, %(byte_start)s, %(byte_end)s)
ORDER BY p.parts, p.byte_start, p.byte_end LIMIT %(most)s
