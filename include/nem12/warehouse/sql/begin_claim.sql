-- The run of a claim begins, or tries again. No rows: there is nothing left for it to do.
UPDATE meter_drops SET state = 'running', run = %(run)s
WHERE claim = %(claim)s AND state IN ('claimed', 'running')
RETURNING drop_id, claim, uri, size, mtime_ns, identity, profile, claimed_at, attempt, sha256,
    kept_at, outcome IS NOT NULL AND outcome <> 'failed' AND settled_at IS NULL AS recorded,
    judge_as IS NOT NULL AS again
