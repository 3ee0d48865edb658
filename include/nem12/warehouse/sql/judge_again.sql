-- A refused file comes again under another profile or reader: what was said of it does not count
-- any more. The row stays, since earlier drops refer to it.
WITH again AS (
    UPDATE meter_files
    SET status = 'loading', profile = %(profile)s, reader_version = %(reader_version)s,
        settled_at = NULL
    WHERE file_id = %(file_id)s AND status = 'refused'
    RETURNING file_id
), without_parts AS (
    DELETE FROM meter_batch_parts p USING again WHERE p.file_id = again.file_id
), without_rejects AS (
    DELETE FROM meter_rejects r USING again WHERE r.file_id = again.file_id
)
DELETE FROM meter_warnings w USING again WHERE w.file_id = again.file_id
