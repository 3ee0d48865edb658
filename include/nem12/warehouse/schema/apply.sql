-- Hold a file of a batch until the end of the transaction: no other run may withdraw it or load it by another
-- profile meanwhile. If one has done so since this run was planned, the refusals in the batch are not true
-- any more, so it fails. The lock is shared: batches of one file, counting and settling do not wait for it.
CREATE OR REPLACE FUNCTION meter_hold_file(file bigint, planned_profile text, planned_reader text)
RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    known record;
BEGIN
    SELECT name, profile, reader_version INTO known FROM meter_files WHERE file_id = file
    FOR KEY SHARE;
    IF (known.profile, known.reader_version) IS DISTINCT FROM (planned_profile, planned_reader) THEN
        RAISE EXCEPTION 'file %: another run has loaded it by another profile or withdrawn it since'
            ' this run was planned', coalesce(known.name, file::text)
            USING ERRCODE = 'serialization_failure',
            HINT = 'The next attempt at the file is planned anew.';
    END IF;
END $$;

-- A day as the functions pass it to each other, with nothing but its key.
CREATE OR REPLACE FUNCTION meter_day_named(nmi varchar, nmi_suffix varchar, day date)
RETURNS meter_day_key
LANGUAGE sql IMMUTABLE BEGIN ATOMIC
    SELECT ROW(nmi, nmi_suffix, day, NULL, NULL, NULL, NULL, NULL)::meter_day_key;
END;

-- The first and last day that files have brought; null where they have brought none. The functions that look
-- days up name these bounds beside the keys, as values of a plan that is made for each call
-- (plan_cache_mode): the planner then leaves out, and does not lock, the months without them. Left out while
-- a statement runs, they would all be locked before.
CREATE OR REPLACE FUNCTION meter_span(files bigint[], OUT first_day date, OUT last_day date)
LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT min(first_day), max(last_day) FROM (
        SELECT first_day, last_day FROM meter_batch_parts WHERE file_id = ANY(files)
        -- Once it is settled.
        UNION ALL SELECT first_day, last_day FROM meter_files WHERE file_id = ANY(files)
    ) AS brought;
END;

-- Record when files were delivered: the earliest time of a file counts, null means now. Returns the days to
-- decide again: those of known files that prove to be older than recorded, where the time of delivery takes
-- part in the order of versions.
CREATE OR REPLACE FUNCTION meter_deliver(files bigint[], times timestamptz[]) RETURNS meter_day_key[]
LANGUAGE plpgsql SET search_path FROM CURRENT SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    earlier bigint[];
    span record;
BEGIN
    PERFORM meter_hold_kept();
    WITH given AS (
        SELECT file_id, min(at) AS at FROM unnest(files, times) AS g (file_id, at) GROUP BY file_id
    ), known AS (
        SELECT f.file_id, f.delivered_at,
            coalesce(g.at, pg_catalog.date_trunc('second', now())) AS at
        FROM given g JOIN meter_files f USING (file_id)
        WHERE f.delivered_at IS NULL OR g.at < f.delivered_at
        -- In the same order everywhere, like the days, so that nothing deadlocks.
        ORDER BY f.file_id FOR NO KEY UPDATE OF f
    ), noted AS (
        UPDATE meter_files f SET delivered_at = k.at FROM known k WHERE f.file_id = k.file_id
        RETURNING f.file_id, k.delivered_at
    )
    SELECT array_agg(file_id) FILTER (WHERE delivered_at IS NOT NULL) INTO earlier FROM noted;
    span := meter_span(earlier);
    RETURN (
        SELECT array_agg(meter_day_named(nmi, nmi_suffix, day))
        FROM meter_day_versions
        WHERE file_id = ANY(earlier) AND (update_date_time IS NULL OR header_date_time IS NULL)
            AND day BETWEEN span.first_day AND span.last_day
    );
END $$;

