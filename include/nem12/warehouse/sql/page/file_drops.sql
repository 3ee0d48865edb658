-- The drops that brought a file, the newest first.
SELECT d.drop_id, m.member, m.outcome, d.sha256, d.uri, d.kept_at, d.run,
    d.state, d.claimed_at, d.settled_at
FROM meter_drop_files m JOIN meter_drops d USING (drop_id)
WHERE m.file_id = %(file_id)s
ORDER BY d.drop_id DESC, m.member LIMIT %(most)s
