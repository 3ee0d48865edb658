"""Registers the page where the package is on PYTHONPATH but not installed.

An installed package registers it itself, by its entry point; twice would be an error of Airflow's.
"""

from importlib.metadata import entry_points

if not entry_points(group="airflow.plugins", name="nem12"):
    from nem12.airflow.plugin import Nem12Plugin  # noqa: F401 - Airflow looks for it here