-- The same for the files of a batch. A staged file does not contain their times, so they are in a setting of
-- the transaction: file_id:seconds since 1970, separated by commas. A file that is not listed there counts as
-- delivered now.
CREATE OR REPLACE FUNCTION meter_deliver_batch(batch text) RETURNS meter_day_key[]
LANGUAGE sql SET search_path FROM CURRENT AS $$
    SELECT meter_deliver(array_agg(p.file_id), array_agg(g.at))
    FROM (SELECT DISTINCT file_id FROM meter_batch_parts WHERE batch_id = batch) p
    LEFT JOIN (
        SELECT split_part(one, ':', 1)::bigint AS file_id,
            min(to_timestamp(split_part(one, ':', 2)::bigint)) AS at
        FROM unnest(string_to_array(nullif(current_setting('nem12.delivered', true), ''), ',')) AS one
        GROUP BY 1
    ) AS g USING (file_id)
$$;

-- The same for files that were loaded before; decides the days that this affects and returns their number.
CREATE OR REPLACE FUNCTION meter_note_deliveries(files bigint[], times timestamptz[]) RETURNS bigint
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    days meter_day_key[] := meter_deliver(files, times);
BEGIN
    IF days IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM meter_put_readings(meter_decide_days(days));
    RETURN cardinality(days);
END $$;

-- Record for each day whether its version in force is contradicted. The settings force look-ups by key: the
-- planner knows nothing yet about tables that have just been filled.
CREATE OR REPLACE FUNCTION meter_mark_contradicted(days meter_day_key[]) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    span_begins date;
    span_ends date;
BEGIN
    SELECT min(k.day), max(k.day) INTO span_begins, span_ends FROM unnest(days) k;
    WITH changed AS MATERIALIZED (
        SELECT k.nmi, k.nmi_suffix, k.day, NOT d.contradicted AS contradicted
        FROM unnest(days) k
        CROSS JOIN LATERAL (
            SELECT contradicted, file_id, line FROM meter_days d
            WHERE d.nmi = k.nmi AND d.nmi_suffix = k.nmi_suffix AND d.day = k.day
                AND d.day BETWEEN span_begins AND span_ends
            LIMIT 1
        ) AS d
        WHERE d.contradicted <> EXISTS (
            SELECT FROM meter_day_versions v, meter_day_versions o
            WHERE v.file_id = d.file_id AND v.line = d.line AND v.day = k.day
                AND v.day BETWEEN span_begins AND span_ends
                AND o.nmi = k.nmi AND o.nmi_suffix = k.nmi_suffix AND o.day = k.day
                AND o.day BETWEEN span_begins AND span_ends
                AND meter_contradicts(o, v))
    )
    UPDATE meter_days d SET contradicted = c.contradicted
    FROM changed c
    WHERE d.nmi = c.nmi AND d.nmi_suffix = c.nmi_suffix AND d.day = c.day
        AND d.day BETWEEN span_begins AND span_ends;
END $$;

-- Put the highest version of each of these days in force, unless it is already or the day is not kept,
-- delete the readings that it replaces and the days that no file delivers any more, and note what changed.
-- Returns the days whose readings have to be inserted.
-- Days are locked in the order of their key, so that two batches with common days cannot deadlock.
-- Locking, choosing and deleting are separate statements: each sees what was committed while the one before
-- waited for locks.
CREATE OR REPLACE FUNCTION meter_decide_days(touched meter_day_key[]) RETURNS meter_day_key[]
LANGUAGE plpgsql SET search_path FROM CURRENT SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    held meter_day_key[];
    winners meter_day_key[];
    gone_days meter_day_key[];
    contended_days meter_day_key[];
    reloading constant boolean := coalesce(current_setting('nem12.reloading', true), '') <> '';
    span_begins date;
    span_ends date;
