"""`doctor` asks the Airflow of its environment by its own tables."""

import json
import subprocess
import sys
from pathlib import Path

from nem12 import settings
from nem12.local.embedded import Server
from tests.dags.conftest import airflow_environment


def asked(env: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Health and remedy by subject; of several, the last."""
    done = subprocess.run(
        [sys.executable, "-m", "nem12.doctor.scheduling"],
        env=env,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {row["subject"]: (row["health"], row["remedy"]) for row in rows}


def test_an_airflow_that_was_just_made_lacks_what_is_named(
    migrated: Path, server: Server, tmp_path: Path
) -> None:
    env = {**airflow_environment(migrated), "METER_HOME": str(tmp_path)}
    found = asked(env)
    faults = {subject for subject, (health, _) in found.items() if health == "fault"}
    assert faults == {"dags", "pool", "scheduler", "triggerer", "dag_processor", "meter_db"}
    assert found["pool"][1].startswith(f"airflow pools set meter_db {settings.writers()} ")
    assert "docs/deploying.md" in found["meter_db"][1]
    assert found["meter_db_reader"] == found["airflow version"] == ("ok", "")

    env["AIRFLOW_CONN_METER_DB"] = server.airflow_connection(settings.LOADER_ROLE)
    assert asked(env)["meter_db"] == ("ok", "")
