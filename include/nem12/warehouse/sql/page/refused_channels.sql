-- The suffixes of an NMI that something was refused of, one probe each.
WITH RECURSIVE channel AS (
    (SELECT nmi_suffix FROM meter_rejects WHERE nmi = %(nmi)s AND nmi_suffix IS NOT NULL
     ORDER BY nmi_suffix LIMIT 1)
    UNION ALL
    SELECT (SELECT r.nmi_suffix FROM meter_rejects r
            WHERE r.nmi = %(nmi)s AND r.nmi_suffix > channel.nmi_suffix
            ORDER BY r.nmi_suffix LIMIT 1)
    FROM channel WHERE channel.nmi_suffix IS NOT NULL
)
SELECT nmi_suffix FROM channel WHERE nmi_suffix IS NOT NULL
