CREATE OR REPLACE FUNCTION meter_array_sum(numeric[]) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT sum(value) FROM unnest($1) AS value';

-- Days that one file delivers more than once (docs/format.md, Versions): with the same stamps and other values
-- the first stays and the later one is refused; with the same content, or other stamps, there is a warning.
-- `first_line` is the line of the earlier delivery that decides.
CREATE OR REPLACE FUNCTION meter_repeated_days(file bigint)
RETURNS TABLE (nmi varchar, nmi_suffix varchar, day date, line bigint, first_line bigint,
    code text, refused boolean)
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    span record := meter_span(ARRAY[file]);
BEGIN
    RETURN QUERY
    WITH repeated AS (
        SELECT v.nmi, v.nmi_suffix, v.day FROM meter_day_versions v
        WHERE v.file_id = file AND v.day BETWEEN span.first_day AND span.last_day
        GROUP BY v.nmi, v.nmi_suffix, v.day HAVING count(*) > 1
    ), versions AS (
        SELECT v AS version, v.line,
            first_value(v.line) OVER channel_day AS day_line,
            first_value(v.line) OVER same_stamps AS stamps_line
        FROM meter_day_versions v JOIN repeated USING (nmi, nmi_suffix, day)
        WHERE v.file_id = file AND v.day BETWEEN span.first_day AND span.last_day
        WINDOW channel_day AS (PARTITION BY v.nmi, v.nmi_suffix, v.day ORDER BY v.line),
            same_stamps AS (PARTITION BY v.nmi, v.nmi_suffix, v.day, v.update_rank, v.update_date_time,
                v.msats_load_date_time ORDER BY v.line)
    )
    SELECT (version).nmi, (version).nmi_suffix, (version).day, v.line,
        CASE WHEN v.stamps_line < v.line THEN v.stamps_line ELSE v.day_line END,
        CASE WHEN v.stamps_line < v.line THEN 'date-repeated' ELSE 'date-superseded' END,
        v.stamps_line < v.line AND NOT meter_same_readings(v.version, s)
    FROM versions v
    JOIN meter_day_versions s ON s.file_id = file AND s.line = v.stamps_line AND s.day = (version).day
        AND s.day BETWEEN span.first_day AND span.last_day
    WHERE v.line > v.day_line;
END $$;

-- Once all parts of a file are applied: find repeated days, add up its counts and decide its status. Changes
-- nothing if it is called again. Returns the status.
CREATE OR REPLACE FUNCTION meter_judge_file(file bigint) RETURNS text
LANGUAGE plpgsql SET search_path FROM CURRENT SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    known meter_files;
    span record := meter_span(ARRAY[file]);
    total record;
    counted jsonb;
    repeated record;
    again meter_day_key[];
    whole integer;
