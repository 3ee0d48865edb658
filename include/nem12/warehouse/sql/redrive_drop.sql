-- Claimable at once, as if it had landed now.
UPDATE meter_drops SET state = 'waiting', attempt = 0, not_before = now(), message = 'redriven'
WHERE drop_id = %(drop_id)s AND state = 'failed'
