-- What is in force in a span of days of a channel: how many days, the first three files by name and how many
-- files there are; for a single day also its version.
CREATE OR REPLACE FUNCTION meter_in_force(channel text, suffix text, first date, last date)
RETURNS TABLE (days_in_force bigint, in_force_files text[], files_in_force bigint, in_force_file text,
    in_force_sha256 text, in_force_line bigint,
    in_force_at timestamptz)
LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT count(*), (array_agg(DISTINCT f.name))[:3], count(DISTINCT file_id), min(f.name), min(f.sha256), min(d.line),
        min(coalesce(d.update_date_time, f.delivered_at))
    FROM meter_days d JOIN meter_files f USING (file_id)
    WHERE d.nmi = channel AND d.nmi_suffix = suffix AND d.day BETWEEN first AND last;
END;

-- All readings in force, made from the days: rows of a month need not be there. Filter by day: of a condition
-- on "timestamp" the server cannot derive the days, and would make the readings of all. Arrays are expanded
-- side by side, and what costs time is one level above, for queries that do not ask for it. Versions are looked
-- up by key: a join would read those of all months, since only meter_days has the condition on the day.
CREATE OR REPLACE VIEW meter_readings_all AS
SELECT (meter_id_prefix(nmi, nmi_suffix, day)
        || lpad(to_hex((number - 1) * interval_minutes), 4, '0'))::uuid AS id,
    nmi, nmi_suffix, day, "timestamp", interval_minutes,
    CASE uom_exponent WHEN 0 THEN value ELSE value * 10.0 ^ uom_exponent END AS consumption, uom,
    CASE WHEN event_start_intervals IS NULL THEN quality_method
         ELSE event_quality_methods[width_bucket(number, event_start_intervals)] END AS quality_method,
    file_id, line
FROM (
    SELECT d.nmi, d.nmi_suffix, d.day, d.file_id, d.line, v.interval_minutes, v.uom, v.uom_exponent,
        v.quality_method, v.event_start_intervals, v.event_quality_methods,
        generate_series(1, 1440 / v.interval_minutes)::smallint AS number,
        generate_series(
            meter_midnight(d.day),
            meter_midnight(d.day) + interval '24 hours' - interval '1 minute' * v.interval_minutes,
            interval '1 minute' * v.interval_minutes) AS "timestamp",
        unnest(v.interval_values) AS value
    FROM meter_days d
    CROSS JOIN LATERAL (
        SELECT v.interval_minutes, v.uom, v.uom_exponent, v.quality_method, v.event_start_intervals,
            v.event_quality_methods, v.interval_values
        FROM meter_day_versions v
        WHERE v.nmi = d.nmi AND v.nmi_suffix = d.nmi_suffix AND v.day = d.day AND v.file_id = d.file_id
            AND v.line = d.line
        OFFSET 0
    ) AS v
) AS expanded;

COMMENT ON VIEW meter_readings_all IS
    'Every reading in force with its NEM day, made from the days in force. Filter by day, not by timestamp.';

-- Daily values of every channel, by NEM day, made from the days: a condition on the day or the channel is one
-- on the key of meter_days. Sums only of units that add up (energy, not power).
CREATE OR REPLACE VIEW meter_daily AS
SELECT nmi, nmi_suffix, day, uom,
    CASE WHEN meter_adds_up(uom) THEN sum(consumption) END AS total_consumption,
    round(avg(consumption), 6) AS average_consumption,
    min(consumption) AS minimum_consumption,
    max(consumption) AS maximum_consumption,
    count(*) AS readings,
    round(count(*) FILTER (WHERE meter_is_estimated(quality_method))::numeric / count(*), 4)
        AS estimated_share
FROM meter_readings_all
GROUP BY nmi, nmi_suffix, day, uom;

COMMENT ON VIEW meter_daily IS
    'Daily totals of each channel; estimated_share: part of the readings that are estimated or substituted.';

