-- What users do on the page.

-- name: note_act
INSERT INTO meter_acts (act, acted_by, name, sha256, uri, size, detail)
VALUES (%(act)s, %(by)s, %(name)s, %(sha256)s, %(uri)s, %(size)s, %(detail)s)
RETURNING act_id

-- name: acts
-- The newest first.
SELECT a.act_id, a.acted_at, a.acted_by, a.act, a.name, a.sha256, a.detail,
    EXISTS (SELECT FROM meter_files f WHERE f.sha256 = a.sha256) AS known
FROM meter_acts a WHERE a.act_id < %(act_id)s
ORDER BY a.act_id DESC LIMIT %(most)s

-- name: uploads
-- Uploads, the newest first, each with the drop that it became: the first that was claimed under its
-- name since. A name that is free again may be another file's later.
SELECT a.act_id AS upload_id, a.acted_at AS uploaded_at, a.acted_by AS uploaded_by, a.name, a.size,
    a.sha256, d.drop_id, d.state, d.outcome, d.run, d.message
FROM meter_acts a
LEFT JOIN LATERAL (
    SELECT drop_id, state, outcome, run, message FROM meter_drops
    WHERE uri = a.uri AND size = a.size AND claimed_at >= a.acted_at
    ORDER BY drop_id LIMIT 1
) d ON true
WHERE a.act = 'upload' AND a.act_id < %(before)s AND a.act_id >= %(first)s
ORDER BY a.act_id DESC LIMIT %(most)s

-- name: drop_files
-- The files of a drop.
SELECT m.member AS name, m.outcome, f.sha256, f.status
FROM meter_drop_files m JOIN meter_files f USING (file_id)
WHERE m.drop_id = %(drop_id)s
ORDER BY m.member LIMIT %(most)s
