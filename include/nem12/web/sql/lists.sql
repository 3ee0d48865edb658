-- Lists in an order that no index has: the newest `looked_at` rows that match are sorted, and a page goes on
-- after a place in that order.

-- fragment: in_order
-- The place of a row: by a text or a number, up or down, then the newest first.
row_number() OVER (ORDER BY
        CASE WHEN NOT %(down)s THEN text_key END, CASE WHEN %(down)s THEN text_key END DESC,
        CASE WHEN NOT %(down)s THEN number_key END, CASE WHEN %(down)s THEN number_key END DESC,
        newest_key DESC, tie) AS place

-- name: sorted_files
-- Files by when they arrived, when they were created or which days they hold, of an NMI or of all.
WITH newest AS (
    SELECT f.* FROM unnest(%(statuses)s::text[]) AS wanted
    CROSS JOIN LATERAL (
        SELECT * FROM meter_files
        WHERE status = wanted AND (%(dates)s <> 'arrived'
            OR seen_at >= %(first)s::timestamptz AND seen_at < %(end)s::timestamptz)
        ORDER BY seen_at DESC, file_id DESC LIMIT %(looked_at)s
    ) f
    ORDER BY seen_at DESC, file_id DESC LIMIT %(looked_at)s
), keyed AS (
    SELECT newest.*, seen_at AS newest_key, file_id::text AS tie,
        CASE %(sort)s WHEN 'name' THEN lower(name) WHEN 'sender' THEN lower(from_participant) END AS text_key,
        CASE %(sort)s WHEN 'arrived' THEN extract(epoch FROM seen_at) WHEN 'size' THEN size
            WHEN 'readings' THEN readings - refused_readings WHEN 'days' THEN days
            WHEN 'refused' THEN refused_records END AS number_key
    FROM newest
    WHERE (position(lower(%(text)s) IN lower(name)) > 0
            OR position(lower(%(text)s) IN lower(from_participant)) > 0)
        AND CASE %(dates)s
            WHEN 'created' THEN coalesce(header_date_time >= %(first)s::timestamptz
                AND header_date_time < %(end)s::timestamptz, false)
            WHEN 'holds' THEN coalesce(meter_midnight(last_day) >= %(first)s::timestamptz
                AND meter_midnight(first_day) < %(end)s::timestamptz, false)
            ELSE true END
        AND (%(nmi)s = '' OR file_id IN (
            SELECT file_id FROM meter_day_versions WHERE nmi = %(nmi)s
            UNION SELECT file_id FROM meter_refusals WHERE nmi = %(nmi)s
            UNION SELECT file_id FROM meter_refused_days WHERE nmi = %(nmi)s))
        AND (NOT %(asked_again)s OR
            -- include: asked_again
        )
), placed AS (
    SELECT keyed.*,
    -- include: in_order
    FROM keyed
)
SELECT
    -- include: file_row
    , place
FROM placed WHERE place > %(place)s ORDER BY place LIMIT %(most)s

-- name: sorted_drops
-- Drops that are not settled, by a part of their name.
WITH keyed AS (
    SELECT d.*, drop_id::text AS tie, claimed_at AS newest_key,
        CASE %(sort)s WHEN 'name' THEN lower(uri) WHEN 'state' THEN state END AS text_key,
        CASE %(sort)s WHEN 'landed' THEN extract(epoch FROM claimed_at) WHEN 'size' THEN size END AS number_key
    FROM meter_drops d
    WHERE meter_is_open(state) AND state = ANY(%(states)s)
        AND (%(run)s::text = '' OR run = %(run)s)
        AND position(lower(%(text)s) IN lower(uri)) > 0
    ORDER BY drop_id DESC LIMIT %(looked_at)s
), placed AS (
    SELECT keyed.*,
    -- include: in_order
    FROM keyed
)
SELECT drop_id, uri, size, profile, state, attempt, claimed_at, not_before, run, message, place
FROM placed WHERE place > %(place)s ORDER BY place LIMIT %(most)s

