SELECT drop_id, uri, claimed_at, attempt
FROM meter_drops WHERE claim = %(claim)s AND state = 'running'
ORDER BY drop_id
