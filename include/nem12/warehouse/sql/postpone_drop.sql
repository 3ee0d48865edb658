-- As release_drops, for a drop that waits and cannot be settled.
UPDATE meter_drops
SET state = CASE WHEN attempt + 1 >= %(attempts)s THEN 'failed' ELSE 'waiting' END,
    attempt = attempt + 1,
    not_before = now() + %(wait)s * interval '1 second' * 2 ^ attempt,
    message = %(message)s
WHERE drop_id = %(drop_id)s AND claim = %(claim)s AND state = 'waiting'
