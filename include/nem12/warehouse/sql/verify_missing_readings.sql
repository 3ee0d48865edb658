-- Readings that the versions in force give and the table has not.
SELECT * FROM (
    SELECT * FROM meter_expected_readings
    EXCEPT ALL
    SELECT nmi, nmi_suffix, "timestamp", interval_minutes, consumption, uom, quality_method
    FROM meter_readings
) AS missing LIMIT 1
