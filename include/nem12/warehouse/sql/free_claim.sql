-- The run of a claim is gone: what it left is freed like the drops of a run that failed.
SELECT drop_id FROM meter_drops WHERE claim = %(claim)s AND state IN ('claimed', 'running')
