-- Months of readings, oldest first.
SELECT month, attached, readings, bytes FROM meter_months ORDER BY month
