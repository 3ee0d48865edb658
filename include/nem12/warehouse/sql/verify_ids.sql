-- Readings whose id is not made of their NMI, suffix and timestamp.
SELECT nmi, nmi_suffix, "timestamp", id FROM meter_readings
WHERE id <> (meter_id_prefix(nmi, nmi_suffix, ("timestamp" AT TIME ZONE 'Australia/Brisbane')::date)
    || lpad(to_hex((extract(epoch FROM "timestamp" AT TIME ZONE 'Australia/Brisbane')
        / 60)::bigint % 1440), 4, '0'))::uuid
LIMIT 1
