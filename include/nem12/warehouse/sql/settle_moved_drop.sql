-- A drop that was recorded and moved, and not marked.
UPDATE meter_drops
SET state = 'settled', judge_as = NULL, settled_at = now(), message = %(problem)s,
    kept_at = CASE WHEN %(problem)s = '' THEN kept_at END
WHERE drop_id = %(drop_id)s AND claim = %(claim)s AND state <> 'settled' AND outcome <> 'failed'
RETURNING drop_id
