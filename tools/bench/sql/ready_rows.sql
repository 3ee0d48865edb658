COPY (
    SELECT * FROM meter_readings
    WHERE %(day)s::date IS NULL
        OR ("timestamp" >= %(day)s::date::timestamp AT TIME ZONE 'Australia/Brisbane'
            AND "timestamp" < (%(day)s::date + 1)::timestamp AT TIME ZONE 'Australia/Brisbane')
    ORDER BY nmi, nmi_suffix, "timestamp"
) TO STDOUT
