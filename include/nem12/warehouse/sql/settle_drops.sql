UPDATE meter_drops d
SET state = 'settled', outcome = done.outcome, sha256 = done.sha256, kept_at = done.kept_at,
    message = done.message, settled_at = now(), judge_as = NULL
FROM unnest(%(drop_ids)s::bigint[], %(outcomes)s::text[], %(hashes)s::text[], %(places)s::text[],
    %(messages)s::text[]) AS done (drop_id, outcome, sha256, kept_at, message)
WHERE d.drop_id = done.drop_id AND d.claim = %(claim)s
