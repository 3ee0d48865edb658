SELECT uri FROM meter_drops ORDER BY drop_id DESC LIMIT 1
