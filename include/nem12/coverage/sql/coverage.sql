-- Which channels lack which days.

-- name: expected_channels
-- Channels that are expected to deliver: those with a day in force, those known from refused files
-- only, and the NMIs of the list of which nothing has come, under an empty suffix. Up to `looked_at`
-- channels after a key, one probe of an index each; of these, `most` in the order asked for. A channel
-- is expected from its first day on, to the day on which it ended: somebody said so, or the meter that
-- it was read from was exchanged and no other channel of the NMI is read from it any more. The day of
-- an exchange is delivered under the new meter, so that the meter of the day before counts, too.
WITH RECURSIVE delivered AS (
    (SELECT nmi, nmi_suffix, 1 AS number FROM meter_days
     WHERE (nmi, nmi_suffix) > (%(nmi)s, %(nmi_suffix)s) AND nmi >= %(prefix)s
     ORDER BY nmi, nmi_suffix LIMIT 1)
    UNION ALL
    SELECT next.nmi, next.nmi_suffix, delivered.number + 1
    FROM delivered CROSS JOIN LATERAL (
        SELECT nmi, nmi_suffix FROM meter_days
        WHERE (nmi, nmi_suffix) > (delivered.nmi, delivered.nmi_suffix)
        ORDER BY nmi, nmi_suffix LIMIT 1
    ) next
    WHERE delivered.number < %(looked_at)s
        AND left(next.nmi, length(%(prefix)s::text)) = %(prefix)s
), refused AS (
    (SELECT nmi, nmi_suffix, 1 AS number FROM meter_refusals
     WHERE (nmi, nmi_suffix) > (%(nmi)s, %(nmi_suffix)s) AND nmi >= %(prefix)s
        AND nmi IS NOT NULL AND nmi_suffix IS NOT NULL
     ORDER BY nmi, nmi_suffix LIMIT 1)
    UNION ALL
    SELECT next.nmi, next.nmi_suffix, refused.number + 1
    FROM refused CROSS JOIN LATERAL (
        SELECT nmi, nmi_suffix FROM meter_refusals
        WHERE (nmi, nmi_suffix) > (refused.nmi, refused.nmi_suffix)
            AND nmi IS NOT NULL AND nmi_suffix IS NOT NULL
        ORDER BY nmi, nmi_suffix LIMIT 1
    ) next
    WHERE refused.number < %(looked_at)s
        AND left(next.nmi, length(%(prefix)s::text)) = %(prefix)s
), refused_with_file AS (
    (SELECT nmi, nmi_suffix, 1 AS number FROM meter_refused_days
     WHERE (nmi, nmi_suffix) > (%(nmi)s, %(nmi_suffix)s) AND nmi >= %(prefix)s
     ORDER BY nmi, nmi_suffix LIMIT 1)
    UNION ALL
    SELECT next.nmi, next.nmi_suffix, refused_with_file.number + 1
    FROM refused_with_file CROSS JOIN LATERAL (
        SELECT nmi, nmi_suffix FROM meter_refused_days
        WHERE (nmi, nmi_suffix) > (refused_with_file.nmi, refused_with_file.nmi_suffix)
        ORDER BY nmi, nmi_suffix LIMIT 1
    ) next
    WHERE refused_with_file.number < %(looked_at)s
        AND left(next.nmi, length(%(prefix)s::text)) = %(prefix)s
), never AS (
    SELECT e.nmi, '' AS nmi_suffix FROM meter_expected_nmis e
    WHERE (e.nmi, '') > (%(nmi)s, %(nmi_suffix)s)
        AND e.nmi >= %(prefix)s AND left(e.nmi, length(%(prefix)s::text)) = %(prefix)s
        AND NOT EXISTS (SELECT FROM meter_days d WHERE d.nmi = e.nmi)
        AND NOT EXISTS (SELECT FROM meter_refusals r WHERE r.nmi = e.nmi AND r.nmi_suffix IS NOT NULL)
        AND NOT EXISTS (SELECT FROM meter_refused_days r WHERE r.nmi = e.nmi)
    ORDER BY e.nmi LIMIT %(looked_at)s
), known AS (
    SELECT nmi, nmi_suffix FROM (
        SELECT nmi, nmi_suffix FROM delivered
        UNION SELECT nmi, nmi_suffix FROM refused
        UNION SELECT nmi, nmi_suffix FROM refused_with_file
        UNION SELECT nmi, nmi_suffix FROM never
    ) each_source
    WHERE left(nmi, length(%(prefix)s::text)) = %(prefix)s
    ORDER BY nmi, nmi_suffix LIMIT %(looked_at)s
), dated AS (
    SELECT k.nmi, k.nmi_suffix, newest.day AS newest_day,
        coalesce(
            (SELECT d.day FROM meter_days d WHERE d.nmi = k.nmi AND d.nmi_suffix = k.nmi_suffix
             ORDER BY d.day LIMIT 1),
            least(
                (SELECT min(r.day) FROM meter_refusals r
                 WHERE r.nmi = k.nmi AND r.nmi_suffix = k.nmi_suffix),
                (SELECT min(r.day) FROM meter_refused_days r
                 WHERE r.nmi = k.nmi AND r.nmi_suffix = k.nmi_suffix)),
            (SELECT e.first_day FROM meter_expected_nmis e WHERE e.nmi = k.nmi),
            %(first)s::date
        ) AS first_day,
        CASE WHEN said.said_at IS NOT NULL THEN said.last_day
             WHEN exchanged.yes THEN newest.day END AS last_day,
        CASE WHEN said.said_at IS NOT NULL THEN 'said' WHEN exchanged.yes THEN 'exchange' END AS end_known_by,
        said.said_by AS end_said_by, said.said_at AS end_said_at
    FROM known k
    LEFT JOIN LATERAL (
        SELECT d.day FROM meter_days d WHERE d.nmi = k.nmi AND d.nmi_suffix = k.nmi_suffix
        ORDER BY d.day DESC LIMIT 1
    ) newest ON true
    LEFT JOIN LATERAL (
        SELECT s.last_day, s.said_by, s.said_at FROM meter_channel_ends s
        WHERE s.nmi = k.nmi AND s.nmi_suffix IN ('', k.nmi_suffix)
        ORDER BY s.nmi_suffix DESC LIMIT 1
    ) said ON true
    LEFT JOIN LATERAL (
        WITH RECURSIVE sibling AS (
            (SELECT d.nmi_suffix FROM meter_days d WHERE d.nmi = k.nmi ORDER BY d.nmi_suffix LIMIT 1)
            UNION ALL
            SELECT (SELECT d.nmi_suffix FROM meter_days d
                    WHERE d.nmi = k.nmi AND d.nmi_suffix > sibling.nmi_suffix
                    ORDER BY d.nmi_suffix LIMIT 1)
            FROM sibling WHERE sibling.nmi_suffix IS NOT NULL
        ), own AS (
            SELECT serial, day, lead(serial) OVER (ORDER BY day DESC) AS serial_before
            FROM (
                SELECT d.meter_serial_number AS serial, d.day FROM meter_days d
                WHERE d.nmi = k.nmi AND d.nmi_suffix = k.nmi_suffix
                ORDER BY d.day DESC LIMIT 2
            ) last_two
        ), was AS (
            SELECT serial, day FROM own WHERE day = newest.day
            UNION ALL
            SELECT serial_before, day - 1 FROM own WHERE day = newest.day AND serial_before <> serial
        )
        SELECT true AS yes
        FROM was
        JOIN sibling ON sibling.nmi_suffix <> k.nmi_suffix
        CROSS JOIN LATERAL (
            SELECT d.meter_serial_number AS serial FROM meter_days d
            WHERE d.nmi = k.nmi AND d.nmi_suffix = sibling.nmi_suffix AND d.day <= was.day
            ORDER BY d.day DESC LIMIT 1
        ) before
        CROSS JOIN LATERAL (
            SELECT d.meter_serial_number AS serial FROM meter_days d
            WHERE d.nmi = k.nmi AND d.nmi_suffix = sibling.nmi_suffix AND d.day > newest.day
            ORDER BY d.day LIMIT 1
        ) after
        WHERE was.serial <> ''
        GROUP BY was.serial, was.day
        HAVING bool_or(before.serial = was.serial AND after.serial NOT IN ('', was.serial))
            AND NOT bool_or(after.serial = was.serial)
        LIMIT 1
    ) exchanged ON newest.day < %(last)s AND said.said_at IS NULL
), counted AS (
    SELECT d.*, greatest(d.first_day, %(first)s::date) AS first_expected_day,
        least(d.last_day, %(last)s::date) AS last_expected_day,
        (SELECT count(*) FROM meter_days m
         WHERE m.nmi = d.nmi AND m.nmi_suffix = d.nmi_suffix
            AND m.day BETWEEN %(first)s::date AND least(d.last_day, %(last)s::date)) AS days,
        CASE WHEN d.nmi_suffix = '' THEN 'never'
             WHEN d.newest_day IS NULL THEN 'refused'
             WHEN d.last_day < %(last)s::date THEN 'ended'
             WHEN d.newest_day < %(first)s::date THEN 'silent'
             ELSE 'delivering' END AS standing
    FROM dated d
), missing AS (
    SELECT c.*, greatest(0, c.last_expected_day - c.first_expected_day + 1 - c.days) AS missing_days
    FROM counted c
), placed AS (
    SELECT m.*, (SELECT count(*) FROM missing) AS looked_at,
        row_number() OVER (ORDER BY
            CASE WHEN %(sort)s = 'missing' THEN
                CASE WHEN missing_days = 0 THEN 9
                     ELSE array_position(ARRAY['delivering', 'refused', 'never', 'ended', 'silent'], standing)
                END END,
            CASE WHEN %(sort)s = 'missing' THEN -missing_days END,
            nmi, nmi_suffix) AS place
    FROM missing m
    WHERE %(standing)s IN ('', standing)
)
SELECT nmi, nmi_suffix, newest_day, first_expected_day, last_expected_day, last_day, end_known_by, end_said_by,
    end_said_at, standing, looked_at, place
