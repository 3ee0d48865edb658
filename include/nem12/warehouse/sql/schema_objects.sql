-- Functions and views of ours by their names, such as 'VIEW meter_daily'.
SELECT classid, objid, kind || ' ' || name AS name, signature,
    pg_describe_object(classid, objid, 0) AS described
FROM (
    SELECT 'pg_proc'::regclass::oid AS classid, oid AS objid, 'FUNCTION' AS kind, proname AS name,
        oid::regprocedure::text AS signature
    FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
    UNION ALL
    SELECT 'pg_class'::regclass::oid, oid, 'VIEW', relname, oid::regclass::text
    FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'v'
) AS objects
WHERE kind || ' ' || name = ANY(%(names)s::text[])
