"""How hypothesis searches, and what is left out where only pytest and hypothesis are installed.

The pure tests need no environment of this project:

    python3 -m venv /tmp/pure
    /tmp/pure/bin/pip install -c constraints.txt pytest pytest-timeout hypothesis
    PYTHONPATH=include /tmp/pure/bin/python -m pytest -q -m "not slow" tests/unit
"""

import os
from importlib.util import find_spec
from typing import Final

from hypothesis import HealthCheck, settings

settings.register_profile(
    "nem12",
    deadline=None,  # a busy machine is no failure
    max_examples=100,
    derandomize=os.environ.get("CI") == "true",
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,  # examples may share a folder
        HealthCheck.too_slow,
    ],
)
settings.load_profile("nem12")

NEEDS: Final = {
    "alembic": ["test_schema.py"],
    "psycopg": [
        "test_conf.py", "test_index.py", "test_page.py", "test_stage.py", "test_sweep.py",
        "test_validate.py",
    ],
    "rich": [
        "test_cli_environment.py", "test_cli_pure.py", "test_cli_staging.py", "test_generate.py",
        "test_home.py", "test_notifiers.py",
    ],
    "upath": ["test_storage.py"],
    "yaml": ["test_deployment.py"],
}  # fmt: skip
"""What is more than pure, by the package it needs. `manage.py test` installs them all."""

MISSING: Final = [package for package in NEEDS if find_spec(package) is None]

collect_ignore = [name for package in MISSING for name in NEEDS[package]]


def pytest_report_header() -> list[str]:
    """Say what is left out."""
    return [f"not installed: {name}, left out: {', '.join(NEEDS[name])}" for name in MISSING]
