-- Transaction ids mean nothing on another server than the one that gave them: after a restore there,
-- changes would be passed over. `migrate` sets them to 0.
CREATE OR REPLACE FUNCTION meter_check_cluster() RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM meter_cluster
        WHERE system_identifier = (SELECT c.system_identifier FROM pg_control_system() c))
    THEN
        RAISE EXCEPTION 'the database has come from another server: run `migrate` before it is loaded or'
            ' its changes are read'
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
END $$;

-- Make the feed one of this server. Its rows and cursors get the id 0, which is below every horizon, and
-- keep their order by number. What a consumer has not read may lie among what it has read, since the
-- order was by id: it reads again from its first unread change. Returns whether anything was to be done.
CREATE OR REPLACE FUNCTION meter_adopt_cluster() RETURNS boolean
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    here bigint := (SELECT system_identifier FROM pg_control_system());
BEGIN
    IF EXISTS (SELECT FROM meter_cluster WHERE system_identifier = here) THEN
        RETURN false;
    END IF;
    LOCK TABLE meter_cluster, meter_changes, meter_consumers IN EXCLUSIVE MODE;
    UPDATE meter_consumers k SET xid = '0', number = coalesce(
        (SELECT min(c.number) - 1 FROM meter_changes c WHERE (c.xid, c.number) > (k.xid, k.number)),
        (SELECT max(number) FROM meter_changes), 0);
    UPDATE meter_changes SET xid = '0' WHERE xid <> '0';
    INSERT INTO meter_cluster (system_identifier) VALUES (here)
    ON CONFLICT (one) DO UPDATE SET system_identifier = excluded.system_identifier;
    RETURN true;
END $$;

-- The next changes for a consumer, at most so many, as distinct notices: null stands for all. Its cursor
-- moves in the same transaction, in which it has to bring its own data in line with meter_days as they
-- are then, in a statement after this one. A new consumer, and one that fell behind what is kept, first
-- gets a notice of nulls only, then all days in force. No rows: there is nothing to read now.
--
-- Gap-free: nothing that commits later can have an id below the oldest one that runs. That is not the
-- order in which a day changed, since a transaction's id is older than its locks: a change is a notice,
-- not a state.
CREATE OR REPLACE FUNCTION meter_take_changes(taker text, most integer)
RETURNS TABLE (nmi varchar, nmi_suffix varchar, day date)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
#variable_conflict use_column
DECLARE
    cursor_of meter_consumers;
    days meter_day_key[];
    taken meter_changes[];
BEGIN
    PERFORM meter_check_cluster();
    INSERT INTO meter_consumers (consumer) VALUES (taker) ON CONFLICT DO NOTHING;
    SELECT * INTO cursor_of FROM meter_consumers WHERE consumer = taker FOR NO KEY UPDATE;

    IF cursor_of.state = 'rebuild' THEN
        UPDATE meter_consumers
        SET state = 'rebuilding', xid = pg_snapshot_xmin(pg_current_snapshot()), number = 0,
            rebuilt_nmi = '', rebuilt_nmi_suffix = '', rebuilt_day = '-infinity', moved_at = now()
        WHERE consumer = taker;
        RETURN QUERY SELECT NULL::varchar, NULL::varchar, NULL::date;
        RETURN;
    END IF;

    IF cursor_of.state = 'rebuilding' THEN
        SELECT array_agg(meter_day_named(d.nmi, d.nmi_suffix, d.day)
                         ORDER BY d.nmi, d.nmi_suffix, d.day)
        INTO days FROM (
            SELECT nmi, nmi_suffix, day FROM meter_days
            WHERE (nmi, nmi_suffix, day)
                > (cursor_of.rebuilt_nmi, cursor_of.rebuilt_nmi_suffix, cursor_of.rebuilt_day)
            ORDER BY nmi, nmi_suffix, day LIMIT most
        ) AS d;
        IF days IS NOT NULL THEN
            UPDATE meter_consumers k
            SET rebuilt_nmi = l.nmi, rebuilt_nmi_suffix = l.nmi_suffix, rebuilt_day = l.day,
                moved_at = now()
            FROM unnest(days[cardinality(days):]) AS l
            WHERE consumer = taker;
            RETURN QUERY SELECT d.nmi, d.nmi_suffix, d.day FROM unnest(days) d;
            RETURN;
        END IF;
        UPDATE meter_consumers SET state = 'following', moved_at = now() WHERE consumer = taker;
    END IF;

    -- Horizon and rows are of one snapshot: one statement.
    SELECT array_agg(c ORDER BY c.xid, c.number) INTO taken FROM (
        SELECT c.* FROM meter_changes c
        WHERE (c.xid, c.number) > (cursor_of.xid, cursor_of.number)
            AND c.xid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY c.xid, c.number LIMIT most
    ) AS c;
    IF taken IS NOT NULL THEN
        UPDATE meter_consumers k SET xid = l.xid, number = l.number, moved_at = now()
        FROM unnest(taken[cardinality(taken):]) AS l
        WHERE consumer = taker;
        RETURN QUERY SELECT DISTINCT t.nmi, t.nmi_suffix, t.day FROM unnest(taken) t;
    END IF;
