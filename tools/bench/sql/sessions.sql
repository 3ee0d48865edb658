-- People's and programs' sessions; autovacuum's come and go on their own.
SELECT pid FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'
