SELECT count(*) AS files FROM meter_files WHERE status = 'loading'
