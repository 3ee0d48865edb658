"""PostgreSQL and Airflow on one machine, for `up` and `demo`; needs the extra `local`."""
