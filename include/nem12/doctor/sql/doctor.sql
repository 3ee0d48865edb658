-- What a database says about itself. Nothing here changes anything.

-- name: server
SELECT current_setting('server_version') AS version,
    current_setting('server_version_num')::integer AS number,
    current_user::text AS login, current_database()::text AS database,
    (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS is_superuser,
    pg_is_in_recovery() AS is_standby, current_setting('server_encoding') AS encoding,
    clock_timestamp() AS now,
    current_setting('max_connections')::integer AS connections,
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connected

-- name: settings
-- As a session begins with them; our connections change some for themselves. Sizes in bytes.
SELECT name,
    CASE unit WHEN 'kB' THEN (reset_val::bigint * 1024)::text
              WHEN '8kB' THEN (reset_val::bigint * 8192)::text
              WHEN 'MB' THEN (reset_val::bigint * 1048576)::text
              ELSE reset_val END AS value
FROM pg_settings
WHERE name IN ('max_locks_per_transaction', 'max_connections', 'max_prepared_transactions', 'work_mem',
    'max_wal_size', 'checkpoint_timeout', 'fsync', 'full_page_writes', 'synchronous_commit',
    'standard_conforming_strings', 'TimeZone')

-- name: nem_zone
-- Whether the server knows the zone of NEM time, and as what it is.
SELECT timestamptz '2024-01-01 00:00+10' = timezone('Australia/Brisbane', timestamp '2024-01-01 00:00')
    AS is_right

-- name: roles
SELECT rolname AS name, rolsuper OR rolcreaterole OR rolbypassrls AS is_mighty
FROM pg_roles WHERE rolname = ANY(%(roles)s::text[])

-- name: missing_rights
-- Tables and views of ours on which a role lacks a right that the schema gives it.
SELECT role, array_agg(c.relname::text ORDER BY c.relname) AS relations
FROM pg_class c
JOIN pg_class files ON files.oid = to_regclass('meter_files') AND files.relnamespace = c.relnamespace
CROSS JOIN unnest(%(roles)s::text[]) AS role
WHERE c.relname = ANY(%(changed)s::text[] || %(added)s::text[] || %(read)s::text[])
    AND NOT (has_table_privilege(role, c.oid, 'SELECT') AND (
        role <> %(loader)s OR c.relname = ANY(%(read)s::text[])
        OR has_table_privilege(role, c.oid, 'INSERT') AND (
            c.relname = ANY(%(added)s::text[])
            OR has_table_privilege(role, c.oid, 'UPDATE') AND has_table_privilege(role, c.oid, 'DELETE'))))
GROUP BY role
ORDER BY role

-- name: months
-- Months that a statement over all readings has to lock.
SELECT count(*) AS attached FROM pg_inherits WHERE inhparent = to_regclass('meter_readings')

-- name: open_schema
-- Whether everybody may make functions beside ours.
SELECT current_schema()::text AS name,
    has_schema_privilege('public', current_schema(), 'CREATE') AS is_open
