-- What people say of NMIs and channels: which are expected to deliver, and until when.

-- name: expected_nmis
-- The list of expected NMIs, and of each the channels and the newest day that have come.
SELECT e.nmi, e.label, e.first_day, e.said_by, e.said_at, newest.day AS newest_day
FROM meter_expected_nmis e
LEFT JOIN LATERAL (
    SELECT max(d.day) AS day FROM meter_days d WHERE d.nmi = e.nmi
) newest ON true
WHERE e.nmi > %(after)s AND e.nmi >= %(prefix)s AND left(e.nmi, length(%(prefix)s::text)) = %(prefix)s
ORDER BY e.nmi LIMIT %(most)s

-- name: channel_ends
SELECT nmi, nmi_suffix, last_day, said_by, said_at FROM meter_channel_ends
WHERE (nmi, nmi_suffix) > (%(nmi)s, %(nmi_suffix)s)
    AND nmi >= %(prefix)s AND left(nmi, length(%(prefix)s::text)) = %(prefix)s
ORDER BY nmi, nmi_suffix LIMIT %(most)s

-- name: said_count
SELECT (SELECT count(*) FROM meter_expected_nmis) AS expected_nmis,
    (SELECT count(*) FROM meter_channel_ends) AS channel_ends

-- name: said_of_channel
-- What was said of the end of a channel, of itself or of its whole NMI.
SELECT nmi_suffix, last_day, said_by, said_at FROM meter_channel_ends
WHERE nmi = %(nmi)s AND nmi_suffix IN ('', %(nmi_suffix)s)
ORDER BY nmi_suffix DESC LIMIT 1

-- name: put_expected_nmis
INSERT INTO meter_expected_nmis AS e (nmi, label, first_day, said_by)
SELECT nmi, label, first_day, %(said_by)s
FROM unnest(%(nmis)s::text[], %(labels)s::text[], %(first_days)s::date[]) AS new (nmi, label, first_day)
ON CONFLICT (nmi) DO UPDATE
SET label = excluded.label, first_day = excluded.first_day, said_by = excluded.said_by, said_at = now()
WHERE (e.label, e.first_day) IS DISTINCT FROM (excluded.label, excluded.first_day)

-- name: drop_other_nmis
DELETE FROM meter_expected_nmis WHERE nmi <> ALL (%(nmis)s::text[]) RETURNING nmi

-- name: put_channel_ends
INSERT INTO meter_channel_ends AS e (nmi, nmi_suffix, last_day, said_by)
SELECT nmi, nmi_suffix, last_day, %(said_by)s
FROM unnest(%(nmis)s::text[], %(nmi_suffixes)s::text[], %(last_days)s::date[])
    AS new (nmi, nmi_suffix, last_day)
ON CONFLICT (nmi, nmi_suffix) DO UPDATE
SET last_day = excluded.last_day, said_by = excluded.said_by, said_at = now()
WHERE e.last_day IS DISTINCT FROM excluded.last_day

-- name: drop_other_ends
DELETE FROM meter_channel_ends e
WHERE NOT EXISTS (
    SELECT FROM unnest(%(nmis)s::text[], %(nmi_suffixes)s::text[]) AS new (nmi, nmi_suffix)
    WHERE new.nmi = e.nmi AND new.nmi_suffix = e.nmi_suffix)
RETURNING nmi

-- name: drop_channel_end
DELETE FROM meter_channel_ends WHERE nmi = %(nmi)s AND nmi_suffix = %(nmi_suffix)s RETURNING nmi
