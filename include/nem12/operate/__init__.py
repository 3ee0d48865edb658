"""What an operator does with loaded data: redrive, retention, purge, verify."""
