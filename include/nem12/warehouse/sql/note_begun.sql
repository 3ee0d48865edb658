UPDATE meter_drops SET begun = %(file_ids)s::bigint[] WHERE drop_id = %(drop_id)s
