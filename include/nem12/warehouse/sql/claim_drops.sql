-- Claim the drops that are free: new ones, those whose wait is over, and settled ones that were
-- put back. Compare and set in one statement: of two who claim a drop at once, one gets it.
INSERT INTO meter_drops AS d (uri, size, mtime_ns, identity, profile, state, claim)
SELECT uri, size, mtime_ns, identity, profile, 'claimed', %(claim)s
FROM unnest(%(uris)s::text[], %(sizes)s::bigint[], %(mtimes)s::bigint[], %(identities)s::text[],
    %(profiles)s::text[]) AS found (uri, size, mtime_ns, identity, profile)
ORDER BY uri
ON CONFLICT (uri, size, mtime_ns, identity) DO UPDATE
SET state = 'claimed', claim = excluded.claim,
    profile = CASE WHEN %(given)s THEN excluded.profile ELSE coalesce(d.judge_as, excluded.profile) END,
    claimed_at = now(), checked_at = now(), attempt = CASE d.state WHEN 'settled' THEN 1 ELSE d.attempt + 1 END
WHERE (d.state = 'settled' AND %(settled_too)s) OR (d.state = 'waiting' AND d.not_before <= now())
RETURNING d.drop_id
