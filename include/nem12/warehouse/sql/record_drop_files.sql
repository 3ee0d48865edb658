INSERT INTO meter_drop_files (drop_id, member, file_id, outcome)
SELECT * FROM unnest(%(drop_ids)s::bigint[], %(members)s::text[], %(file_ids)s::bigint[],
    %(outcomes)s::text[])
ON CONFLICT (drop_id, member) DO UPDATE SET file_id = excluded.file_id, outcome = excluded.outcome
