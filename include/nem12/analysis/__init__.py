"""Questions about the readings: how much there is, what has changed. Only reads."""
