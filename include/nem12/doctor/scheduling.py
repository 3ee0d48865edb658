"""Airflow, asked by its own tables; run as a program of its own, in the environment of Airflow.

Importing Airflow writes its configuration, changes logging and takes seconds: so `doctor` starts
this where an Airflow is set up, and reads one check a line from its output.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING, Final

from nem12 import settings
from nem12.doctor import Check, fault, ok, warning
from nem12.errors import MeterError
from nem12.exact_json import to_json

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

NEEDED: Final = (3, 3)
"""The lowest Airflow that the package is tested with."""

_DAGS: Final = settings.command("dags")

_SILENT: Final = {
    "scheduler": "no task is started",
    "triggerer": "nobody looks into the landing folder",
    "dag_processor": "changed DAG files are not read",
}


def checks() -> Iterator[Check]:
    """Look at the Airflow of this environment."""
    yield _version()
    from airflow.utils.session import create_session

    try:
        with create_session() as session:
            yield from _dags(session)
            yield from _import_errors(session)
            yield _pool(session)
    except Exception as error:
        text = f"its database cannot be read: {type(error).__name__}"
        remedy = "look at [database] sql_alchemy_conn, and run `airflow db migrate`"
        yield fault("airflow database", text, remedy)
        return
    yield from _heartbeats()
    yield from _connections()


def _version() -> Check:
    version = metadata.version("apache-airflow")
    if tuple(map(int, version.split(".")[:2])) < NEEDED:
        return fault("airflow version", version, "install apache-airflow 3.3 or newer")
    return ok("airflow version", version)


def _dags(session: "Session") -> Iterator[Check]:
    from airflow.models.dag import DagModel
    from sqlalchemy import select

    found = session.execute(
        select(DagModel.dag_id, DagModel.is_paused).where(
            DagModel.dag_id.in_(settings.PAUSED), DagModel.is_stale.is_(False)
        )
    )
    paused: dict[str, bool] = {}
    paused.update((dag_id, is_paused) for dag_id, is_paused in found)
    for dag_id, consequence in settings.PAUSED.items():
        if dag_id not in paused:
            remedy = (
                f"copy the DAG files that `{settings.command('dags')}` names: docs/deploying.md"
            )
            yield fault("dags", f"{dag_id} is not in the DAGs folder", remedy)
        elif paused[dag_id]:
            text = f"{dag_id} is paused: {consequence}"
            yield warning("dags", text, f"airflow dags unpause {dag_id}")
        else:
            yield ok("dags", f"{dag_id} is known and not paused")


def _import_errors(session: "Session") -> Iterator[Check]:
    from airflow.models.errors import ParseImportError
    from sqlalchemy import select

    for filename in session.scalars(select(ParseImportError.filename)):
        text = f"{filename} has an import error"
        yield fault("dag files", text, "see `airflow dags list-import-errors`")


def _pool(session: "Session") -> Check:
    from airflow.models.pool import Pool
    from sqlalchemy import select

    slots = session.scalar(select(Pool.slots).where(Pool.pool == settings.POOL))
    remedy = f'airflow pools set {settings.POOL} {settings.writers()} "Batches applied at once"'
    if slots is None:
        return fault("pool", f"there is no pool {settings.POOL}: apply never starts", remedy)
    if slots == 0:
        return fault("pool", f"the pool {settings.POOL} has no slots: apply never starts", remedy)
    return ok("pool", f"{settings.POOL} has {slots if slots > 0 else 'any number of'} slots")


def _heartbeats() -> Iterator[Check]:
    from airflow.api.common.airflow_health import HEALTHY, get_airflow_health

    health = get_airflow_health()
    for name, consequence in _SILENT.items():
        beat = health[name][f"latest_{name}_heartbeat"]
        if health[name]["status"] == HEALTHY:
            yield ok(name, "alive")
            continue
        seen = f"silent since {_seconds(beat)}" if beat else "was never started"
        yield fault(name, f"{seen}: {consequence}", f"start `airflow {name.replace('_', '-')}`")


def _seconds(beat: str) -> str:
    at = datetime.fromisoformat(beat).astimezone(UTC)
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _connections() -> Iterator[Check]:
    from nem12.airflow.warehouse import warehouse_connection

    for conn_id in (settings.CONNECTION_ID, settings.READER_CONNECTION_ID):
        try:
            warehouse_connection(conn_id, timeout_seconds=10).close()
        except MeterError as error:
            if conn_id == settings.READER_CONNECTION_ID and "has no connection" in str(error):
                yield ok(conn_id, f"not there: the page reads by {settings.CONNECTION_ID}")
                continue
            text, _, remedy = str(error).partition(": ")
            remedy = remedy or f"correct it: `airflow connections get {conn_id}`"
            yield fault(conn_id, text, remedy)
        else:
            yield ok(conn_id, "connects, and the schema fits")


def main() -> None:
    """Print a check a line, and nothing else."""
    # As commands of Airflow do that read its connections.
    os.environ["_AIRFLOW_PROCESS_CONTEXT"] = "server"
    answer = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with answer, suppress(BrokenPipeError):
        for check in checks():
            answer.write(f"{to_json(check.row())}\n")
            answer.flush()


if __name__ == "__main__":
    main()
