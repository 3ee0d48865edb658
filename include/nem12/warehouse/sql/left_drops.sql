SELECT drop_id, uri, size, mtime_ns, identity, profile, sha256, kept_at,
    CASE WHEN state = 'settled' THEN extract(epoch FROM now() - settled_at)::float8 END AS seconds
FROM meter_drops WHERE drop_id = ANY(%(drop_ids)s)
