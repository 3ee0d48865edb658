-- When a file was delivered.
CREATE OR REPLACE FUNCTION meter_delivered_at(file bigint) RETURNS timestamptz
LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT delivered_at FROM meter_files WHERE file_id = file;
END;

-- THE ORDER of the versions of a day: the greatest one is in force. One expression, which the planner can
-- inline; it looks the time of delivery up only where a date is missing.
CREATE OR REPLACE FUNCTION meter_precedence(v meter_day_versions) RETURNS meter_precedence
LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT ROW(
        -v.update_rank,
        coalesce(v.update_date_time, meter_delivered_at(v.file_id)),
        coalesce(v.msats_load_date_time, '-infinity'),
        coalesce(v.header_date_time, meter_delivered_at(v.file_id)),
        v.file_id,
        -v.line
    )::meter_precedence;
END;

-- Whether two versions of a day are equal in all that the sender says about their order.
CREATE OR REPLACE FUNCTION meter_same_stamps(v meter_day_versions, o meter_day_versions)
RETURNS boolean
LANGUAGE sql IMMUTABLE BEGIN ATOMIC
    SELECT v.update_rank = o.update_rank
        AND v.update_date_time IS NOT DISTINCT FROM o.update_date_time
        AND v.msats_load_date_time IS NOT DISTINCT FROM o.msats_load_date_time;
END;

-- Whether they give the same readings.
CREATE OR REPLACE FUNCTION meter_same_readings(v meter_day_versions, o meter_day_versions)
RETURNS boolean
LANGUAGE sql IMMUTABLE BEGIN ATOMIC
    SELECT (v.interval_minutes, v.uom, v.uom_exponent, v.interval_values, v.event_start_intervals,
            v.event_quality_methods, CASE WHEN v.event_start_intervals IS NULL THEN v.quality_method END)
        IS NOT DISTINCT FROM
        (o.interval_minutes, o.uom, o.uom_exponent, o.interval_values, o.event_start_intervals,
            o.event_quality_methods, CASE WHEN o.event_start_intervals IS NULL THEN o.quality_method END);
END;

-- Whether `o`, of another file, contradicts `v`: it gives other readings, and only the time of delivery
-- or the hash can tell which of them is newer.
CREATE OR REPLACE FUNCTION meter_contradicts(o meter_day_versions, v meter_day_versions)
RETURNS boolean
LANGUAGE sql IMMUTABLE BEGIN ATOMIC
    SELECT o.file_id <> v.file_id
        AND meter_same_stamps(o, v)
        AND coalesce(o.header_date_time = v.header_date_time, true)
        AND NOT meter_same_readings(o, v);
END;

-- The highest version of each day whose stamp is not later than an instant, without days that are not kept:
-- files that are not settled may still have some.
CREATE OR REPLACE FUNCTION meter_versions_as_at(instant timestamptz) RETURNS SETOF meter_day_versions
LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT DISTINCT ON (v.nmi, v.nmi_suffix, v.day) v.* FROM meter_day_versions v
    WHERE coalesce(v.update_date_time, meter_delivered_at(v.file_id)) <= instant
        AND v.day >= coalesce((SELECT first_day FROM meter_kept_from WHERE nmi = ''), v.day)
        AND NOT EXISTS (SELECT FROM meter_kept_from k WHERE k.nmi = v.nmi AND v.day < k.first_day)
    ORDER BY v.nmi, v.nmi_suffix, v.day, meter_precedence(v) DESC;
END;

-- The readings that were in force at an instant. No SET clause, so that the planner can inline it and read
-- only what a query needs.
CREATE OR REPLACE FUNCTION meter_readings_as_at(instant timestamptz)
RETURNS TABLE (nmi varchar, nmi_suffix varchar, "timestamp" timestamptz, interval_minutes smallint,
    consumption numeric, uom varchar, quality_method varchar)
LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT r.* FROM meter_versions_as_at(instant) v CROSS JOIN LATERAL meter_version_readings(v) r;
END;

-- The version of each day that has to be in force, and the readings that meter_readings has to hold.
CREATE OR REPLACE VIEW meter_highest_versions AS SELECT * FROM meter_versions_as_at('infinity');

CREATE OR REPLACE VIEW meter_expected_readings AS
SELECT r.* FROM meter_versions_as_at('infinity') v CROSS JOIN LATERAL meter_version_readings(v) r;
