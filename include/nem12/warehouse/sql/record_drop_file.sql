INSERT INTO meter_drop_files (drop_id, member, file_id, outcome)
VALUES (%(drop_id)s, %(member)s, %(file_id)s, %(outcome)s)
ON CONFLICT (drop_id, member) DO UPDATE SET file_id = excluded.file_id, outcome = excluded.outcome