BEGIN
    PERFORM meter_check_cluster();
    IF meter_hold_kept() THEN
        SELECT array_agg(t) INTO touched
        FROM unnest(touched) t
        LEFT JOIN meter_kept_from every ON every.nmi = ''
        LEFT JOIN meter_kept_from own ON own.nmi = t.nmi
        WHERE (t.day < greatest(every.first_day, own.first_day)) IS NOT TRUE;
    END IF;
    SELECT array_agg(meter_day_named(nmi, nmi_suffix, day) ORDER BY nmi, nmi_suffix, day) INTO touched
    FROM (SELECT DISTINCT nmi, nmi_suffix, day FROM unnest(touched)) AS t;

    SELECT min(t.day), max(t.day) INTO span_begins, span_ends FROM unnest(touched) t;
    -- Locks those that exist; one that is deleted while it is waited for, since its file is withdrawn, is
    -- inserted again.
    INSERT INTO meter_days AS d (nmi, nmi_suffix, day)
    SELECT t.nmi, t.nmi_suffix, t.day FROM unnest(touched) t
    ORDER BY t.nmi, t.nmi_suffix, t.day
    ON CONFLICT (nmi, nmi_suffix, day) DO UPDATE SET contradicted = d.contradicted WHERE false;

    -- Read once the lock is held, and one by one: a table that autovacuum saw before its first rows were
    -- committed is empty to the planner, and a join planned on that compares every day with every other.
    SELECT array_agg(
        (t.nmi, t.nmi_suffix, t.day, d.file_id, d.line, NULL, NULL, d.contradicted)::meter_day_key)
    INTO held
    FROM unnest(touched) AS t
    CROSS JOIN LATERAL (
        SELECT d.file_id, d.line, d.contradicted FROM meter_days d
        WHERE d.nmi = t.nmi AND d.nmi_suffix = t.nmi_suffix AND d.day = t.day
            AND d.day BETWEEN span_begins AND span_ends
        LIMIT 1
    ) AS d;

    WITH highest AS MATERIALIZED (
        SELECT v.*, h.nmi AS held_nmi, h.nmi_suffix AS held_nmi_suffix, h.day AS held_day,
            h.file_id IS NOT NULL AS replaces, v.file_id IS NULL AS gone,
            (h.file_id, h.line) IS DISTINCT FROM (v.file_id, v.line)
                -- Of a file that is being loaded again: byte by byte, since 1.0 is not 1.00.
                OR reloading AND EXISTS (
                    SELECT FROM meter_replaced_versions r
                    WHERE r.file_id = v.file_id AND r.line = v.line AND NOT EXISTS (
                        SELECT FROM meter_day_versions n
                        WHERE n.nmi = h.nmi AND n.nmi_suffix = h.nmi_suffix AND n.day = h.day
                            AND n.day BETWEEN span_begins AND span_ends
                            AND n.file_id = r.file_id AND n.line = r.line AND n *= r))
                AS changes,
            o.redelivered, h.contradicted OR o.alike AS contended
        FROM unnest(held) h
        LEFT JOIN LATERAL (
            SELECT v.nmi, v.nmi_suffix, v.day, v.file_id, v.line, v.update_date_time, v.interval_minutes,
                v.reason_code, v.uom, v.quality_method, v.register_id, v.meter_serial_number, v.update_rank
            FROM meter_day_versions v
            WHERE v.nmi = h.nmi AND v.nmi_suffix = h.nmi_suffix AND v.day = h.day
                AND v.day BETWEEN span_begins AND span_ends
            ORDER BY meter_precedence(v) DESC
            LIMIT 1
        ) AS v ON true
        CROSS JOIN LATERAL (
            SELECT count(*) > 0 AS redelivered,
                coalesce(bool_or(o.update_rank = v.update_rank
                    AND o.update_date_time IS NOT DISTINCT FROM v.update_date_time), false) AS alike
            FROM meter_day_versions o
            WHERE o.nmi = h.nmi AND o.nmi_suffix = h.nmi_suffix AND o.day = h.day
                AND o.day BETWEEN span_begins AND span_ends
                AND (o.file_id, o.line) <> (v.file_id, v.line)
        ) AS o
    ), changed AS (
        INSERT INTO meter_days AS d (nmi, nmi_suffix, day, file_id, line, update_date_time,
            interval_minutes, reason_code, uom, quality_method, register_id, meter_serial_number)
        SELECT nmi, nmi_suffix, day, file_id, line, update_date_time,
            interval_minutes, reason_code, uom, quality_method, register_id, meter_serial_number
        FROM highest WHERE changes AND NOT gone
        ON CONFLICT (nmi, nmi_suffix, day) DO UPDATE
        SET file_id = excluded.file_id, line = excluded.line, update_date_time = excluded.update_date_time,
            interval_minutes = excluded.interval_minutes, reason_code = excluded.reason_code,
            uom = excluded.uom, quality_method = excluded.quality_method,
            register_id = excluded.register_id, meter_serial_number = excluded.meter_serial_number
    ), noted AS (
        INSERT INTO meter_changes (nmi, nmi_suffix, day)
        SELECT held_nmi, held_nmi_suffix, held_day FROM highest WHERE changes
    )
    SELECT array_agg((held_nmi, held_nmi_suffix, held_day, file_id, line, replaces, redelivered,
                      NULL)::meter_day_key
                     ORDER BY held_nmi, held_nmi_suffix, held_day) FILTER (WHERE changes AND NOT gone),
        array_agg((held_nmi, held_nmi_suffix, held_day, NULL, NULL, replaces, NULL,
                   NULL)::meter_day_key) FILTER (WHERE gone),
        array_agg(meter_day_named(held_nmi, held_nmi_suffix, held_day))
            FILTER (WHERE contended AND NOT gone)
    INTO winners, gone_days, contended_days FROM highest;

    IF gone_days IS NOT NULL THEN
        DELETE FROM meter_days d USING unnest(gone_days) g
        WHERE d.nmi = g.nmi AND d.nmi_suffix = g.nmi_suffix AND d.day = g.day
            AND d.day BETWEEN span_begins AND span_ends;
    END IF;
    IF contended_days IS NOT NULL THEN
        PERFORM meter_mark_contradicted(contended_days);
    END IF;
    PERFORM meter_delete_readings(ARRAY(SELECT w FROM unnest(winners || gone_days) w WHERE w.replaces));
    RETURN winners;
