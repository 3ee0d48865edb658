-- Files by status since an instant; those that are loading whenever they came.
SELECT status, count(*) AS files FROM meter_files
WHERE status = 'loading' OR (status IN ('loaded', 'partial', 'refused') AND seen_at >= %(since)s)
GROUP BY status
