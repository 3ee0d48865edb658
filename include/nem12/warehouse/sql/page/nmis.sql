-- The NMIs that begin so, one probe of the key each: the days between are not read.
WITH RECURSIVE found AS (
    (SELECT nmi, 1 AS number FROM meter_days
     WHERE nmi > %(after)s AND nmi >= %(prefix)s ORDER BY nmi LIMIT 1)
    UNION ALL
    SELECT next.nmi, found.number + 1
    FROM found CROSS JOIN LATERAL (
        SELECT nmi FROM meter_days WHERE nmi > found.nmi ORDER BY nmi LIMIT 1
    ) next
    WHERE found.number < %(most)s AND left(next.nmi, length(%(prefix)s::text)) = %(prefix)s
)
SELECT nmi FROM found WHERE left(nmi, length(%(prefix)s::text)) = %(prefix)s ORDER BY nmi
