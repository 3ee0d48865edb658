-- The run of a claim begins, or tries again. No rows: there is nothing left for it to do.
UPDATE meter_drops SET state = 'running', run = %(run)s
WHERE claim = %(claim)s AND state IN ('claimed', 'running')
RETURNING drop_id, uri, size, mtime_ns, identity, profile
