-- A table of many channel-days, made of one that was loaded: what is copied has all columns of the day,
-- whatever they are, but for what tells it from others. The one is found first: joined to the copies, it
-- may be looked for once for each of them.

-- name: copied_files
-- A file for each day, which holds all channels.
INSERT INTO meter_files
WITH template AS MATERIALIZED (SELECT f AS file FROM meter_files f WHERE f.name = %(name)s)
SELECT copy.*
FROM template
CROSS JOIN generate_series(%(first)s::date, %(last)s::date, interval '1 day') AS each (day)
CROSS JOIN LATERAL jsonb_populate_record(template.file, jsonb_build_object(
    'file_id', each.day::date - date '1970-01-01', 'sha256', md5(each.day::text) || md5('day' || each.day),
    'name', 'day ' || each.day::date, 'first_day', each.day::date, 'last_day', each.day::date,
    'days', %(channels)s, 'readings', %(channels)s, 'records', %(channels)s)) AS copy

-- name: copied_versions
-- In the order in which they come: day after day.
INSERT INTO meter_day_versions
WITH template AS MATERIALIZED (
    SELECT v AS version FROM meter_day_versions v JOIN meter_files f USING (file_id) WHERE f.name = %(name)s
)
SELECT copy.*
FROM template
CROSS JOIN generate_series(%(first)s::date, %(last)s::date, interval '1 day') AS each (day)
CROSS JOIN generate_series(1, %(channels)s) AS channel
CROSS JOIN LATERAL jsonb_populate_record(template.version, jsonb_build_object(
    'nmi', '7' || lpad(channel::text, 9, '0'), 'day', each.day::date,
    'file_id', each.day::date - date '1970-01-01', 'line', channel, 'last_line', channel)) AS copy

-- name: copied_days
INSERT INTO meter_days
WITH template AS MATERIALIZED (
    SELECT d AS in_force FROM meter_days d JOIN meter_files f USING (file_id) WHERE f.name = %(name)s
)
SELECT copy.*
FROM template
CROSS JOIN generate_series(%(first)s::date, %(last)s::date, interval '1 day') AS each (day)
CROSS JOIN generate_series(1, %(channels)s) AS channel
CROSS JOIN LATERAL jsonb_populate_record(template.in_force, jsonb_build_object(
    'nmi', '7' || lpad(channel::text, 9, '0'), 'day', each.day::date,
    'file_id', each.day::date - date '1970-01-01', 'line', channel)) AS copy

-- name: copied_readings
-- One for each day.
INSERT INTO meter_readings
WITH template AS MATERIALIZED (
    SELECT r AS reading
    FROM meter_files f JOIN meter_days d USING (file_id) JOIN meter_readings r USING (nmi, nmi_suffix)
    WHERE f.name = %(name)s
)
SELECT copy.*
FROM template
CROSS JOIN generate_series(%(first)s::date, %(last)s::date, interval '1 day') AS each (day)
CROSS JOIN generate_series(1, %(channels)s) AS channel
CROSS JOIN LATERAL jsonb_populate_record(template.reading, jsonb_build_object(
    'id', meter_id_prefix('7' || lpad(channel::text, 9, '0'), (template.reading).nmi_suffix, each.day::date) || '0000',
    'nmi', '7' || lpad(channel::text, 9, '0'), 'timestamp', meter_midnight(each.day::date))) AS copy

-- name: months
SELECT meter_ensure_months(array_agg(DISTINCT day::date))
FROM generate_series(%(first)s::date, %(last)s::date, interval '1 day') AS day

-- name: ask_as_at
SELECT count(*) FROM meter_readings_as_at(now()) WHERE nmi = %(nmi)s

-- name: ask_channel
SELECT count(*) FROM meter_readings
WHERE nmi = %(nmi)s AND "timestamp" >= meter_midnight(%(first)s) AND "timestamp" < meter_midnight(%(last)s)

-- name: ask_day
SELECT count(*) FROM meter_readings
WHERE "timestamp" >= meter_midnight(%(last)s) AND "timestamp" < meter_midnight(%(last)s::date + 1)

-- name: ask_conflicts
SELECT count(*) FROM meter_conflicts WHERE nmi = %(nmi)s

-- name: ask_withdrawal
SELECT meter_withdraw_file(%(last)s::date - date '1970-01-01')

-- name: ask_purge
SELECT day_versions FROM meter_purge_nmi(%(nmi)s, 'infinity')

-- name: ask_removal
SELECT meter_remove_months(%(next_month)s, false)

-- name: temporary
SELECT temp_bytes FROM pg_stat_database WHERE datname = current_database()
