-- What lands, and what became of it.

-- name: arrivals
-- For how long drops whose content does not show its end have not changed: those that were recorded in this
-- state, by their place in the list, from 1. A time in the future is from before the clock was set back:
-- that record does not count.
SELECT found.place,
    extract(epoch FROM coalesce(%(now)s::timestamptz, clock_timestamp()) - a.seen_at)::float8 AS seconds
FROM unnest(%(uris)s::text[], %(sizes)s::bigint[], %(mtimes)s::bigint[], %(identities)s::text[])
    WITH ORDINALITY AS found (uri, size, mtime_ns, identity, place)
JOIN meter_arrivals a USING (uri, size, mtime_ns, identity)
WHERE a.seen_at <= coalesce(%(now)s::timestamptz, clock_timestamp())

-- name: note_arrivals
-- A drop that has changed since it was recorded begins anew. If two sessions record it, the first one counts,
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

-- name: forget_arrivals
DELETE FROM meter_arrivals WHERE seen_at < now() - %(days)s * interval '1 day'

-- name: last_landed
-- When a drop of the landing folder was last claimed; null before the first one.
SELECT max(claimed_at) AS at FROM meter_drops WHERE starts_with(uri, %(landing)s)

-- name: drops_since
-- The drops of these names since an instant, each with its files.
SELECT d.uri, d.state, d.outcome, d.message, d.kept_at, m.member, m.outcome AS file_outcome,
    f.file_id, f.name, f.readings - f.refused_readings AS readings, f.days, f.refused_records
FROM meter_drops d
LEFT JOIN meter_drop_files m USING (drop_id)
LEFT JOIN meter_files f USING (file_id)
WHERE d.uri = ANY(%(uris)s) AND d.claimed_at >= %(since)s
ORDER BY d.uri, m.member
