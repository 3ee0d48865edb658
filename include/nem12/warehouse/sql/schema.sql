-- What `migrate` has made, and what is built on it.

-- name: record_schema
INSERT INTO meter_schema (revision, fingerprint, package, objects)
VALUES (%(revision)s, %(fingerprint)s, %(package)s, %(objects)s)
ON CONFLICT (one) DO UPDATE SET revision = excluded.revision, fingerprint = excluded.fingerprint,
    package = excluded.package, objects = excluded.objects, migrated_at = now()

-- name: schema_objects
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

-- name: schema_built_on
-- A function or view, and what is built on it, directly or not: views by their rules, functions by
-- their bodies, both by the type that a view's rows have.
WITH RECURSIVE built (classid, objid) AS (
    SELECT %(classid)s::oid, %(objid)s::oid
    UNION
    SELECT CASE WHEN w.oid IS NULL THEN d.classid ELSE 'pg_class'::regclass::oid END,
        coalesce(w.ev_class, d.objid)
    FROM built b
    JOIN pg_depend d ON d.refclassid = b.classid AND d.refobjid = b.objid
    LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
)
SELECT b.classid, b.objid,
    CASE WHEN p.pronamespace = current_schema()::regnamespace THEN 'FUNCTION ' || p.proname
         WHEN c.relnamespace = current_schema()::regnamespace AND c.relkind = 'v'
         THEN 'VIEW ' || c.relname
         ELSE '' END AS name,
    coalesce(p.oid::regprocedure::text, c.oid::regclass::text, '') AS signature,
    pg_describe_object(b.classid, b.objid, 0) AS described
FROM built b
LEFT JOIN pg_proc p ON b.classid = 'pg_proc'::regclass AND p.oid = b.objid
LEFT JOIN pg_class c ON b.classid = 'pg_class'::regclass AND c.oid = b.objid
-- Types, indexes and the like come and go with what they belong to.
WHERE p.oid IS NOT NULL OR c.relkind IN ('v', 'm', 'r', 'p', 'f')
    OR b.classid IN ('pg_attrdef'::regclass, 'pg_constraint'::regclass, 'pg_policy'::regclass,
        'pg_trigger'::regclass)
