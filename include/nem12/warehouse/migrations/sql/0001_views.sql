-- Daily values of every channel, in NEM days; sums only of what adds up (energy, not power).
CREATE VIEW meter_daily AS
SELECT nmi, nmi_suffix, ("timestamp" AT TIME ZONE 'Australia/Brisbane')::date AS day, uom,
    CASE WHEN uom IN ('kWh', 'kVArh', 'kVAh') THEN sum(consumption) END AS total_consumption,
    round(avg(consumption), 6) AS average_consumption,
    min(consumption) AS minimum_consumption,
    max(consumption) AS maximum_consumption,
    count(*) AS readings,
    round(count(*) FILTER (WHERE quality_method ~ '^[EFS]')::numeric / count(*), 4)
        AS estimated_share
FROM meter_readings
GROUP BY nmi, nmi_suffix, day, uom;

COMMENT ON VIEW meter_daily IS
    'Daily totals of each channel; estimated_share: part of the readings that are E, F or S.';

-- Where a reading comes from.
CREATE VIEW meter_reading_sources AS
SELECT r.*, d.meter_serial, d.register_id, d.updated_at, f.name AS file, f.sha256, d.line
FROM meter_readings r
JOIN meter_days d ON d.nmi = r.nmi AND d.nmi_suffix = r.nmi_suffix
    AND d.day = (r."timestamp" AT TIME ZONE 'Australia/Brisbane')::date
JOIN meter_files f USING (file_id);

COMMENT ON VIEW meter_reading_sources IS 'Every reading with the file and line it comes from.';

-- Deliveries that contradict each other: equal stamps, other values.
CREATE VIEW meter_conflicts AS
SELECT nmi, nmi_suffix, day, update_missing, updated_at, msats_loaded_at,
    array_agg(file_id ORDER BY file_id, line) AS file_ids,
    array_agg(line ORDER BY file_id, line) AS lines
FROM meter_day_versions
GROUP BY nmi, nmi_suffix, day, update_missing, updated_at, msats_loaded_at
HAVING count(DISTINCT (interval_minutes, uom, uom_exponent, interval_values)) > 1;

COMMENT ON VIEW meter_conflicts IS
    'Versions of a day with equal stamps and other values: a fault of the sender.';

-- Of each day the highest version whose stamp is not later than an instant. The same order as in
-- meter_decide_days, which cannot use this: it looks at a few days only.
CREATE FUNCTION meter_versions_as_at(instant timestamptz) RETURNS SETOF meter_day_versions
LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT DISTINCT ON (nmi, nmi_suffix, day) * FROM meter_day_versions
    WHERE updated_at <= instant
    ORDER BY nmi, nmi_suffix, day, update_missing, updated_at DESC,
        msats_loaded_at DESC NULLS LAST, file_created_at DESC, file_id DESC, line;
END;

-- The readings of a day version. Made another way than in meter_put_readings, where speed counts,
-- so that each can be held against the other.
CREATE FUNCTION meter_version_readings(v meter_day_versions)
RETURNS TABLE (nmi varchar, nmi_suffix varchar, "timestamp" timestamptz, interval_minutes smallint,
    consumption numeric, uom varchar, quality_method varchar)
LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT v.nmi, v.nmi_suffix,
        v.day::timestamp AT TIME ZONE 'Australia/Brisbane'
            + interval '1 minute' * v.interval_minutes * (number - 1),
        v.interval_minutes,
        CASE v.uom_exponent WHEN 0 THEN value ELSE value * 10.0 ^ v.uom_exponent END,
        v.uom,
        CASE WHEN v.event_starts IS NULL THEN v.quality_method
             ELSE v.event_qualities[width_bucket(number::smallint, v.event_starts)] END
    FROM unnest(v.interval_values) WITH ORDINALITY AS u (value, number);
END;

-- The readings that were in force at an instant.
CREATE FUNCTION meter_readings_as_at(instant timestamptz)
RETURNS TABLE (nmi varchar, nmi_suffix varchar, "timestamp" timestamptz, interval_minutes smallint,
    consumption numeric, uom varchar, quality_method varchar)
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT r.* FROM meter_versions_as_at(instant) v CROSS JOIN LATERAL meter_version_readings(v) r
$$;

-- The version of each day that has to be in force, and the readings that meter_readings has to hold.
CREATE VIEW meter_highest_versions AS SELECT * FROM meter_versions_as_at('infinity');

CREATE VIEW meter_expected_readings AS
SELECT r.* FROM meter_versions_as_at('infinity') v CROSS JOIN LATERAL meter_version_readings(v) r;