-- name: problems
-- Refusals of the newest files that have any, up to `each_file` of one file.
WITH newest AS (
    SELECT f.* FROM unnest(ARRAY['partial', 'refused']) AS wanted
    CROSS JOIN LATERAL (
        SELECT * FROM meter_files
        WHERE status = wanted AND seen_at >= %(first)s::timestamptz AND seen_at < %(end)s::timestamptz
        ORDER BY seen_at DESC, file_id DESC LIMIT %(looked_at)s
    ) f
    WHERE position(lower(%(text)s) IN lower(name)) > 0
        OR position(lower(%(text)s) IN lower(from_participant)) > 0
    ORDER BY seen_at DESC, file_id DESC LIMIT %(looked_at)s
), keyed AS (
    SELECT f.sha256, f.name AS file, f.from_participant, f.seen_at, r.line, r.level, r.code, r.nmi, r.nmi_suffix,
        r.day, r.last_day, r.field, r.message,
        f.seen_at AS newest_key, lpad(r.line::text, 12, '0') || r.code AS tie,
        CASE %(sort)s WHEN 'file' THEN lower(f.name) WHEN 'sender' THEN lower(f.from_participant)
            WHEN 'nmi' THEN coalesce(r.nmi || coalesce(r.nmi_suffix, ''), '') WHEN 'code' THEN r.code END AS text_key,
        CASE %(sort)s WHEN 'arrived' THEN extract(epoch FROM f.seen_at)
            WHEN 'day' THEN r.day - DATE '1900-01-01' END AS number_key
    FROM newest f
    CROSS JOIN LATERAL (
        SELECT * FROM meter_refusals r
        WHERE r.file_id = f.file_id AND %(code)s IN ('', r.code) AND %(level)s IN ('', r.level)
            AND (%(nmi)s = '' OR r.nmi = %(nmi)s)
        ORDER BY r.line, r.code LIMIT %(each_file)s
    ) r
    LIMIT %(sorted)s
), placed AS (
    SELECT keyed.*,
    -- include: in_order
    FROM keyed
)
SELECT sha256, file, from_participant, seen_at, line, level, code, nmi, nmi_suffix, day, last_day, field, message, place
FROM placed WHERE place > %(place)s ORDER BY place LIMIT %(most)s

-- name: runs
-- Load runs with what became of their drops, of the newest drops.
WITH newest AS (
    SELECT * FROM meter_drops WHERE run <> '' ORDER BY drop_id DESC LIMIT %(looked_at)s
), counted AS (
    SELECT run, max(drop_id) AS drop_id, min(claimed_at) AS began_at, max(settled_at) AS settled_at,
        count(*) AS drops, count(*) FILTER (WHERE outcome = 'loaded') AS loaded,
        count(*) FILTER (WHERE outcome = 'partial') AS partial,
        count(*) FILTER (WHERE outcome = 'refused') AS refused,
        count(*) FILTER (WHERE outcome = 'duplicate') AS duplicate,
        count(*) FILTER (WHERE state = 'failed' OR outcome = 'failed') AS failed,
        count(*) FILTER (WHERE state IN ('claimed', 'running', 'waiting')) AS unsettled
    FROM newest
    WHERE position(lower(%(text)s) IN lower(run)) > 0
    GROUP BY run
), keyed AS (
    SELECT c.*, lpad(drop_id::text, 20, '0') AS newest_key, run AS tie,
        CASE %(sort)s WHEN 'run' THEN lower(run) END AS text_key,
        CASE %(sort)s WHEN 'began' THEN extract(epoch FROM began_at) WHEN 'drops' THEN drops
            WHEN 'refused' THEN refused + partial WHEN 'failed' THEN failed END AS number_key
    FROM counted c
    WHERE CASE %(outcome)s WHEN '' THEN true WHEN 'loaded' THEN loaded > 0 WHEN 'partial' THEN partial > 0
        WHEN 'refused' THEN refused > 0 WHEN 'duplicate' THEN duplicate > 0 WHEN 'failed' THEN failed > 0
        ELSE unsettled > 0 END
        AND began_at >= %(first)s::timestamptz AND began_at < %(end)s::timestamptz
), placed AS (
    SELECT keyed.*,
    -- include: in_order
    FROM keyed
)
SELECT run, began_at, settled_at, drops, loaded, partial, refused, duplicate, failed, unsettled, place
FROM placed WHERE place > %(place)s ORDER BY place LIMIT %(most)s

