-- By which profile the files that lie there were judged last.
SELECT DISTINCT ON (kept_at) kept_at, profile FROM meter_drops
WHERE kept_at = ANY(%(uris)s)
ORDER BY kept_at, settled_at DESC
