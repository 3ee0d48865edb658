-- Drops that are not settled, in the order of their arrival.
SELECT drop_id, uri, size, profile, state, attempt, claimed_at, not_before, run, message
FROM meter_drops
WHERE state IN ('claimed', 'running', 'waiting', 'failed') AND state = ANY(%(states)s)
    AND drop_id > %(drop_id)s
ORDER BY drop_id LIMIT %(most)s
