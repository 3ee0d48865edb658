"""The page inside Airflow: what is loaded, what was refused and why, the readings.

`questions` queries the database; `api` gives the answers as JSON, `pages` as HTML; `actions`
changes things. `app` puts them together, behind Airflow's login.
"""
