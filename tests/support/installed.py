"""An installation in a folder of its own, with whatever a test wants different."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from nem12 import settings
from nem12.local import embedded, stack
from nem12.settings import FolderHome, Home
from nem12.shard import pack
from nem12.stage import stage_shard
from nem12.unpack import meter_files
from nem12.warehouse import ledger
from nem12.warehouse.apply import apply_batch
from nem12.warehouse.connect import connect
from nem12.warehouse.migrate import migrate_schema
from tests.support.digest import tables
from tests.support.installation import Running

SHORT_STANDSTILL = "4"
"""Seconds, for files without an end: a minute is for senders over bad lines."""

COMPARED = ("meter_readings", "meter_days", "meter_day_versions", "meter_refusals", "meter_files")


def home_in(root: Path) -> FolderHome:
    """All folders in one."""
    return Home.below(root).make()


@contextmanager
def installed(home: FolderHome, **different: Any) -> Iterator[Running]:
    """A whole installation on these folders; `different` goes to `stack.running`."""
    with embedded.server(home) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("METER_STANDSTILL_SECONDS", SHORT_STANDSTILL)
        migrate_schema(server.uri(settings.OWNER_ROLE))
        with (
            stack.running(home, server, **different) as airflow,
            connect(server.uri(settings.READER_ROLE)) as connection,
        ):
            ledger.listen(connection)
            yield Running(home, server, airflow, connection)


def task_instances(
    running: Running, run: str, dag: str = settings.LOAD_DAG_ID
) -> Mapping[str, Any]:
    """The task instances of a run: `total_entries` and the first hundred."""
    path = f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances?limit=100"
    found: Mapping[str, Any] = running.airflow.api("GET", path)
    return found


def new_database(server: embedded.Server, name: str) -> str:
    """A migrated database beside the installation's; its URI for the loader."""
    with psycopg.connect(server.uri(embedded.SUPERUSER, "postgres"), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} OWNER {settings.OWNER_ROLE}")
    migrate_schema(server.uri(dbname=name))
    return server.uri(settings.LOADER_ROLE, name)


def undisturbed(server: embedded.Server, sent: dict[str, bytes], folder: Path) -> dict[str, str]:
    """The tables that the same files give in a fresh database, each file for itself."""
    folder.mkdir()
    with connect(new_database(server, "again")) as connection:
        for name, data in sent.items():
            path = folder / name
            path.write_bytes(data)
            files = list(meter_files(path, name, "standard", folder / "scratch"))
            for shard in pack(files):
                batch = stage_shard(shard, folder)
                apply_batch(connection, Path(batch.path), batch.months)
        return tables(connection)