-- name: sorted_nmis
-- NMIs that begin so with their channels and days, one probe of the key for each.
WITH RECURSIVE found AS (
    (SELECT nmi, 1 AS number FROM meter_days WHERE nmi >= %(prefix)s ORDER BY nmi LIMIT 1)
    UNION ALL
    SELECT next.nmi, found.number + 1
    FROM found CROSS JOIN LATERAL (
        SELECT nmi FROM meter_days WHERE nmi > found.nmi ORDER BY nmi LIMIT 1
    ) next
    WHERE found.number < %(looked_at)s AND left(next.nmi, length(%(prefix)s::text)) = %(prefix)s
), keyed AS (
    SELECT f.nmi, c.channels, c.first_day, c.last_day, f.nmi AS tie, 0 AS newest_key,
        CASE %(sort)s WHEN 'nmi' THEN f.nmi END AS text_key,
        CASE %(sort)s WHEN 'channels' THEN c.channels WHEN 'first' THEN c.first_day - DATE '1900-01-01'
            WHEN 'newest' THEN c.last_day - DATE '1900-01-01' END AS number_key
    FROM found f
    CROSS JOIN LATERAL (
        WITH RECURSIVE suffix AS (
            (SELECT d.nmi_suffix FROM meter_days d WHERE d.nmi = f.nmi ORDER BY d.nmi_suffix LIMIT 1)
            UNION ALL
            SELECT (SELECT d.nmi_suffix FROM meter_days d
                    WHERE d.nmi = f.nmi AND d.nmi_suffix > suffix.nmi_suffix
                    ORDER BY d.nmi_suffix LIMIT 1)
            FROM suffix WHERE suffix.nmi_suffix IS NOT NULL
        )
        SELECT count(*) AS channels,
            min((SELECT d.day FROM meter_days d WHERE d.nmi = f.nmi AND d.nmi_suffix = suffix.nmi_suffix
                 ORDER BY d.day LIMIT 1)) AS first_day,
            max((SELECT d.day FROM meter_days d WHERE d.nmi = f.nmi AND d.nmi_suffix = suffix.nmi_suffix
                 ORDER BY d.day DESC LIMIT 1)) AS last_day
        FROM suffix WHERE suffix.nmi_suffix IS NOT NULL
    ) c
    WHERE left(f.nmi, length(%(prefix)s::text)) = %(prefix)s
), placed AS (
    SELECT keyed.*,
    -- include: in_order
    FROM keyed
)
SELECT nmi, channels, first_day, last_day, place
FROM placed WHERE place > %(place)s ORDER BY place LIMIT %(most)s

-- name: senders
-- What each sender delivered in the newest files: how much was refused, and how many days after its newest
-- day a file came.
WITH newest AS (
    SELECT f.* FROM unnest(ARRAY['loaded', 'partial', 'refused']) AS wanted
    CROSS JOIN LATERAL (
        SELECT * FROM meter_files
        WHERE status = wanted AND seen_at >= %(first)s::timestamptz AND seen_at < %(end)s::timestamptz
        ORDER BY seen_at DESC, file_id DESC LIMIT %(looked_at)s
    ) f
), counted AS (
    SELECT from_participant AS sender, count(*) AS files, count(*) FILTER (WHERE status = 'partial') AS partial,
        count(*) FILTER (WHERE status = 'refused') AS refused, sum(readings)::bigint AS readings,
        sum(refused_readings)::bigint AS refused_readings, max(seen_at) AS newest_at,
        round(avg(meter_nem_day(seen_at) - last_day), 1) AS days_late
    FROM newest
    WHERE position(lower(%(text)s) IN lower(from_participant)) > 0
    GROUP BY from_participant
), keyed AS (
    SELECT c.*, newest_at AS newest_key, sender AS tie,
        CASE %(sort)s WHEN 'sender' THEN lower(sender) END AS text_key,
        CASE %(sort)s WHEN 'files' THEN files WHEN 'refused' THEN refused + partial
            WHEN 'readings' THEN refused_readings WHEN 'newest' THEN extract(epoch FROM newest_at)
            WHEN 'late' THEN coalesce(days_late, -1) END AS number_key
    FROM counted c
), placed AS (
    SELECT keyed.*,
    -- include: in_order
    FROM keyed
)
SELECT sender, files, partial, refused, readings, refused_readings, newest_at, days_late, place
FROM placed WHERE place > %(place)s ORDER BY place LIMIT %(most)s