FROM placed
WHERE place > %(place)s
ORDER BY place LIMIT %(most)s

-- name: coverage_days
-- The days in force of some channels in a span, with the number of intervals of each quality flag. The
-- flags come from the spans of the versions: no reading is read.
SELECT c.nmi, c.nmi_suffix, d.day,
    CASE WHEN v.event_start_intervals IS NULL
        THEN jsonb_build_object(left(v.quality_method, 1), 1440 / v.interval_minutes)
        ELSE (
            SELECT jsonb_object_agg(flag, intervals)
            FROM (
                SELECT left(quality, 1) AS flag, sum(ends - starts) AS intervals
                FROM (
                    SELECT starts, quality,
                        lead(starts, 1, 1440 / v.interval_minutes + 1) OVER (ORDER BY starts)
                            AS ends
                    FROM unnest(v.event_start_intervals::integer[], v.event_quality_methods)
                        AS span (starts, quality)
                ) AS spans
                GROUP BY 1
            ) AS flags
        ) END AS qualities
FROM unnest(%(nmis)s::text[], %(nmi_suffixes)s::text[]) AS c (nmi, nmi_suffix)
JOIN meter_days d ON d.nmi = c.nmi AND d.nmi_suffix = c.nmi_suffix
    AND d.day BETWEEN %(first)s AND %(last)s
JOIN meter_day_versions v ON v.nmi = d.nmi AND v.nmi_suffix = d.nmi_suffix AND v.day = d.day
    AND v.file_id = d.file_id AND v.line = d.line AND v.day BETWEEN %(first)s AND %(last)s
ORDER BY c.nmi, c.nmi_suffix, d.day

-- name: failed_drops
-- Drops that failed for good, the newest first: what they hold is not known, and may be what is missing.
SELECT drop_id, uri, message, claimed_at FROM meter_drops
WHERE meter_is_open(state) AND state = 'failed'
ORDER BY drop_id DESC LIMIT %(most)s
