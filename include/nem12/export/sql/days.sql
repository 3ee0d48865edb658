-- Days as files hold them: values to the last digit, stamps as delivered, in NEM time.

-- fragment: day
v.nmi, v.nmi_suffix, v.day, v.interval_minutes, v.uom, v.uom_exponent, v.register_id, v.meter_serial_number,
-- Of a day that was loaded before 200 records were stored, what its version knows.
coalesce(r.nmi_configuration, v.nmi_suffix) AS nmi_configuration, coalesce(r.mdm_data_stream, '') AS mdm_data_stream,
coalesce(to_char(v.next_scheduled_read_date, 'YYYYMMDD'), '') AS next_scheduled_read_date,
array_to_string(v.interval_values, ',') AS interval_values,
v.quality_method, v.reason_code, v.reason_description,
v.event_start_intervals, v.event_quality_methods, v.event_reason_codes, v.event_reason_descriptions,
-- Of ranks 1 and 2 the stamp is another's, in the place of an UpdateDateTime that was not delivered.
CASE WHEN v.update_rank IN (0, 3) THEN to_char(meter_nem_time(v.update_date_time), 'YYYYMMDDHH24MISS') END
    AS update_date_time,
to_char(meter_nem_time(v.msats_load_date_time), 'YYYYMMDDHH24MISS') AS msats_load_date_time,
f.name AS file, v.line

-- fragment: record_200
LEFT JOIN LATERAL (SELECT * FROM meter_200s r WHERE r.record_id = v.record_id LIMIT 1) AS r ON true

-- fragment: asked_for
WHERE (%(nmis)s::text[] IS NULL OR v.nmi = ANY(%(nmis)s::text[]))
    AND (%(first)s::date IS NULL OR v.day >= %(first)s::date)
    AND (%(last)s::date IS NULL OR v.day <= %(last)s::date)

-- fragment: in_order
ORDER BY v.nmi, v.nmi_suffix, v.day

-- name: days
-- In force.
SELECT
-- include: day
FROM meter_days d
JOIN meter_day_versions v USING (nmi, nmi_suffix, day, file_id, line)
JOIN meter_files f ON f.file_id = d.file_id
-- include: record_200
-- include: asked_for
-- include: in_order

-- name: days_as_at
-- In force at an instant.
SELECT
-- include: day
FROM meter_versions_as_at(%(as_at)s) v
JOIN meter_files f ON f.file_id = v.file_id
-- include: record_200
-- include: asked_for
-- include: in_order

-- name: months
-- First days of the months in which there are days.
SELECT DISTINCT date_trunc('month', v.day::timestamp)::date AS month
FROM meter_days v
-- include: asked_for
ORDER BY 1

-- name: count_days
SELECT count(*) FROM meter_days v
-- include: asked_for
