-- A drop that was recorded and moved, and not marked.
UPDATE meter_drops SET state = 'settled', settled_at = now(), message = ''
WHERE drop_id = %(drop_id)s AND claim = %(claim)s AND state <> 'settled' AND kept_at IS NOT NULL
    AND outcome <> 'failed'
RETURNING drop_id
