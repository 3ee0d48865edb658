"""What an operator does with what was loaded: redrive, retention, purge, verify."""
