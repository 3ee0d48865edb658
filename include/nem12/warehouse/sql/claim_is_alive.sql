UPDATE meter_drops SET checked_at = now()
WHERE claim = %(claim)s AND state IN ('claimed', 'running')
