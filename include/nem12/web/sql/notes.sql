-- Notes about refusals.

-- fragment: asked_again
-- Whether something of a file is asked for again: by the newest note about it.
sha256 IN (
    SELECT sha256 FROM (
        SELECT DISTINCT ON (sha256, line, code) sha256, asked_again
        FROM meter_notes ORDER BY sha256, line, code, note_id DESC
    ) newest WHERE asked_again
)

-- name: add_note
INSERT INTO meter_notes (sha256, line, code, note, asked_again, written_by)
VALUES (%(sha256)s, %(line)s, %(code)s, %(note)s, %(asked_again)s, %(by)s)
RETURNING note_id, written_at, written_by, sha256, line, code, note, asked_again

-- name: finding_known
SELECT line FROM meter_findings
WHERE file_id = %(file_id)s AND line = %(line)s AND code = %(code)s LIMIT 1

-- name: notes_of_file
SELECT note_id, written_at, written_by, sha256, line, code, note, asked_again
FROM meter_notes WHERE sha256 = %(sha256)s AND note_id < %(before)s
ORDER BY note_id DESC LIMIT %(most)s

-- name: notes_about
-- Notes about these lines of files, the newest first.
SELECT n.note_id, n.written_at, n.written_by, n.sha256, n.line, n.code, n.note, n.asked_again
FROM (
    SELECT DISTINCT sha256, line FROM unnest(%(hashes)s::text[], %(lines)s::bigint[]) AS a (sha256, line)
) about
JOIN meter_notes n USING (sha256, line)
ORDER BY n.note_id DESC LIMIT %(most)s

-- name: noted
-- The newest note about each refusal, the newest first, with what it is about, and how many of its days
-- have got a version since.
SELECT n.note_id, n.written_at, n.written_by, n.sha256, n.line, n.code, n.note, n.asked_again,
    (SELECT count(*) FROM meter_notes m
     WHERE (m.sha256, m.line, m.code) = (n.sha256, n.line, n.code)) AS notes,
    f.name AS file, f.status, r.level, r.message, r.nmi, r.nmi_suffix, r.day, r.last_day,
    (SELECT count(*) FROM meter_days d JOIN meter_files g USING (file_id)
     WHERE d.nmi = r.nmi AND d.nmi_suffix = r.nmi_suffix AND d.day BETWEEN r.day AND r.last_day
        AND g.seen_at > n.written_at) AS days_since
FROM meter_notes n
LEFT JOIN meter_files f USING (sha256)
LEFT JOIN LATERAL (
    SELECT level, message, nmi, nmi_suffix, day, last_day FROM meter_findings
    WHERE file_id = f.file_id AND line = n.line AND code = n.code LIMIT 1
) r ON true
WHERE n.note_id < %(before)s AND (n.asked_again OR NOT %(asked_again)s)
    AND NOT EXISTS (
        SELECT FROM meter_notes m
        WHERE (m.sha256, m.line, m.code) = (n.sha256, n.line, n.code) AND m.note_id > n.note_id)
ORDER BY n.note_id DESC LIMIT %(most)s
