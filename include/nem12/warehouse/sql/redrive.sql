-- Claimable at once, as if it had landed now, to be judged by this profile; it keeps its files, by
-- which it is found again before it is judged.
WITH redriven AS (
    INSERT INTO meter_drops AS d (uri, size, mtime_ns, identity, profile, state, claim, attempt,
        message, sha256, judge_as)
    VALUES (%(uri)s, %(size)s, %(mtime_ns)s, %(identity)s, %(profile)s, 'waiting', 'redriven', 0,
        'redriven', %(sha256)s, %(profile)s)
    ON CONFLICT (uri, size, mtime_ns, identity) DO UPDATE
    SET state = 'waiting', attempt = 0, not_before = now(), profile = excluded.profile,
        message = 'redriven', judge_as = excluded.judge_as
    WHERE d.state IN ('settled', 'failed', 'waiting')
    RETURNING d.drop_id
)
INSERT INTO meter_drop_files (drop_id, member, file_id, outcome)
SELECT redriven.drop_id, m.member, m.file_id, m.outcome
FROM redriven CROSS JOIN meter_drop_files m
WHERE m.drop_id = %(before)s
ON CONFLICT (drop_id, member) DO NOTHING
