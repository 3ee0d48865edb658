-- Days that nothing delivers any more: their file was withdrawn.
DELETE FROM meter_daily_totals t
WHERE NOT EXISTS (
    SELECT FROM meter_days d
    WHERE d.nmi = t.nmi AND d.nmi_suffix = t.nmi_suffix AND d.day = t.day
)
RETURNING day
