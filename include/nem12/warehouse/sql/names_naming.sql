-- Names of files and places in the ledger that have an NMI in them.
SELECT name FROM meter_files WHERE strpos(name, %(nmi)s) > 0
UNION
SELECT member FROM meter_drop_files WHERE strpos(member, %(nmi)s) > 0
UNION
SELECT coalesce(kept_at, uri) FROM meter_drops
WHERE strpos(uri, %(nmi)s) > 0 OR strpos(kept_at, %(nmi)s) > 0
ORDER BY name