-- Readings with the delivery that they come from.
CREATE OR REPLACE VIEW meter_reading_sources AS
SELECT r.*, d.meter_serial_number, d.register_id,
    coalesce(d.update_date_time, f.delivered_at) AS update_date_time, f.name AS file, f.sha256, d.line
FROM meter_readings r
JOIN meter_days d ON d.nmi = r.nmi AND d.nmi_suffix = r.nmi_suffix
    AND d.day = meter_nem_day(r."timestamp")
JOIN meter_files f USING (file_id);

COMMENT ON VIEW meter_reading_sources IS 'Every reading with the file and line it comes from.';

-- Contradicted days, each with the deliveries that contradict each other.
CREATE OR REPLACE VIEW meter_conflicts AS
SELECT d.nmi, d.nmi_suffix, d.day, v.update_rank, v.update_date_time, v.msats_load_date_time,
    array_agg(o.file_id ORDER BY meter_precedence(o) DESC) AS file_ids,
    array_agg(o.line ORDER BY meter_precedence(o) DESC) AS lines
FROM meter_days d
JOIN meter_day_versions v ON v.file_id = d.file_id AND v.line = d.line AND v.day = d.day
JOIN meter_day_versions o ON o.nmi = d.nmi AND o.nmi_suffix = d.nmi_suffix AND o.day = d.day
    AND ((o.file_id, o.line) = (v.file_id, v.line) OR meter_contradicts(o, v))
WHERE d.contradicted
GROUP BY d.nmi, d.nmi_suffix, d.day, v.update_rank, v.update_date_time, v.msats_load_date_time;

COMMENT ON VIEW meter_conflicts IS
    'Days on which only the time of delivery or the hash decides between different readings with the '
    'same stamps: a fault of the sender. The first of file_ids and lines is in force.';

-- Which meter a channel had, from which day to which: each stretch of days in force, as they follow each
-- other, under 200 records of one content. Days that are missing do not end a stretch.
CREATE OR REPLACE VIEW meter_channels AS
SELECT s.nmi, s.nmi_suffix, s.first_day, s.last_day, s.days, s.meter_serial_number, s.register_id,
    r.nmi_configuration, r.mdm_data_stream, s.uom, s.interval_minutes
FROM (
    SELECT nmi, nmi_suffix, min(day) AS first_day, max(day) AS last_day, count(*) AS days, record_id,
        meter_serial_number, register_id, uom, interval_minutes
    FROM (
        SELECT d.nmi, d.nmi_suffix, d.day, v.record_id, v.meter_serial_number, v.register_id, v.uom,
            v.interval_minutes,
            row_number() OVER (PARTITION BY d.nmi, d.nmi_suffix ORDER BY d.day)
                - row_number() OVER (PARTITION BY d.nmi, d.nmi_suffix, v.record_id, v.meter_serial_number,
                    v.register_id, v.uom, v.interval_minutes ORDER BY d.day) AS stretch
        FROM meter_days d JOIN meter_day_versions v USING (nmi, nmi_suffix, day, file_id, line)
    ) AS days
    GROUP BY nmi, nmi_suffix, stretch, record_id, meter_serial_number, register_id, uom, interval_minutes
) AS s
LEFT JOIN LATERAL (SELECT * FROM meter_200s r WHERE r.record_id = s.record_id LIMIT 1) AS r ON true;

COMMENT ON VIEW meter_channels IS
    'Meter, register and configuration of each channel, with the first and last day of each stretch.';

-- All findings.
CREATE OR REPLACE VIEW meter_findings AS
SELECT file_id, line, level, code, nmi, nmi_suffix, day, last_day, field, message, excerpt,
    first_line, last_line
FROM meter_refusals
UNION ALL
SELECT file_id, line, 'WARN', code, nmi, nmi_suffix, day, last_day, field, message, excerpt, line, line
FROM meter_warnings;

COMMENT ON VIEW meter_findings IS 'Refusals, and the warnings that are kept.';
