-- Claimable at once, as if it had landed now, to be judged by this profile.
INSERT INTO meter_drops AS d
    (uri, size, mtime_ns, identity, profile, state, claim, attempt, message, judge_as)
VALUES (%(uri)s, %(size)s, %(mtime_ns)s, %(identity)s, %(profile)s, 'waiting', 'redriven', 0,
    'redriven', %(profile)s)
ON CONFLICT (uri, size, mtime_ns, identity) DO UPDATE
SET state = 'waiting', attempt = 0, not_before = now(), profile = excluded.profile,
    message = 'redriven', judge_as = excluded.judge_as
WHERE d.state IN ('settled', 'failed', 'waiting')
