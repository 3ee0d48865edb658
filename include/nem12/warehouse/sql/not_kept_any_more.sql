UPDATE meter_drops SET kept_at = NULL, message = %(message)s WHERE kept_at = %(kept_at)s
