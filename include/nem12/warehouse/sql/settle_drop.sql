UPDATE meter_drops
SET state = 'settled', outcome = %(outcome)s, sha256 = %(sha256)s, kept_at = %(kept_at)s,
    message = %(message)s, settled_at = now()
WHERE drop_id = %(drop_id)s AND claim = %(claim)s
