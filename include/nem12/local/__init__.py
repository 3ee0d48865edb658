"""PostgreSQL and Airflow on one machine, for `up` and `demo`: what the extra `local` is for."""
