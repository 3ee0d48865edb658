-- A drop is a file that landed. Its states, and the statements that lead from one to the next:
--
--     (new) ──claim_drops──▶ claimed ──begin_claim──▶ running ──record_drops, settle_drops──▶ settled
--                               ▲  └───────────┬─────────┘                                       │
--                   claim_drops │              │ release_drops                                   │
--                               │              ▼                                                 │
--                               └────────── waiting ◀──────────────────redrive───────────────────┘
--                                          │       ▲
--             release_drops, postpone_drop,│       │ redrive
--                              too often   ▼       │
--                                           failed
--
-- settle_moved_drop settles a drop in any state whose file is where its record says; settle_gone_drop settles
-- one whose file is gone. claim_drops also claims a settled drop that was put back into the landing folder, or
-- is to be loaded again. `nem12.states` has the states for Python.

-- name: free_drops
-- Which of the drops found may be claimed: their places in the list, from 1.
SELECT found.place
FROM unnest(%(uris)s::text[], %(sizes)s::bigint[], %(mtimes)s::bigint[], %(identities)s::text[])
    WITH ORDINALITY AS found (uri, size, mtime_ns, identity, place)
LEFT JOIN meter_drops d USING (uri, size, mtime_ns, identity)
WHERE d.drop_id IS NULL OR (d.state = 'settled' AND %(settled_too)s)
    OR (d.state = 'waiting' AND d.not_before <= now())

-- name: claim_drops
-- Claim the drops that are free: new ones, those whose wait is over, and settled ones that were
-- put back. Compare and set in one statement: if two runs claim a drop at once, one gets it.
INSERT INTO meter_drops AS d (uri, size, mtime_ns, identity, profile, state, claim)
SELECT uri, size, mtime_ns, identity, profile, 'claimed', %(claim)s
FROM unnest(%(uris)s::text[], %(sizes)s::bigint[], %(mtimes)s::bigint[], %(identities)s::text[],
    %(profiles)s::text[]) AS found (uri, size, mtime_ns, identity, profile)
ORDER BY uri
ON CONFLICT (uri, size, mtime_ns, identity) DO UPDATE
SET state = 'claimed', claim = excluded.claim,
    profile = CASE WHEN %(given)s THEN excluded.profile ELSE coalesce(d.judge_as, excluded.profile) END,
    claimed_at = now(), checked_at = now(), attempt = CASE d.state WHEN 'settled' THEN 1 ELSE d.attempt + 1 END
WHERE (d.state = 'settled' AND %(settled_too)s) OR (d.state = 'waiting' AND d.not_before <= now())
RETURNING d.drop_id

-- fragment: open_drop
-- A drop as a run takes it up. `recorded`: loaded, but not moved yet; `again`: put back to be judged anew.
drop_id, claim, uri, size, mtime_ns, identity, profile, claimed_at, attempt, sha256, kept_at,
    outcome IS NOT NULL AND outcome <> 'failed' AND settled_at IS NULL AS recorded,
    judge_as IS NOT NULL AS again

-- name: begin_claim
-- The run of a claim begins, or tries again. Without rows there is nothing left for it to do.
UPDATE meter_drops SET state = 'running', run = %(run)s
WHERE claim = %(claim)s AND state IN ('claimed', 'running')
RETURNING
    -- include: open_drop

-- name: claimed_drops
-- Also those whose run never began: nothing else will free them.
SELECT
    -- include: open_drop
FROM meter_drops WHERE claim = %(claim)s AND state IN ('claimed', 'running')
ORDER BY drop_id

-- name: claim_is_alive
UPDATE meter_drops SET checked_at = now()
WHERE claim = %(claim)s AND state IN ('claimed', 'running')

-- name: open_claims
SELECT DISTINCT claim FROM meter_drops WHERE state IN ('claimed', 'running')

-- name: unchecked_claims
-- Claims whose run was not looked at for a while.
SELECT claim, max(run) AS run FROM meter_drops
WHERE state IN ('claimed', 'running') AND checked_at < now() - %(seconds)s * interval '1 second'
GROUP BY claim
ORDER BY claim

-- name: note_begun
UPDATE meter_drops SET begun = %(file_ids)s::bigint[] WHERE drop_id = %(drop_id)s

-- name: record_drop_files
INSERT INTO meter_drop_files (drop_id, member, file_id, outcome)
SELECT given.* FROM unnest(%(drop_ids)s::bigint[], %(members)s::text[], %(file_ids)s::bigint[],
    %(outcomes)s::text[]) AS given (drop_id, member, file_id, outcome)
JOIN meter_drops d USING (drop_id)
WHERE d.claim = %(claim)s AND d.state IN ('claimed', 'running')
ON CONFLICT (drop_id, member) DO UPDATE SET file_id = excluded.file_id, outcome = excluded.outcome

