-- The meters, registers, units and interval lengths that a channel has had.
SELECT meter_serial, register_id, uom, interval_minutes, min(day) AS first_day,
    max(day) AS last_day, count(*) AS days
FROM meter_days
WHERE nmi = %(nmi)s AND nmi_suffix = %(nmi_suffix)s
GROUP BY meter_serial, register_id, uom, interval_minutes
ORDER BY first_day, last_day LIMIT %(most)s
