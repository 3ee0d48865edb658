"""A real Airflow, one process for each DAG run, on a metadata file migrated once."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nem12 import settings
from nem12.local import embedded
from nem12.local.embedded import Server
from nem12.warehouse.migrate import migrate_schema
from tests.support.servers import Warehouse

RUN_DAG = Path(__file__).parent / "run_dag.py"

Run = Callable[..., dict[str, Any]]


def airflow_environment(airflow_home: Path) -> dict[str, str]:
    """The environment of an Airflow of its own in this folder."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("AIRFLOW")}
    return {
        **kept,
        "AIRFLOW_HOME": str(airflow_home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(settings.CHECKOUT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(settings.CHECKOUT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        # Named, since the airflow.cfg of a copied home names the original's.
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{airflow_home}/airflow.db",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }


def put(path: Path, data: bytes) -> None:
    """Write a file that has been there for a while."""
    path.write_bytes(data)
    a_while_ago = time.time() - 2 * settings.CLOCK_DOUBT_SECONDS
    os.utime(path, (a_while_ago, a_while_ago))


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An AIRFLOW_HOME with a migrated metadata file, to be copied."""
    folder = tmp_path_factory.mktemp("airflow")
    subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"],
        env=airflow_environment(folder),
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture(scope="session")
def shared_server() -> Iterator[Server]:
    """An embedded server for the readings of these tests."""
    root = Path(tempfile.mkdtemp(prefix="nem12-test-"))
    # So that the server's account reaches its data, and nothing is left elsewhere.
    root.chmod(0o755)
    home = settings.Home.below(root)
    with embedded.server(home) as running:
        migrate_schema(running.uri(settings.OWNER_ROLE))
        yield running
    shutil.rmtree(root)


@pytest.fixture
def server(shared_server: Server) -> Server:
    """The same with empty tables: what an earlier test did would be taken for this one's."""
    Warehouse(shared_server, settings.DATABASE).empty()
    return shared_server


@pytest.fixture
def home(own_home: Path) -> settings.FolderHome:
    """The folders of this test."""
    return settings.Home.below(own_home).make()


@pytest.fixture
def run_dag(migrated: Path, server: Server, home: settings.FolderHome, tmp_path: Path) -> Run:
    """Run a DAG with `dag.test()`; gives its state, the tasks' states, XComs and events."""
    airflow_home = tmp_path / "airflow"
    shutil.copytree(migrated, airflow_home)
    env = {
        **airflow_environment(airflow_home),
        "AIRFLOW_CONN_METER_DB": server.airflow_connection(settings.LOADER_ROLE),
        "METER_HOME": str(home.root),
    }

    def run(dag_id: str, conf: dict[str, Any] | None = None, **more: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, str(RUN_DAG), dag_id, json.dumps(conf or {})],
            env={**env, **more},
            check=False,
            capture_output=True,
            text=True,
        )
        lines = [line for line in done.stdout.splitlines() if line.startswith('{"state": ')]
        assert lines, done.stdout + done.stderr
        result: dict[str, Any] = json.loads(lines[-1])
        return {**result, "log": done.stdout + done.stderr}

    return run
