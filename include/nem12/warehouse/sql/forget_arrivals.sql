DELETE FROM meter_arrivals WHERE seen_at < now() - %(days)s * interval '1 day'
