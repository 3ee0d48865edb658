SELECT last_day FROM meter_files
WHERE last_day IS NOT NULL AND status IN ('loaded', 'partial')
ORDER BY last_day DESC LIMIT 1
