-- Drops that are not settled.

-- name: drops
-- Drops that are not settled, in the order of their arrival; of all runs, or of one.
SELECT drop_id, uri, size, profile, state, attempt, claimed_at, not_before, run, message
FROM meter_drops
WHERE meter_is_open(state) AND state = ANY(%(states)s)
    AND drop_id > %(drop_id)s AND (%(run)s::text = '' OR run = %(run)s)
ORDER BY drop_id LIMIT %(most)s

-- name: drop_state
SELECT drop_id, state FROM meter_drops WHERE drop_id = %(drop_id)s
