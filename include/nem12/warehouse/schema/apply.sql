-- Of the days named that are kept, put the highest version there is in force where it is not yet, and
-- take out the readings that it replaces. Returns the days whose readings have to be put in.
-- Key order everywhere: two batches with common days then never wait for each other in a circle.
-- Lock, choice and delete are statements of their own: each sees what was committed while locks
-- were waited for.
CREATE OR REPLACE FUNCTION meter_decide_days(touched meter_day_key[]) RETURNS meter_day_key[]
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    held meter_day_key[];
    winners meter_day_key[];
BEGIN
    IF meter_hold_kept() THEN
        SELECT array_agg(t) INTO touched
        FROM unnest(touched) t
        LEFT JOIN meter_kept_from every ON every.nmi = ''
        LEFT JOIN meter_kept_from own ON own.nmi = t.nmi
        WHERE (t.day < greatest(every.first_day, own.first_day)) IS NOT TRUE;
    END IF;

    INSERT INTO meter_days (nmi, nmi_suffix, day)
    SELECT DISTINCT t.nmi, t.nmi_suffix, t.day FROM unnest(touched) t
    ORDER BY t.nmi, t.nmi_suffix, t.day
    ON CONFLICT DO NOTHING;

    -- As they are once the lock is held. Looked up one by one for the reason given above.
    SELECT array_agg((t.nmi, t.nmi_suffix, t.day, d.file_id, d.line, NULL)::meter_day_key) INTO held
    FROM (SELECT DISTINCT nmi, nmi_suffix, day FROM unnest(touched)
          ORDER BY nmi, nmi_suffix, day) AS t
    CROSS JOIN LATERAL (
        SELECT d.file_id, d.line FROM meter_days d
        WHERE d.nmi = t.nmi AND d.nmi_suffix = t.nmi_suffix AND d.day = t.day
        FOR NO KEY UPDATE
    ) AS d;

    WITH best AS MATERIALIZED (
        SELECT v.*, h.file_id IS NOT NULL AS replaces
        FROM unnest(held) h
        CROSS JOIN LATERAL (
            SELECT * FROM meter_day_versions v
            WHERE v.nmi = h.nmi AND v.nmi_suffix = h.nmi_suffix AND v.day = h.day
            ORDER BY v.update_missing, v.updated_at DESC, v.msats_loaded_at DESC NULLS LAST,
                v.file_created_at DESC, v.file_id DESC, v.line
            LIMIT 1
        ) AS v
        WHERE (h.file_id, h.line) IS DISTINCT FROM (v.file_id, v.line)
    ), changed AS (
        INSERT INTO meter_days AS d (nmi, nmi_suffix, day, file_id, line, updated_at,
            interval_minutes, reason_code, uom, quality_method, register_id, meter_serial)
        SELECT nmi, nmi_suffix, day, file_id, line, updated_at,
            interval_minutes, reason_code, uom, quality_method, register_id, meter_serial
        FROM best
        ON CONFLICT (nmi, nmi_suffix, day) DO UPDATE
        SET file_id = excluded.file_id, line = excluded.line, updated_at = excluded.updated_at,
            interval_minutes = excluded.interval_minutes, reason_code = excluded.reason_code,
            uom = excluded.uom, quality_method = excluded.quality_method,
            register_id = excluded.register_id, meter_serial = excluded.meter_serial
    )
    SELECT array_agg((nmi, nmi_suffix, day, file_id, line, replaces)::meter_day_key
                     ORDER BY nmi, nmi_suffix, day)
    INTO winners FROM best;

    PERFORM meter_delete_readings(ARRAY(SELECT w FROM unnest(winners) w WHERE w.replaces));
    RETURN winners;
END $$;

-- The days that a batch delivers, decided; see meter_decide_days.
CREATE OR REPLACE FUNCTION meter_decide_batch(batch text) RETURNS meter_day_key[]
LANGUAGE sql SET search_path FROM CURRENT AS $$
    -- A run that died may have left parts of another cut into as many: with them the file would
    -- never be whole.
    DELETE FROM meter_batch_parts o
    USING meter_batch_parts p JOIN meter_files f USING (file_id)
    WHERE p.batch_id = batch AND f.status = 'loading'
        AND o.file_id = p.file_id AND o.parts = p.parts
        AND o.byte_start < p.byte_end AND p.byte_start < o.byte_end
        AND (o.byte_start, o.byte_end) <> (p.byte_start, p.byte_end);

    SELECT meter_decide_days(array_agg(
        (v.nmi, v.nmi_suffix, v.day, NULL, NULL, NULL)::meter_day_key))
    FROM meter_batch_parts p
    CROSS JOIN LATERAL (
        SELECT nmi, nmi_suffix, day FROM meter_day_versions v
        WHERE v.file_id = p.file_id AND v.line BETWEEN p.first_line AND p.last_line
        OFFSET 0
    ) AS v
    WHERE p.batch_id = batch
$$;

-- Settle the files of which this batch was the last part.
CREATE OR REPLACE FUNCTION meter_settle_batch(batch text) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM meter_settle_file(file_id)
    FROM (SELECT DISTINCT file_id FROM meter_batch_parts WHERE batch_id = batch ORDER BY 1) f;
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
-- opens a cursor on the days whose readings have to come, in the order of their key; its last column
-- is whether the day has been delivered otherwise too. Opened after the decision, so that it sees
-- every version that was decided on.
CREATE OR REPLACE FUNCTION meter_open_winners(batch text, days refcursor DEFAULT 'meter_winners')
RETURNS refcursor
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    winners meter_day_key[] := meter_decide_batch(batch);
BEGIN
    OPEN days NO SCROLL FOR
    SELECT nmi, nmi_suffix, day, interval_minutes, uom, quality_method, event_starts,
        event_qualities, array_to_string(
            CASE uom_exponent WHEN 0 THEN interval_values
                 ELSE ARRAY(SELECT value * 10.0 ^ uom_exponent FROM unnest(interval_values) value)
            END, ','),
        EXISTS (
            SELECT FROM meter_day_versions o
            WHERE o.nmi = v.nmi AND o.nmi_suffix = v.nmi_suffix AND o.day = v.day
                AND (o.file_id, o.line) <> (v.file_id, v.line))
    FROM meter_winning_versions(winners) v;
    RETURN days;
END $$;
