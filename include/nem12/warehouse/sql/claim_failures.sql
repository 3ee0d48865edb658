-- The drops that the run of a claim could not finish.
SELECT uri, state, attempt, not_before, message, count(*) OVER () AS found
FROM meter_drops
WHERE claim = %(claim)s AND state IN ('waiting', 'failed')
ORDER BY state, drop_id
LIMIT %(most)s
