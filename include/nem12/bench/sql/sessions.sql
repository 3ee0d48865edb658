SELECT pid FROM pg_stat_activity WHERE datname = %s
