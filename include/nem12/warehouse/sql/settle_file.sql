SELECT meter_settle_file(%(file_id)s)