END $$;

-- Decide the days that a batch delivers, and those of its files that were delivered earlier than recorded;
-- see meter_decide_days.
CREATE OR REPLACE FUNCTION meter_decide_batch(batch text) RETURNS meter_day_key[]
LANGUAGE plpgsql SET search_path FROM CURRENT SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    span_begins date;
    span_ends date;
BEGIN
    -- A run that died may have left parts of another division into the same number of parts: with
    -- them the file would never be complete. Its days stay, and count to these parts now.
    WITH gone AS (
        DELETE FROM meter_batch_parts o
        USING meter_batch_parts p JOIN meter_files f USING (file_id)
        WHERE p.batch_id = batch AND f.status = 'loading'
            AND o.file_id = p.file_id AND o.parts = p.parts
            AND o.byte_start < p.byte_end AND p.byte_start < o.byte_end
            AND (o.byte_start, o.byte_end) <> (p.byte_start, p.byte_end)
        RETURNING p.file_id, p.parts, p.byte_start, o.first_day, o.last_day
    )
    UPDATE meter_batch_parts p
    SET first_day = least(p.first_day, g.first_day), last_day = greatest(p.last_day, g.last_day)
    FROM (SELECT file_id, parts, byte_start, min(first_day) AS first_day, max(last_day) AS last_day
          FROM gone GROUP BY file_id, parts, byte_start) AS g
    WHERE p.batch_id = batch AND (p.file_id, p.parts, p.byte_start) = (g.file_id, g.parts, g.byte_start);

    SELECT min(first_day), max(last_day) INTO span_begins, span_ends
    FROM meter_batch_parts WHERE batch_id = batch;
    RETURN meter_decide_days(meter_deliver_batch(batch) || (
        SELECT array_agg(meter_day_named(v.nmi, v.nmi_suffix, v.day))
        FROM meter_batch_parts p
        CROSS JOIN LATERAL (
            SELECT nmi, nmi_suffix, day FROM meter_day_versions v
            WHERE v.file_id = p.file_id AND v.line BETWEEN p.first_line AND p.last_line
                AND v.day BETWEEN span_begins AND span_ends
            OFFSET 0
        ) AS v
        WHERE p.batch_id = batch)
    || (
        -- What its files gave when they were loaded before.
        SELECT array_agg(meter_day_named(r.nmi, r.nmi_suffix, r.day)) FROM meter_replaced_versions r
        WHERE r.file_id IN (SELECT file_id FROM meter_batch_parts WHERE batch_id = batch)));
