-- Also those whose run never got to begin: nobody else will free them.
SELECT drop_id, uri, size, mtime_ns, identity, profile, claimed_at, attempt
FROM meter_drops WHERE claim = %(claim)s AND state IN ('claimed', 'running')
ORDER BY drop_id
