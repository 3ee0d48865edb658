-- What became of these drops and where they are about to lie; not settled in this life of theirs.
UPDATE meter_drops d
SET outcome = done.outcome, sha256 = done.sha256, kept_at = done.kept_at, settled_at = NULL
FROM unnest(%(drop_ids)s::bigint[], %(outcomes)s::text[], %(hashes)s::text[], %(places)s::text[])
    AS done (drop_id, outcome, sha256, kept_at)
WHERE d.drop_id = done.drop_id AND d.claim = %(claim)s AND d.state IN ('claimed', 'running')
