-- The drops whose wait for another attempt is over.
SELECT drop_id, claim, uri, size, mtime_ns, identity, profile, claimed_at, attempt, sha256,
    kept_at, outcome IS NOT NULL AND outcome <> 'failed' AND settled_at IS NULL AS recorded,
    judge_as IS NOT NULL AS again
FROM meter_drops WHERE state = 'waiting' AND not_before <= now()
ORDER BY drop_id
