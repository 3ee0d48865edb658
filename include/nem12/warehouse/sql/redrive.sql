-- What can be read again; drops.sql has the statements that put it back.

-- name: refused_drops
-- The newest state of each drop that failed, or of which a file is refused now; or is partial by one
-- of these profiles. A drop waits with `judge_as` where it was put back and nobody has taken it yet.
WITH wanted AS (
    SELECT m.drop_id, array_agg(f.name ORDER BY m.member) AS names
    FROM meter_drop_files m JOIN meter_files f USING (file_id)
    WHERE (f.status = 'refused' OR (f.status = 'partial' AND f.profile = ANY(%(partial_by)s)))
        AND (%(code)s::text IS NULL OR EXISTS (
            SELECT FROM meter_refusals r WHERE r.file_id = f.file_id AND r.code = %(code)s))
    GROUP BY m.drop_id
)
SELECT DISTINCT ON (coalesce(d.kept_at, d.uri))
    -- include: open_drop
    , d.state = 'failed' AS failed, coalesce(w.names, '{}') AS names
FROM meter_drops d LEFT JOIN wanted w USING (drop_id)
WHERE (%(since)s::timestamptz IS NULL OR d.claimed_at >= %(since)s)
    AND ((d.state = 'failed' AND (%(code)s::text IS NULL OR w.drop_id IS NOT NULL))
        OR (d.state = 'waiting' AND d.judge_as IS NOT NULL AND w.drop_id IS NOT NULL)
        -- Not if a run is about to load it again from where it is kept.
        OR (d.state = 'settled' AND d.kept_at IS NOT NULL AND w.drop_id IS NOT NULL
            AND NOT EXISTS (
                SELECT FROM meter_drops o WHERE o.uri = d.kept_at AND o.state <> 'settled')))
ORDER BY coalesce(d.kept_at, d.uri), d.settled_at DESC NULLS FIRST

-- name: refused_by_hand
-- Refused files that came in no drop: `parse_data` read them where they are.
SELECT count(*) AS found, min(f.name) AS first FROM meter_files f
WHERE f.status = 'refused'
    AND NOT EXISTS (SELECT FROM meter_drop_files m WHERE m.file_id = f.file_id)
    AND (%(code)s::text IS NULL OR EXISTS (
        SELECT FROM meter_refusals r WHERE r.file_id = f.file_id AND r.code = %(code)s))
