SELECT meter_withdraw_file(%(file_id)s, why => %(why)s)
