-- The months of the partitions of meter_readings that are missing are made, without making anyone
-- wait: CREATE TABLE ... PARTITION OF locks the parent against every reader; a table made LIKE it,
-- with a CHECK, is attached under a lock that readers and writers do not meet.
-- SECURITY DEFINER: the loader does not own the tables.
CREATE FUNCTION meter_ensure_months(months date[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    month date;
    partition text;
    low timestamptz;
    high timestamptz;
    made integer := 0;
BEGIN
    -- In one order, so that two who make the same months do not wait for each other in a circle.
    FOR month IN SELECT DISTINCT date_trunc('month', m)::date FROM unnest(months) AS m ORDER BY 1 LOOP
        partition := 'meter_readings_' || to_char(month, 'YYYY_MM');
        CONTINUE WHEN to_regclass(partition) IS NOT NULL;
        PERFORM pg_advisory_xact_lock(hashtextextended(partition, 12));
        -- Asked of the catalog: to_regclass may answer from a cache that is older than the lock.
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = 'meter_readings'::regclass AND c.relname = partition);
        -- Australia/Brisbane is NEM time, UTC+10 all year; '+10' would mean UTC-10 (POSIX).
        low := month::timestamp AT TIME ZONE 'Australia/Brisbane';
        high := (month + interval '1 month')::timestamp AT TIME ZONE 'Australia/Brisbane';
        EXECUTE format(
            'CREATE TABLE %I (LIKE meter_readings INCLUDING ALL, '
            'CONSTRAINT %I CHECK ("timestamp" >= %L AND "timestamp" < %L))',
            partition, partition || '_month', low, high);
        EXECUTE format(
            'ALTER TABLE meter_readings ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
            partition, low, high);
        EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I', partition, partition || '_month');
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;

-- The 14 bytes of a reading's id that its day shares, as 28 hexadecimal digits: ten of
-- md5(nmi.suffix) with the version (8) and variant bits set, four of the NEM day since 1970.
CREATE FUNCTION meter_id_prefix(nmi text, nmi_suffix text, day date) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT substr(hash, 1, 12) || '8' || substr(hash, 14, 3)
        || substr('89ab', ('x' || substr(hash, 17, 1))::bit(4)::integer % 4 + 1, 1)
        || substr(hash, 18, 3) || lpad(to_hex(day - date '1970-01-01'), 8, '0')
    FROM md5(nmi || '.' || nmi_suffix) AS hash
$$;

-- The ids of a day as an array literal with '@' for the prefix; an id ends in the minute of the
-- day, so that 00:30 has one id in 30-minute and in 5-minute data.
CREATE FUNCTION meter_id_template(interval_minutes integer) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT '{' || string_agg('@' || lpad(to_hex(minute), 4, '0'), ',' ORDER BY minute) || '}'
    FROM generate_series(0, 1439, interval_minutes) AS minute
$$;

CREATE TYPE meter_day_key AS (
    nmi varchar(10), nmi_suffix varchar(2), day date, file_id bigint, line bigint, replaces boolean
);

-- The versions that days name. Looked up one by one whatever the planner believes: a table that
-- autovacuum has seen while its first rows were not committed counts as empty, and a join planned
-- on that compares every day with every other.
CREATE FUNCTION meter_winning_versions(days meter_day_key[]) RETURNS SETOF meter_day_versions
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT v.*
    FROM unnest(days) d
    CROSS JOIN LATERAL (
        SELECT * FROM meter_day_versions v WHERE v.file_id = d.file_id AND v.line = d.line LIMIT 1
    ) AS v
$$;

-- Insert the readings of these day versions, whose days have none.
CREATE FUNCTION meter_put_readings(winners meter_day_key[]) RETURNS bigint
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    inserted bigint;
BEGIN
    WITH templates AS MATERIALIZED (
        SELECT interval_minutes, meter_id_template(interval_minutes) AS ids
        FROM (SELECT DISTINCT interval_minutes FROM meter_winning_versions(winners)) AS lengths
    )
    INSERT INTO meter_readings
    SELECT id, nmi, nmi_suffix, starts, interval_minutes,
        CASE uom_exponent WHEN 0 THEN value ELSE value * 10.0 ^ uom_exponent END,
        uom,
        CASE WHEN event_starts IS NULL THEN quality_method
             ELSE event_qualities[width_bucket(number, event_starts)] END
    FROM (
        SELECT unnest(replace(ids, '@', meter_id_prefix(nmi, nmi_suffix, day))::uuid[]) AS id,
            nmi, nmi_suffix,
            generate_series(
                day::timestamp AT TIME ZONE 'Australia/Brisbane',
                day::timestamp AT TIME ZONE 'Australia/Brisbane'
                    + interval '1 day' - interval '1 minute' * interval_minutes,
                interval '1 minute' * interval_minutes) AS starts,
            generate_series(1, 1440 / interval_minutes)::smallint AS number,
            interval_minutes, unnest(interval_values) AS value, uom, uom_exponent,
            quality_method, event_starts, event_qualities
        FROM (
            SELECT v.*, t.ids
            FROM meter_winning_versions(winners) v
            JOIN templates t USING (interval_minutes)
            -- In the order of the key its index is filled page by page: measured, two thirds of the
            -- size and five sixths of the time that the order of the file takes.
            ORDER BY v.nmi, v.nmi_suffix, v.day
        ) AS days
    ) AS expanded;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    RETURN inserted;
END $$;

-- Take out the readings of these days. Through the key, whatever the planner believes: it does not
-- reckon with partitions that are left out while a statement runs, and for the days of a shard it
-- would rather sort all readings there are.
CREATE FUNCTION meter_delete_readings(days meter_day_key[]) RETURNS void
LANGUAGE sql SET search_path FROM CURRENT
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
    DELETE FROM meter_readings r
    USING unnest(days) d
    WHERE r.nmi = d.nmi AND r.nmi_suffix = d.nmi_suffix
        AND r."timestamp" >= d.day::timestamp AT TIME ZONE 'Australia/Brisbane'
        AND r."timestamp" < (d.day + 1)::timestamp AT TIME ZONE 'Australia/Brisbane'
$$;

-- Of the days named, put the highest version there is in force where it is not yet, and take out
-- the readings that it replaces. Returns the days whose readings have to be put in.
-- Key order everywhere: two batches with common days then never wait for each other in a circle.
-- Lock, choice and delete are statements of their own: each sees what was committed while locks
-- were waited for.
CREATE FUNCTION meter_decide_days(touched meter_day_key[]) RETURNS meter_day_key[]
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    held meter_day_key[];
    winners meter_day_key[];
BEGIN
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
CREATE FUNCTION meter_decide_batch(batch text) RETURNS meter_day_key[]
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
CREATE FUNCTION meter_settle_batch(batch text) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM meter_settle_file(file_id)
    FROM (SELECT DISTINCT file_id FROM meter_batch_parts WHERE batch_id = batch ORDER BY 1) f;
END $$;

-- The end of a staged file: put the days of the batch in force, then settle its files. Returns the
-- readings put in force.
CREATE FUNCTION meter_apply_batch(batch text) RETURNS bigint
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
CREATE FUNCTION meter_open_winners(batch text, days refcursor DEFAULT 'meter_winners')
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
