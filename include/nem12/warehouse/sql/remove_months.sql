SELECT meter_remove_months(%(first_day)s, %(keep_tables)s) AS day_versions
