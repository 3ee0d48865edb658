-- A delivered value in the kilo unit. The planner puts this expression and the next one in place of the calls.
CREATE OR REPLACE FUNCTION meter_kilo_value(value numeric, uom_exponent smallint) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
    SELECT CASE uom_exponent WHEN 0 THEN value ELSE value * 10.0 ^ uom_exponent END;
END;

-- The quality of an interval, counted from 1: of its day, or of its event where the day has 400 records.
CREATE OR REPLACE FUNCTION meter_interval_quality(number smallint, quality_method varchar,
    event_start_intervals smallint[], event_quality_methods varchar[]) RETURNS varchar
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
    SELECT CASE WHEN event_start_intervals IS NULL THEN quality_method
        ELSE event_quality_methods[width_bucket(number, event_start_intervals)] END;
END;

-- The 14 bytes of a reading's id that its day shares, as 28 hexadecimal digits: ten of
-- md5(nmi.suffix) with the version (8) and variant bits set, four of the NEM day since 1970.
CREATE OR REPLACE FUNCTION meter_id_prefix(nmi text, nmi_suffix text, day date) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT substr(hash, 1, 12) || '8' || substr(hash, 14, 3)
        || substr('89ab', ('x' || substr(hash, 17, 1))::bit(4)::integer % 4 + 1, 1)
        || substr(hash, 18, 3) || lpad(to_hex(day - date '1970-01-01'), 8, '0')
    FROM md5(nmi || '.' || nmi_suffix) AS hash
$$;

-- The ids of a day as an array literal with '@' for the prefix; an id ends in the minute of the
-- day, so that 00:30 has one id in 30-minute and in 5-minute data.
CREATE OR REPLACE FUNCTION meter_id_template(interval_minutes integer) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT '{' || string_agg('@' || lpad(to_hex(minute), 4, '0'), ',' ORDER BY minute) || '}'
    FROM generate_series(0, 1439, interval_minutes) AS minute
$$;

-- The versions that these days name, looked up one by one for the reason given in meter_decide_days.
CREATE OR REPLACE FUNCTION meter_winning_versions(days meter_day_key[]) RETURNS SETOF meter_day_versions
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    span_begins date;
    span_ends date;
BEGIN
    SELECT min(d.day), max(d.day) INTO span_begins, span_ends FROM unnest(days) d;
    RETURN QUERY
    SELECT v.*
    FROM unnest(days) d
    CROSS JOIN LATERAL (
        SELECT * FROM meter_day_versions v
        WHERE v.file_id = d.file_id AND v.line = d.line AND v.day = d.day
            AND v.day BETWEEN span_begins AND span_ends
        LIMIT 1
    ) AS v;
END $$;

-- Insert the readings of these day versions, whose days have none.
CREATE OR REPLACE FUNCTION meter_put_readings(winners meter_day_key[]) RETURNS bigint
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    inserted bigint;
BEGIN
    WITH templates AS MATERIALIZED (
        SELECT interval_minutes, meter_id_template(interval_minutes) AS ids
        FROM (SELECT DISTINCT interval_minutes FROM meter_winning_versions(winners)) AS lengths
    )
    INSERT INTO meter_readings (id, nmi, nmi_suffix, "timestamp", interval_minutes, consumption, uom,
        quality_method)
    SELECT id, nmi, nmi_suffix, starts, interval_minutes,
        meter_kilo_value(value, uom_exponent), uom,
        meter_interval_quality(number, quality_method, event_start_intervals, event_quality_methods)
    FROM (
        SELECT unnest(replace(ids, '@', meter_id_prefix(nmi, nmi_suffix, day))::uuid[]) AS id,
            nmi, nmi_suffix,
            generate_series(
                meter_midnight(day),
                meter_midnight(day)
                    -- Not '1 day', which is 23 hours where the session's zone changes its clocks.
                    + interval '24 hours' - interval '1 minute' * interval_minutes,
                interval '1 minute' * interval_minutes) AS starts,
            generate_series(1, 1440 / interval_minutes)::smallint AS number,
            interval_minutes, unnest(interval_values) AS value, uom, uom_exponent,
            quality_method, event_start_intervals, event_quality_methods
        FROM (
            SELECT v.*, t.ids
            FROM meter_winning_versions(winners) v
            JOIN templates t USING (interval_minutes)
            -- Inserted in the order of the key, the index fills page by page: measured, two thirds of
            -- the size and five sixths of the time of the order of the file.
            ORDER BY v.nmi, v.nmi_suffix, v.day
        ) AS days
    ) AS expanded;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    RETURN inserted;
END $$;

-- Delete the readings of these days. The settings force look-ups by key: the planner does not take into
-- account that partitions are pruned at run time, and would sort all readings for the days of one shard.
CREATE OR REPLACE FUNCTION meter_delete_readings(days meter_day_key[]) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    span_begins timestamptz;
    span_ends timestamptz;
BEGIN
    SELECT meter_midnight(min(d.day)), meter_midnight(max(d.day) + 1) INTO span_begins, span_ends
    FROM unnest(days) d;
    IF span_begins IS NULL THEN
        RETURN;
    END IF;
    DELETE FROM meter_readings r
    USING unnest(days) d
    WHERE r.nmi = d.nmi AND r.nmi_suffix = d.nmi_suffix
        AND r."timestamp" >= meter_midnight(d.day)
        AND r."timestamp" < meter_midnight(d.day + 1)
        AND r."timestamp" >= span_begins AND r."timestamp" < span_ends;
END $$;

-- The readings of a day version. Computed in another way than in meter_put_readings, where speed counts, so
-- that verify compares two independent ways.
CREATE OR REPLACE FUNCTION meter_version_readings(v meter_day_versions)
RETURNS TABLE (nmi varchar, nmi_suffix varchar, "timestamp" timestamptz, interval_minutes smallint,
    consumption numeric, uom varchar, quality_method varchar)
LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT v.nmi, v.nmi_suffix,
        meter_midnight(v.day)
            + interval '1 minute' * v.interval_minutes * (number - 1),
        v.interval_minutes,
        meter_kilo_value(value, v.uom_exponent), v.uom,
        meter_interval_quality(number::smallint, v.quality_method, v.event_start_intervals,
            v.event_quality_methods)
    FROM unnest(v.interval_values) WITH ORDINALITY AS u (value, number);
END;
