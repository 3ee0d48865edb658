-- A drop that is gone: settled by the run that moved it, or taken away or changed by its sender.
UPDATE meter_drops
SET state = 'settled', outcome = coalesce(outcome, 'failed'), settled_at = now(), kept_at = NULL,
    judge_as = NULL,
    message = CASE WHEN outcome IS NULL THEN 'gone or changed before it was loaded' ELSE message END
WHERE drop_id = %(drop_id)s AND claim = %(claim)s AND state <> 'settled'
RETURNING begun
