-- A run could not finish these drops: they are free again after a growing wait, or have failed.
-- What is recorded of them (they are loaded, but could not be moved) stays.
UPDATE meter_drops
SET state = CASE WHEN attempt >= %(attempts)s THEN 'failed' ELSE 'waiting' END,
    outcome = CASE WHEN settled_at IS NULL AND outcome <> 'failed' THEN outcome
        WHEN attempt >= %(attempts)s THEN 'failed' END,
    not_before = now() + %(wait)s * interval '1 second' * 2 ^ (attempt - 1),
    message = %(message)s
WHERE drop_id = ANY(%(drop_ids)s) AND claim = %(claim)s AND state IN ('claimed', 'running')
RETURNING state
