-- The channels of an NMI, one probe of the key each, with their first and their newest day.
WITH RECURSIVE found AS (
    (SELECT nmi_suffix FROM meter_days WHERE nmi = %(nmi)s ORDER BY nmi_suffix LIMIT 1)
    UNION ALL
    SELECT next.nmi_suffix
    FROM found CROSS JOIN LATERAL (
        SELECT nmi_suffix FROM meter_days
        WHERE nmi = %(nmi)s AND nmi_suffix > found.nmi_suffix ORDER BY nmi_suffix LIMIT 1
    ) next
)
SELECT found.nmi_suffix, first.day AS first_day, newest.day AS last_day, newest.uom,
    newest.interval_minutes, newest.meter_serial, newest.register_id
FROM found
CROSS JOIN LATERAL (
    SELECT day FROM meter_days WHERE nmi = %(nmi)s AND nmi_suffix = found.nmi_suffix
    ORDER BY day LIMIT 1
) first
CROSS JOIN LATERAL (
    SELECT day, uom, interval_minutes, meter_serial, register_id FROM meter_days
    WHERE nmi = %(nmi)s AND nmi_suffix = found.nmi_suffix
    ORDER BY day DESC LIMIT 1
) newest
ORDER BY found.nmi_suffix
