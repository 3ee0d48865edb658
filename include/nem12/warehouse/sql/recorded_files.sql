SELECT file_id, outcome FROM meter_drop_files WHERE drop_id = %(drop_id)s