END $$;

-- Forget changes from before an instant, read or not: a consumer that has not read them begins anew.
-- Returns how many.
CREATE OR REPLACE FUNCTION meter_trim_changes(before timestamptz) RETURNS bigint
LANGUAGE sql SET search_path FROM CURRENT AS $$
    -- Up to the first that is kept: what is not old is not looked at.
    WITH kept AS MATERIALIZED (
        SELECT xid, number FROM meter_changes WHERE changed_at >= before ORDER BY xid, number LIMIT 1
    ), gone AS (
        DELETE FROM meter_changes c
        WHERE NOT EXISTS (SELECT FROM kept) OR (c.xid, c.number) < (SELECT xid, number FROM kept)
        RETURNING c.xid, c.number
    ), behind AS (
        UPDATE meter_consumers k SET state = 'rebuild'
        WHERE (k.xid, k.number) < (SELECT xid, number FROM gone ORDER BY xid DESC, number DESC LIMIT 1)
    )
    SELECT count(*) FROM gone
$$;

-- What each consumer has not read: since when, how many changes (counted to 100,000), and how many of
-- them wait for the end of a transaction that is older than theirs.
CREATE OR REPLACE VIEW meter_consumer_lag AS
SELECT k.consumer, k.state, k.moved_at, u.since AS unread_since, u.changes AS unread_changes,
    u.held AS held_changes
FROM meter_consumers k
CROSS JOIN LATERAL (
    SELECT min(c.changed_at) AS since, count(*) AS changes,
        count(*) FILTER (WHERE c.xid >= pg_snapshot_xmin(pg_current_snapshot())) AS held
    FROM (
        SELECT c.xid, c.changed_at FROM meter_changes c WHERE (c.xid, c.number) > (k.xid, k.number)
        ORDER BY c.xid, c.number LIMIT 100000
    ) AS c
) AS u;

COMMENT ON VIEW meter_consumer_lag IS 'How far the consumers of meter_changes are behind.';

-- The oldest transaction that has an id, of any database of the server: changes of those that began
-- after it wait for its end. When it began is seen by who may read all statistics (pg_monitor).
CREATE OR REPLACE VIEW meter_horizon_holders AS
SELECT a.pid, NULL::text AS prepared, a.application_name AS application, a.xact_start AS since
FROM pg_stat_activity a
WHERE a.backend_xid = pg_snapshot_xmin(pg_current_snapshot())::xid
UNION ALL
SELECT NULL, p.gid, NULL, p.prepared
FROM pg_prepared_xacts p
WHERE p.transaction = pg_snapshot_xmin(pg_current_snapshot())::xid;

COMMENT ON VIEW meter_horizon_holders IS
    'Who holds back what consumers can read: a session (pid), or a prepared transaction.';
