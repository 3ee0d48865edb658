-- Readings of the table that no version in force gives.
SELECT * FROM (
    SELECT nmi, nmi_suffix, "timestamp", interval_minutes, consumption, uom, quality_method
    FROM meter_readings
    EXCEPT ALL
    SELECT * FROM meter_expected_readings
) AS surplus LIMIT 1
