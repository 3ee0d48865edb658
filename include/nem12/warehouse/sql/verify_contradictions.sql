-- Days of which it is not noted, or noted without reason, that they are contradicted.
SELECT d.nmi, d.nmi_suffix, d.day, d.contradicted
FROM meter_days d
LEFT JOIN (
    SELECT DISTINCT v.nmi, v.nmi_suffix, v.day
    FROM meter_day_versions o
    JOIN meter_day_versions v USING (nmi, nmi_suffix, day)
    JOIN meter_days d ON d.file_id = v.file_id AND d.line = v.line
    WHERE meter_contradicts(o, v)
) AS c USING (nmi, nmi_suffix, day)
WHERE d.contradicted <> (c.nmi IS NOT NULL)
LIMIT 1
