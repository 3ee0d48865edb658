"""What Airflow runs: sensor and trigger, the tasks of a load, the batch operator, assets."""
