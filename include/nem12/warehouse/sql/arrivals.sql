-- For how long drops that do not say that they end have stood still: those that were noted in this
-- state, by their places in the list, from 1. What was noted in the future was noted before the clock
-- was set back: it counts as not noted.
SELECT found.place,
    extract(epoch FROM coalesce(%(now)s::timestamptz, clock_timestamp()) - a.seen_at)::float8 AS seconds
FROM unnest(%(uris)s::text[], %(sizes)s::bigint[], %(mtimes)s::bigint[], %(identities)s::text[])
    WITH ORDINALITY AS found (uri, size, mtime_ns, identity, place)
JOIN meter_arrivals a USING (uri, size, mtime_ns, identity)
WHERE a.seen_at <= coalesce(%(now)s::timestamptz, clock_timestamp())
