-- When a drop of the landing folder was last taken; null before the first one.
SELECT max(claimed_at) AS at FROM meter_drops WHERE starts_with(uri, %(landing)s)
