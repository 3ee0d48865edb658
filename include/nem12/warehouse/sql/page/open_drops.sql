-- How many drops are not settled, by state. The partial index holds only these.
SELECT state, count(*) AS drops, min(claimed_at) AS since
FROM meter_drops WHERE state IN ('claimed', 'running', 'waiting', 'failed')
GROUP BY state
