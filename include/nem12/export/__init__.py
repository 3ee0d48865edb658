"""Out again: the days in force as files of the field, exact and complete.

A consumer of the tables that nothing else imports. Days are read, never rows of `meter_readings`.
"""
