-- Where deliveries are kept once they are settled.

-- name: kept_drops_of
-- Where deliveries are kept whose files have a header DateTime in a span: the profile that read them last,
-- their SHA-256 (the name that they are kept by begins with it), and where they landed.
SELECT d.kept_at, (array_agg(d.profile ORDER BY d.settled_at DESC))[1] AS profile,
    max(d.sha256) AS sha256, array_agg(DISTINCT d.uri) AS uris
FROM meter_files f
JOIN meter_drop_files m USING (file_id)
JOIN meter_drops d USING (drop_id)
WHERE f.header_date_time >= %(since)s AND f.header_date_time < %(before)s AND d.kept_at IS NOT NULL
GROUP BY d.kept_at
ORDER BY d.kept_at

-- name: kept_lately
-- Deliveries that were kept in the last days, the newest state of each; without those that are about to be
-- loaded again.
SELECT DISTINCT ON (d.kept_at) d.drop_id, d.uri, d.size, d.mtime_ns, d.identity, d.profile, d.sha256,
    d.kept_at, d.settled_at
FROM meter_drops d
WHERE d.state = 'settled' AND d.kept_at IS NOT NULL AND d.sha256 IS NOT NULL
    AND d.settled_at > now() - %(days)s * interval '1 day'
    AND NOT EXISTS (SELECT FROM meter_drops o WHERE o.uri = d.kept_at AND o.state <> 'settled')
ORDER BY d.kept_at, d.settled_at DESC

-- name: kept_content
-- Where the content of settled drops is kept, oldest place first; `loaded`: of some of it there are
-- readings. A withdrawn file has no row in meter_drop_files. Where files stay in the landing folder,
-- the newest drop of a place says what lies there.
SELECT d.sha256, array_agg(d.kept_at ORDER BY d.settled_at, d.drop_id) AS places,
    array_agg(d.size ORDER BY d.settled_at, d.drop_id) AS sizes,
    array_agg(d.mtime_ns ORDER BY d.settled_at, d.drop_id) AS mtimes,
    array_agg(d.identity ORDER BY d.settled_at, d.drop_id) AS identities,
    bool_or(d.outcome IN ('loaded', 'partial') AND EXISTS (
        SELECT FROM meter_drop_files f WHERE f.drop_id = d.drop_id)) AS loaded
FROM meter_drops d
WHERE d.state = 'settled' AND d.kept_at IS NOT NULL AND d.sha256 IS NOT NULL
    AND NOT EXISTS (SELECT FROM meter_drops newer WHERE newer.kept_at = d.kept_at
                    AND (newer.settled_at, newer.drop_id) > (d.settled_at, d.drop_id))
GROUP BY d.sha256
ORDER BY min(d.kept_at)

-- name: kept_places
SELECT DISTINCT d.kept_at, f.sha256
FROM meter_drop_files m JOIN meter_drops d USING (drop_id) JOIN meter_files f USING (file_id)
WHERE m.file_id = %(file_id)s AND d.kept_at IS NOT NULL

-- name: left_drops
SELECT drop_id, uri, size, mtime_ns, identity, profile, sha256, kept_at,
    CASE WHEN state = 'settled' THEN extract(epoch FROM now() - settled_at)::float8 END AS seconds
FROM meter_drops WHERE drop_id = ANY(%(drop_ids)s)

-- name: last_profiles
-- The profile that read the deliveries at these places last.
SELECT DISTINCT ON (kept_at) kept_at, profile FROM meter_drops
WHERE kept_at = ANY(%(uris)s)
ORDER BY kept_at, settled_at DESC

-- name: not_kept_any_more
UPDATE meter_drops SET kept_at = NULL, message = %(message)s WHERE kept_at = %(kept_at)s

-- name: grown_from
-- Earlier states of the same file on disk that were shorter and held one file; the longest first.
SELECT now.drop_id, d.drop_id AS before, d.size, d.sha256, m.file_id
FROM meter_drops now
JOIN meter_drops d ON d.identity = now.identity AND d.size < now.size AND d.drop_id < now.drop_id
JOIN LATERAL (
    SELECT min(file_id) AS file_id FROM meter_drop_files WHERE drop_id = d.drop_id
    HAVING count(*) = 1
) AS m ON true
WHERE now.claim = %(claim)s AND now.state IN ('claimed', 'running') AND d.sha256 IS NOT NULL
ORDER BY now.drop_id, d.size DESC
