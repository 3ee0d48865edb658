INSERT INTO meter_drop_files (drop_id, member, file_id, outcome)
SELECT given.* FROM unnest(%(drop_ids)s::bigint[], %(members)s::text[], %(file_ids)s::bigint[],
    %(outcomes)s::text[]) AS given (drop_id, member, file_id, outcome)
JOIN meter_drops d USING (drop_id)
WHERE d.claim = %(claim)s AND d.state IN ('claimed', 'running')
ON CONFLICT (drop_id, member) DO UPDATE SET file_id = excluded.file_id, outcome = excluded.outcome
