"""Describes this package to Airflow as a provider (entry point `apache_airflow_provider`)."""

from typing import Any

from nem12 import __version__


def get_provider_info() -> dict[str, Any]:
    """The description that `airflow providers get nem12-airflow` shows.

    The plugin is not named: its own entry point registers it, and twice would be an error.
    """
    integration = "NEM12"
    return {
        "package-name": "nem12-airflow",
        "name": "NEM12",
        "description": "Loads Australian NEM12 meter data files into PostgreSQL.",
        "versions": [__version__],
        "integrations": [
            {
                "integration-name": integration,
                "external-doc-url": "https://www.aemo.com.au/",
                "tags": ["service"],
            }
        ],
        "operators": [
            {
                "integration-name": integration,
                "python-modules": ["nem12.airflow.operators", "nem12.airflow.watch_tasks"],
            }
        ],
        "triggers": [
            {"integration-name": integration, "python-modules": ["nem12.airflow.triggers"]}
        ],
    }
