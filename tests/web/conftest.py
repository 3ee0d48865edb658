"""The page in a real Airflow on a real PostgreSQL, asked over HTTP."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from nem12 import settings
from tests.dags.conftest import airflow_environment
from tests.support.servers import Databases, Warehouse, embedded_server
from tests.web import cases

UPLOAD_MB = 2
"""Of the served page: more than one piece that is written at a time."""

SERVE = Path(__file__).parent / "serve_airflow.py"


@dataclass(frozen=True)
class Site:
    """A served page.

    Attributes:
        url: Of Airflow.
        tokens: By role.
        routes: Method and path of every route of the page.
        warehouse: What it shows.
        home: Where the loaded cases lie.
        environment: Airflow's.
    """

    url: str
    tokens: dict[str, str]
    routes: list[tuple[str, str]]
    warehouse: Warehouse
    home: settings.FolderHome
    environment: dict[str, str]

    def client(self, role: str | None = "viewer") -> httpx.Client:
        """A client with the token of a role, or none; it reads the environment's proxies not."""
        headers = {"authorization": f"Bearer {self.tokens[role]}"} if role else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Airflow's api-server with the page, over loaded cases."""
    folder = tmp_path_factory.mktemp("airflow")
    # Named: a DAGs folder that differs would be another bundle.
    environment = airflow_environment(folder)
    with embedded_server() as server, Databases(server).migrated() as warehouse:
        for conn_id, role in (
            (settings.CONNECTION_ID, settings.LOADER_ROLE),
            (settings.READER_CONNECTION_ID, settings.READER_ROLE),
        ):
            environment[f"AIRFLOW_CONN_{conn_id.upper()}"] = server.airflow_connection(
                role, warehouse.name
            )
        environment["METER_HOME"] = str(folder / "meter")
        environment["METER_UPLOAD_MB"] = str(UPLOAD_MB)
        environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] = "False"
        environment["AIRFLOW__API_AUTH__JWT_SECRET"] = "only for these tests " * 4
        migrate = [sys.executable, "-m", "airflow", "db", "migrate"]
        with subprocess.Popen(migrate, env=environment, stdout=subprocess.DEVNULL) as migrating:
            home = cases.load(warehouse, folder / "meter")
        assert migrating.returncode == 0
        told, tell = os.pipe()
        with subprocess.Popen(
            [sys.executable, str(SERVE), str(tell)],
            env=environment,
            pass_fds=[tell],
            # A line for each request: a pipe that nobody reads would fill up and stop it.
            stdout=subprocess.DEVNULL,
        ) as process:
            os.close(tell)
            try:
                with os.fdopen(told) as lines:
                    about: dict[str, Any] = json.load(lines)
                routes = [(method, path) for method, path in about["routes"]]
                yield Site(about["url"], about["tokens"], routes, warehouse, home, environment)
            finally:
                process.terminate()


@pytest.fixture(scope="session")
def viewer(site: Site) -> Iterator[httpx.Client]:
    """A user who may only look."""
    with site.client("viewer") as client:
        yield client


@pytest.fixture(scope="session")
def sha256(viewer: httpx.Client) -> Callable[[str], str]:
    """The SHA-256 of a loaded file by its name."""
    files = viewer.get("/nem12/api/v1/files").json()["items"]
    return {file["name"]: file["sha256"] for file in files}.__getitem__
