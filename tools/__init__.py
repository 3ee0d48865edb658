"""What measures, makes data and runs the tests: for a checkout, not part of what is installed."""
