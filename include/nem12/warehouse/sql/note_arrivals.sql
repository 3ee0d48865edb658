-- A drop in another state than it was noted in begins anew; of two who note it the first counts,
-- unless the clock was set back since.
INSERT INTO meter_arrivals AS a (uri, size, mtime_ns, identity, seen_at)
SELECT uri, size, mtime_ns, identity, coalesce(%(now)s::timestamptz, clock_timestamp())
FROM unnest(%(uris)s::text[], %(sizes)s::bigint[], %(mtimes)s::bigint[], %(identities)s::text[])
    AS found (uri, size, mtime_ns, identity)
ORDER BY uri
ON CONFLICT (uri) DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns,
    identity = excluded.identity, seen_at = excluded.seen_at
WHERE (a.size, a.mtime_ns, a.identity) <> (excluded.size, excluded.mtime_ns, excluded.identity)
    OR a.seen_at > excluded.seen_at
