-- Channels spread over all there are.
SELECT nmi, nmi_suffix FROM (
    SELECT nmi, nmi_suffix, row_number() OVER (ORDER BY nmi, nmi_suffix) AS place,
        count(*) OVER () AS whole
    FROM (SELECT DISTINCT nmi, nmi_suffix FROM meter_days) AS channels
) AS numbered
WHERE place %% greatest(1, whole / %(most)s) = 0
