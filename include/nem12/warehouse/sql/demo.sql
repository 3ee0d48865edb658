-- What `demo` shows of the tables that it has filled.

-- name: demo_readings
SELECT nmi, nmi_suffix, meter_nem_time("timestamp") AS nem_time,
    interval_minutes, consumption, uom, quality_method
FROM meter_readings ORDER BY nmi, nmi_suffix, "timestamp" LIMIT 5

-- name: demo_days
SELECT nmi, nmi_suffix, day, total_consumption, uom, readings, estimated_share
FROM meter_daily ORDER BY nmi, nmi_suffix, day LIMIT 8
