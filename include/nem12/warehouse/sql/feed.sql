-- The feed of changes, for its consumers.

-- name: take_changes
-- Null stands for all; see meter_take_changes.
SELECT nmi, nmi_suffix, day FROM meter_take_changes(%(consumer)s, %(most)s)

-- name: highest_change
-- The highest number that a consumer has not read; 0 if it has read all, or has to begin anew: then it
-- reads every day as it is.
SELECT coalesce(max(c.number), 0) AS number FROM meter_changes c
WHERE (c.xid, c.number) > (SELECT xid, number FROM meter_consumers WHERE consumer = %(consumer)s)

-- name: has_unread
-- Whether a consumer has not read all changes up to a number.
SELECT coalesce((
    SELECT k.state <> 'following' OR EXISTS (
        SELECT FROM meter_changes c WHERE (c.xid, c.number) > (k.xid, k.number) AND c.number <= %(until)s)
    FROM meter_consumers k WHERE k.consumer = %(consumer)s), true) AS unread

-- name: can_take
-- Whether there is something that a consumer can read now.
SELECT EXISTS (
    SELECT FROM meter_changes c
    WHERE (c.xid, c.number) > (SELECT xid, number FROM meter_consumers WHERE consumer = %(consumer)s)
        AND c.xid < pg_snapshot_xmin(pg_current_snapshot())) AS ready

-- name: trim_changes
SELECT meter_trim_changes(now() - make_interval(days => %(days)s)) AS trimmed

-- name: consumer_lag
SELECT consumer, state, moved_at, unread_since, unread_changes, held_changes
FROM meter_consumer_lag ORDER BY consumer

-- name: horizon_holders
SELECT pid, prepared, application, since FROM meter_horizon_holders
