"""The command line: `python3 manage.py …`."""