END $$;

-- Settle the files of which this batch was the last part.
CREATE OR REPLACE FUNCTION meter_settle_batch(batch text) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM meter_settle_file(file_id)
    FROM (SELECT DISTINCT file_id FROM meter_batch_parts WHERE batch_id = batch ORDER BY 1) f;
    IF coalesce(current_setting('nem12.reloading', true), '') <> '' THEN
        DELETE FROM meter_replaced_versions
        WHERE file_id IN (SELECT file_id FROM meter_batch_parts WHERE batch_id = batch);
    END IF;
END $$;

-- The end of a staged file: put the days of the batch in force, then settle its files. Returns the
-- readings put in force.
CREATE OR REPLACE FUNCTION meter_apply_batch(batch text) RETURNS bigint
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    inserted bigint := meter_put_readings(meter_decide_batch(batch));
BEGIN
    PERFORM meter_settle_batch(batch);
    RETURN inserted;
END $$;

-- The first half of meter_apply_batch for a loader that sends the readings by COPY: decides, and
-- opens a cursor on the days whose readings have to be sent, in the order of their key; its last column
-- says whether there is another delivery of the day. The cursor is opened after the decision, so that it
-- sees every version that was decided on.
CREATE OR REPLACE FUNCTION meter_open_winners(batch text, days refcursor DEFAULT 'meter_winners')
RETURNS refcursor
LANGUAGE plpgsql SET search_path FROM CURRENT SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    winners meter_day_key[] := meter_decide_batch(batch);
    span_begins date;
    span_ends date;
BEGIN
    SELECT min(w.day), max(w.day) INTO span_begins, span_ends FROM unnest(winners) w;
    OPEN days NO SCROLL FOR
    SELECT v.nmi, v.nmi_suffix, v.day, interval_minutes, uom, quality_method, event_start_intervals,
        event_quality_methods, array_to_string(
            CASE uom_exponent WHEN 0 THEN interval_values
                 ELSE ARRAY(SELECT meter_kilo_value(value, uom_exponent) FROM unnest(interval_values) value)
            END, ','),
        d.redelivered
    FROM unnest(winners) d
    CROSS JOIN LATERAL (
        SELECT * FROM meter_day_versions v
        WHERE v.file_id = d.file_id AND v.line = d.line AND v.day = d.day
            AND v.day BETWEEN span_begins AND span_ends
        LIMIT 1
    ) AS v;
    RETURN days;
END $$;

-- The first statement of a staged file: records the batch and who applies it, from the transaction's setting
-- nem12.applied_by, a JSON object with these columns. If two sessions apply one batch at once, the second
-- waits here: WHERE false changes nothing, but locks the row. Not an advisory lock: every role that may
-- connect can take those.
CREATE OR REPLACE FUNCTION meter_begin_batch(batch text, staged text) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT AS $$
    INSERT INTO meter_batches (batch_id, staged_name, applied_by, process, run_id, task_id, map_index,
        try_number)
    SELECT batch, staged, coalesce(a.applied_by, session_user), a.process, a.run_id, a.task_id,
        a.map_index, a.try_number
    FROM jsonb_to_record(coalesce(nullif(current_setting('nem12.applied_by', true), ''), '{}')::jsonb)
        AS a (applied_by text, process integer, run_id text, task_id text, map_index integer,
            try_number integer)
    ON CONFLICT (batch_id) DO UPDATE SET applied_by = excluded.applied_by WHERE false
$$;