BEGIN
    SELECT * INTO known FROM meter_files WHERE file_id = file FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF known.status <> 'loading' THEN
        -- A batch that was applied again has brought the refused repetitions back.
        DELETE FROM meter_day_versions v USING meter_refusals r
        WHERE r.file_id = file AND r.code = 'date-repeated'
            AND v.file_id = r.file_id AND v.line = r.line
            AND v.day BETWEEN span.first_day AND span.last_day;
        RETURN known.status;
    END IF;
    -- A run that died may have left some parts of another division.
    SELECT parts INTO whole FROM meter_batch_parts WHERE file_id = file
    GROUP BY parts HAVING count(*) = parts AND sum(byte_end - byte_start) = known.size
    ORDER BY parts LIMIT 1;
    IF NOT FOUND THEN
        RETURN known.status;
    END IF;

    SELECT count(*) AS found, count(*) FILTER (WHERE refused) AS days,
        coalesce(sum(v.records) FILTER (WHERE refused), 0) AS records,
        coalesce(sum(cardinality(v.interval_values)) FILTER (WHERE refused), 0) AS readings,
        coalesce(sum(meter_array_sum(v.interval_values)) FILTER (WHERE refused), 0) AS sum,
        jsonb_strip_nulls(jsonb_build_object(
            'date-repeated', nullif(count(*) FILTER (WHERE code = 'date-repeated' AND NOT refused), 0),
            'date-superseded', nullif(count(*) FILTER (WHERE code = 'date-superseded'), 0)
        )) AS warnings
    INTO repeated
    FROM meter_repeated_days(file) r
    JOIN meter_day_versions v ON v.file_id = file AND v.line = r.line AND v.day = r.day
        AND v.day BETWEEN span.first_day AND span.last_day;

    -- Few files repeat a day: spare the others a second search.
    IF repeated.found > 0 THEN
        INSERT INTO meter_refusals (file_id, line, level, code, nmi, nmi_suffix, day, last_day, field,
            message, excerpt, first_line, last_line)
        SELECT file, r.line, 'RECORD', r.code, r.nmi, r.nmi_suffix, r.day, r.day, 2,
            format('IntervalDate %s again with the stamps of line %s and other values',
                to_char(r.day, 'YYYYMMDD'), r.first_line),
            format('300,►%s◄,…', to_char(r.day, 'YYYYMMDD')), v.line, v.last_line
        FROM meter_repeated_days(file) r
        JOIN meter_day_versions v ON v.file_id = file AND v.line = r.line AND v.day = r.day
            AND v.day BETWEEN span.first_day AND span.last_day
        WHERE r.refused
        ON CONFLICT DO NOTHING;
        INSERT INTO meter_warnings (file_id, line, code, nmi, nmi_suffix, day, last_day, field,
            message, excerpt)
        SELECT file, r.line, r.code, r.nmi, r.nmi_suffix, r.day, r.day, 2,
            format('IntervalDate %s again, after line %s, with %s', to_char(r.day, 'YYYYMMDD'),
                r.first_line,
                CASE r.code WHEN 'date-repeated' THEN 'the same content' ELSE 'other stamps' END),
            format('300,►%s◄,…', to_char(r.day, 'YYYYMMDD'))
        FROM meter_repeated_days(file) r WHERE NOT r.refused
        ORDER BY r.line LIMIT 200
        ON CONFLICT DO NOTHING;
        -- A refused repetition has the stamps of an earlier line, which beats it: it is not in force.
        WITH gone AS (
            DELETE FROM meter_day_versions v USING meter_repeated_days(file) r
            WHERE v.file_id = file AND v.line = r.line AND v.day = r.day AND r.refused
                AND v.day BETWEEN span.first_day AND span.last_day
            RETURNING v.nmi, v.nmi_suffix, v.day
        )
        SELECT array_agg(meter_day_named(nmi, nmi_suffix, day)) INTO again
        FROM gone;
        -- It may have contradicted the version in force.
        PERFORM meter_mark_contradicted(again);
    END IF;

    SELECT sum(records) AS records, sum(refused_records) AS refused_records,
        sum(readings) AS readings, sum(refused_readings) AS refused_readings,
        sum(refused_sum) AS refused_sum, sum(days) AS days, min(first_day) AS first_day,
        max(last_day) AS last_day
    INTO total FROM meter_batch_parts WHERE file_id = file AND parts = whole;
    SELECT coalesce(jsonb_object_agg(key, n), '{}') || repeated.warnings INTO counted
    FROM (SELECT key, sum(value::bigint) AS n
          FROM meter_batch_parts p, jsonb_each_text(p.warnings)
          WHERE p.file_id = file AND p.parts = whole
          GROUP BY key) AS each_code;

    UPDATE meter_files SET
        status = CASE
            -- Also where no day is accepted: then nothing of it is in the tables.
            WHEN EXISTS (SELECT FROM meter_refusals r WHERE r.file_id = file
                         AND (level = 'FILE' OR meter_loads_whole_files_only(known.profile)
                              OR total.days = repeated.days)) THEN 'refused'
            WHEN EXISTS (SELECT FROM meter_refusals r WHERE r.file_id = file) THEN 'partial'
            ELSE 'loaded' END,
        records = total.records,
        refused_records = total.refused_records + repeated.records,
        readings = total.readings,
        refused_readings = total.refused_readings + repeated.readings,
        refused_sum = total.refused_sum + repeated.sum,
        days = total.days - repeated.days,
        first_day = total.first_day, last_day = total.last_day,
        warnings = counted, settled_at = now()
    WHERE file_id = file
    RETURNING * INTO known;
    RETURN known.status;
END $$;

-- Settle a file, and delete its days that are not kept. Changes nothing if it is called again.
CREATE OR REPLACE FUNCTION meter_settle_file(file bigint) RETURNS text
LANGUAGE plpgsql SET search_path FROM CURRENT SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    span record;
    before text;
    judged text;
    removed record;
BEGIN
    IF NOT meter_hold_kept() THEN
        RETURN meter_judge_file(file);
    END IF;
    SELECT status INTO before FROM meter_files WHERE file_id = file FOR NO KEY UPDATE;
    judged := meter_judge_file(file);
    IF judged <> 'loading' THEN
        span := meter_span(ARRAY[file]);
        PERFORM meter_blank_findings(k.nmi, k.first_day, file) FROM meter_kept_from k
        WHERE k.nmi <> '' AND (
            EXISTS (SELECT FROM meter_day_versions v WHERE v.file_id = file AND v.nmi = k.nmi
                    AND v.day BETWEEN span.first_day AND span.last_day)
            OR EXISTS (SELECT FROM meter_refused_days d WHERE d.file_id = file AND d.nmi = k.nmi)
            OR EXISTS (SELECT FROM meter_findings f WHERE f.file_id = file AND (f.nmi = k.nmi
                       OR f.nmi IS NULL AND strpos(f.message || ' ' || f.excerpt, k.nmi) > 0)));
        WITH gone AS (
            DELETE FROM meter_day_versions v USING meter_days_not_kept n
            WHERE n.file_id = file AND v.file_id = n.file_id AND v.line = n.line AND v.day = n.day
                AND n.day BETWEEN span.first_day AND span.last_day
                AND v.day BETWEEN span.first_day AND span.last_day
            RETURNING n.readings
        )
        SELECT count(*) AS days, coalesce(sum(readings), 0) AS readings INTO removed FROM gone;
        -- A batch that is applied again brings back what was counted before.
        IF before = 'loading' THEN
            UPDATE meter_files SET removed_days = removed.days, removed_readings = removed.readings
            WHERE file_id = file;
        END IF;
    END IF;
    RETURN judged;
END $$;
