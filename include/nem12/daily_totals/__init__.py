"""The table `meter_daily_totals`: a consumer of the feed of changes, which nothing else needs."""
