-- Also those whose run never got to begin: nobody else will free them.
SELECT drop_id, claim, uri, size, mtime_ns, identity, profile, claimed_at, attempt, sha256,
    kept_at, outcome IS NOT NULL AND outcome <> 'failed' AND settled_at IS NULL AS recorded,
    judge_as IS NOT NULL AS again
FROM meter_drops WHERE claim = %(claim)s AND state IN ('claimed', 'running')
ORDER BY drop_id
