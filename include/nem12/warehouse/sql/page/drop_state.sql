SELECT drop_id, state FROM meter_drops WHERE drop_id = %(drop_id)s
