-- This month of NEM time and so many after it.
SELECT meter_ensure_months(ARRAY(
    SELECT (date_trunc('month', now() AT TIME ZONE 'Australia/Brisbane')
        + n * interval '1 month')::date
    FROM generate_series(0, %(ahead)s) AS n)) AS made
