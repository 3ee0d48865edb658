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

-- Put the readings of these day versions in force in place of what is there. The delete and the
-- insert are statements of their own: each sees what was committed while locks were waited for.
CREATE FUNCTION meter_put_readings(winners meter_day_key[]) RETURNS bigint
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    inserted bigint;
BEGIN
    DELETE FROM meter_readings r
    USING unnest(winners) w
    WHERE w.replaces AND r.nmi = w.nmi AND r.nmi_suffix = w.nmi_suffix
        AND r."timestamp" >= w.day::timestamp AT TIME ZONE 'Australia/Brisbane'
        AND r."timestamp" < (w.day + 1)::timestamp AT TIME ZONE 'Australia/Brisbane';

    WITH templates AS MATERIALIZED (
        SELECT interval_minutes, meter_id_template(interval_minutes) AS ids
        FROM (SELECT DISTINCT v.interval_minutes
              FROM unnest(winners) w JOIN meter_day_versions v USING (file_id, line)) AS lengths
    )
    INSERT INTO meter_readings
    SELECT id, nmi, nmi_suffix, starts, interval_minutes,
        CASE uom_exponent WHEN 0 THEN value ELSE value * 10.0 ^ uom_exponent END,
        uom,
        CASE WHEN event_starts IS NULL THEN quality_method
             ELSE event_qualities[width_bucket(number, event_starts)] END
    FROM (
        SELECT unnest(replace(t.ids, '@', meter_id_prefix(v.nmi, v.nmi_suffix, v.day))::uuid[]) AS id,
            v.nmi, v.nmi_suffix,
            generate_series(
                v.day::timestamp AT TIME ZONE 'Australia/Brisbane',
                v.day::timestamp AT TIME ZONE 'Australia/Brisbane'
                    + interval '1 day' - interval '1 minute' * v.interval_minutes,
                interval '1 minute' * v.interval_minutes) AS starts,
            generate_series(1, 1440 / v.interval_minutes)::smallint AS number,
            v.interval_minutes, unnest(v.interval_values) AS value, v.uom, v.uom_exponent,
            v.quality_method, v.event_starts, v.event_qualities
        FROM unnest(winners) w
        JOIN meter_day_versions v USING (file_id, line)
        JOIN templates t ON t.interval_minutes = v.interval_minutes
    ) AS expanded;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    RETURN inserted;
END $$;

-- Of the days named, put the highest version there is in force where it is not yet.
-- Key order everywhere: two batches with common days then never wait for each other in a circle.
CREATE FUNCTION meter_decide_days(touched meter_day_key[]) RETURNS bigint
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    winners meter_day_key[];
BEGIN
    INSERT INTO meter_days (nmi, nmi_suffix, day)
    SELECT DISTINCT t.nmi, t.nmi_suffix, t.day FROM unnest(touched) t
    ORDER BY t.nmi, t.nmi_suffix, t.day
    ON CONFLICT DO NOTHING;

    PERFORM FROM meter_days d
    WHERE (d.nmi, d.nmi_suffix, d.day) IN (SELECT t.nmi, t.nmi_suffix, t.day FROM unnest(touched) t)
    ORDER BY d.nmi, d.nmi_suffix, d.day
    FOR NO KEY UPDATE;

    WITH best AS (
        SELECT DISTINCT ON (v.nmi, v.nmi_suffix, v.day) v.nmi, v.nmi_suffix, v.day, v.file_id,
            v.line, v.updated_at, v.interval_minutes, v.reason_code, v.uom, v.quality_method,
            v.register_id, v.meter_serial
        FROM (SELECT DISTINCT t.nmi, t.nmi_suffix, t.day FROM unnest(touched) t) AS days
        JOIN meter_day_versions v USING (nmi, nmi_suffix, day)
        ORDER BY v.nmi, v.nmi_suffix, v.day, v.update_missing, v.updated_at DESC,
            v.msats_loaded_at DESC NULLS LAST, v.file_created_at DESC, v.file_id DESC, v.line
    ), changed AS (
        UPDATE meter_days d
        SET file_id = b.file_id, line = b.line, updated_at = b.updated_at,
            interval_minutes = b.interval_minutes, reason_code = b.reason_code, uom = b.uom,
            quality_method = b.quality_method, register_id = b.register_id,
            meter_serial = b.meter_serial
        FROM best b JOIN meter_days old USING (nmi, nmi_suffix, day)
        WHERE (d.nmi, d.nmi_suffix, d.day) = (b.nmi, b.nmi_suffix, b.day)
            AND (old.file_id, old.line) IS DISTINCT FROM (b.file_id, b.line)
        RETURNING d.nmi, d.nmi_suffix, d.day, d.file_id, d.line, old.file_id IS NOT NULL AS replaces
    )
    SELECT array_agg((nmi, nmi_suffix, day, file_id, line, replaces)::meter_day_key
                     ORDER BY nmi, nmi_suffix, day)
    INTO winners FROM changed;

    IF winners IS NULL THEN
        RETURN 0;
    END IF;
    RETURN meter_put_readings(winners);
END $$;

-- The end of a staged file: put the days of the batch in force, then settle its files where this
-- was the last part. Returns the readings put in force.
CREATE FUNCTION meter_apply_batch(batch text) RETURNS bigint
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    touched meter_day_key[];
    inserted bigint := 0;
BEGIN
    -- A run that died may have left parts of another cut into as many: with them the file would
    -- never be whole.
    DELETE FROM meter_batch_parts o
    USING meter_batch_parts p JOIN meter_files f USING (file_id)
    WHERE p.batch_id = batch AND f.status = 'loading'
        AND o.file_id = p.file_id AND o.parts = p.parts
        AND o.byte_start < p.byte_end AND p.byte_start < o.byte_end
        AND (o.byte_start, o.byte_end) <> (p.byte_start, p.byte_end);

    SELECT array_agg((v.nmi, v.nmi_suffix, v.day, NULL, NULL, NULL)::meter_day_key) INTO touched
    FROM meter_batch_parts p
    JOIN meter_day_versions v
        ON v.file_id = p.file_id AND v.line BETWEEN p.first_line AND p.last_line
    WHERE p.batch_id = batch;
    IF touched IS NOT NULL THEN
        inserted := meter_decide_days(touched);
    END IF;
    PERFORM meter_settle_file(file_id)
    FROM (SELECT DISTINCT file_id FROM meter_batch_parts WHERE batch_id = batch ORDER BY 1) f;
    RETURN inserted;
END $$;