-- name: record_drops
-- What became of these drops and where their files are about to be moved. settled_at is cleared: they may
-- have been settled before.
UPDATE meter_drops d
SET outcome = done.outcome, sha256 = done.sha256, kept_at = done.kept_at, settled_at = NULL
FROM unnest(%(drop_ids)s::bigint[], %(outcomes)s::text[], %(hashes)s::text[], %(places)s::text[])
    AS done (drop_id, outcome, sha256, kept_at)
WHERE d.drop_id = done.drop_id AND d.claim = %(claim)s AND d.state IN ('claimed', 'running')

-- name: recorded_files
SELECT file_id, outcome FROM meter_drop_files WHERE drop_id = %(drop_id)s

-- name: settle_drops
UPDATE meter_drops d
SET state = 'settled', outcome = done.outcome, sha256 = done.sha256, kept_at = done.kept_at,
    message = done.message, settled_at = now(), judge_as = NULL
FROM unnest(%(drop_ids)s::bigint[], %(outcomes)s::text[], %(hashes)s::text[], %(places)s::text[],
    %(messages)s::text[]) AS done (drop_id, outcome, sha256, kept_at, message)
WHERE d.drop_id = done.drop_id AND d.claim = %(claim)s

-- name: settle_moved_drop
-- A drop that was recorded and moved, but not marked as settled.
UPDATE meter_drops
SET state = 'settled', judge_as = NULL, settled_at = now(), message = %(problem)s,
    kept_at = CASE WHEN %(problem)s = '' THEN kept_at END
WHERE drop_id = %(drop_id)s AND claim = %(claim)s AND state <> 'settled' AND outcome <> 'failed'
RETURNING drop_id

-- name: settle_gone_drop
-- A drop that is gone: settled by the run that moved it, or taken away or changed by its sender.
UPDATE meter_drops
SET state = 'settled', outcome = coalesce(outcome, 'failed'), settled_at = now(), kept_at = NULL,
    judge_as = NULL,
    message = CASE WHEN outcome IS NULL THEN 'gone or changed before it was loaded' ELSE message END
WHERE drop_id = %(drop_id)s AND claim = %(claim)s AND state <> 'settled'
RETURNING begun

-- name: release_drops
-- A run could not finish these drops: they are free again after a growing wait, or have failed.
-- What is recorded of them (they are loaded, but could not be moved) stays.
UPDATE meter_drops
SET state = CASE WHEN attempt >= %(attempts)s THEN 'failed' ELSE 'waiting' END,
    outcome = CASE WHEN settled_at IS NULL AND outcome <> 'failed' THEN outcome
        WHEN attempt >= %(attempts)s THEN 'failed' END,
    not_before = now() + %(wait)s * interval '1 second' * 2 ^ (attempt - 1),
    message = %(message)s
WHERE drop_id = ANY(%(drop_ids)s) AND claim = %(claim)s AND state IN ('claimed', 'running')
RETURNING state

-- name: postpone_drop
-- As release_drops, for a drop that waits and cannot be settled.
UPDATE meter_drops
SET state = CASE WHEN attempt + 1 >= %(attempts)s THEN 'failed' ELSE 'waiting' END,
    attempt = attempt + 1,
    not_before = now() + %(wait)s * interval '1 second' * 2 ^ attempt,
    message = %(message)s
WHERE drop_id = %(drop_id)s AND claim = %(claim)s AND state = 'waiting'

-- name: unsettled
-- How many drops are not settled, how many of them wait for redrive, and for how long the oldest of the
-- others has been claimed.
SELECT count(*) FILTER (WHERE state <> 'failed') AS open, count(*) FILTER (WHERE state = 'failed') AS failed,
    coalesce(extract(epoch FROM now() - min(claimed_at) FILTER (WHERE state <> 'failed')), 0)::float8
        AS oldest_seconds
FROM meter_drops WHERE meter_is_open(state)

-- name: waiting_drops
-- The drops whose wait for another attempt is over.
SELECT
    -- include: open_drop
FROM meter_drops WHERE state = 'waiting' AND not_before <= now()
ORDER BY drop_id

-- name: latest_drops
-- The drops that came last, and what became of them.
SELECT drop_id, uri, sha256, state, outcome, kept_at, message
FROM meter_drops ORDER BY drop_id DESC LIMIT %(most)s

-- name: drop_contents
-- The files of a drop as they are now.
SELECT f.name, f.status FROM meter_drop_files m JOIN meter_files f USING (file_id)
WHERE m.drop_id = %(drop_id)s
ORDER BY m.member

-- name: failed_drop
SELECT
    -- include: open_drop
FROM meter_drops WHERE drop_id = %(drop_id)s AND state = 'failed'

-- name: redrive
-- The drop can be claimed at once, as if it had landed now, and will be read by this profile. It keeps the
-- links to its files, by which it is found until then.
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
