-- A refused file comes again under another profile or reader: its refusal says nothing any more.
DELETE FROM meter_files f
WHERE file_id = %(file_id)s AND status = 'refused'
    AND NOT EXISTS (SELECT FROM meter_drop_files d WHERE d.file_id = f.file_id)
