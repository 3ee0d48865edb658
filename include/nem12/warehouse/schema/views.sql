-- Daily values of every channel, in NEM days; sums only of what adds up (energy, not power).
CREATE OR REPLACE VIEW meter_daily AS
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
CREATE OR REPLACE VIEW meter_reading_sources AS
SELECT r.*, d.meter_serial, d.register_id, d.updated_at, f.name AS file, f.sha256, d.line
FROM meter_readings r
JOIN meter_days d ON d.nmi = r.nmi AND d.nmi_suffix = r.nmi_suffix
    AND d.day = (r."timestamp" AT TIME ZONE 'Australia/Brisbane')::date
JOIN meter_files f USING (file_id);

COMMENT ON VIEW meter_reading_sources IS 'Every reading with the file and line it comes from.';

-- Deliveries that contradict each other: equal stamps, other values.
CREATE OR REPLACE VIEW meter_conflicts AS
SELECT nmi, nmi_suffix, day, update_missing, updated_at, msats_loaded_at,
    array_agg(file_id ORDER BY file_id, line) AS file_ids,
    array_agg(line ORDER BY file_id, line) AS lines
FROM meter_day_versions
GROUP BY nmi, nmi_suffix, day, update_missing, updated_at, msats_loaded_at
HAVING count(DISTINCT (interval_minutes, uom, uom_exponent, interval_values)) > 1;

COMMENT ON VIEW meter_conflicts IS
    'Versions of a day with equal stamps and other values: a fault of the sender.';

-- Everything that is said about the lines of files.
CREATE OR REPLACE VIEW meter_findings AS
SELECT file_id, line, level, code, nmi, nmi_suffix, day, last_day, field, message, excerpt,
    first_line, last_line
FROM meter_rejects
UNION ALL
SELECT file_id, line, 'WARN', code, nmi, nmi_suffix, day, last_day, field, message, excerpt, line, line
FROM meter_warnings;

COMMENT ON VIEW meter_findings IS 'Refusals, and the warnings that are kept.';
