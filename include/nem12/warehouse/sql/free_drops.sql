-- Which of the drops found may be claimed: their places in the list, from 1.
SELECT found.place
FROM unnest(%(uris)s::text[], %(sizes)s::bigint[], %(mtimes)s::bigint[], %(identities)s::text[])
    WITH ORDINALITY AS found (uri, size, mtime_ns, identity, place)
LEFT JOIN meter_drops d USING (uri, size, mtime_ns, identity)
WHERE d.drop_id IS NULL OR (d.state = 'settled' AND %(settled_too)s)
    OR (d.state = 'waiting' AND d.not_before <= now())
