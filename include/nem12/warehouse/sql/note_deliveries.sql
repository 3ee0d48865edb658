SELECT meter_note_deliveries(%(file_ids)s::bigint[], %(times)s::timestamptz[]) AS days
