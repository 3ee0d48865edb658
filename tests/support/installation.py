"""A whole installation, and what a user does with it."""

import shutil
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from nem12 import settings
from nem12.local import embedded, stack
from nem12.settings import CHECKOUT, FolderHome
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection
from tests.support.mail import Mailbox

SAMPLES = CHECKOUT / "samples"
RUNS = f"/api/v2/dags/{settings.LOAD_DAG_ID}/dagRuns"
ENDED = ("success", "failed")
PASSWORD = "n0t for: y@u/eyes'%"  # noqa: S105 - of a server that lives as long as the tests
"""Of the loader; with all that a URI, a shell or a statement would take for something else."""

PATIENCE_SECONDS = 300
"""On a busy machine; on a quiet one a small file takes less than ten."""


def set_password(server: embedded.Server, password: str) -> None:
    """Of the loader."""
    statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(
        sql.Identifier(settings.LOADER_ROLE), sql.Literal(password)
    )
    with psycopg.connect(server.uri(embedded.SUPERUSER), autocommit=True) as admin:
        admin.execute(statement)


class Running:
    """A whole installation, and what a user does with it."""

    def __init__(
        self,
        home: FolderHome,
        server: embedded.Server,
        airflow: stack.Airflow,
        connection: Connection,
        mails: Mailbox | None = None,
    ) -> None:
        self.home = home
        self.server = server
        self.airflow = airflow
        self.connection = connection
        self._mails = mails

    @property
    def mails(self) -> Mailbox:
        """Where alerts arrive, in an installation that sends them."""
        assert self._mails
        return self._mails

    def drop(self, sample: str) -> Path:
        """Copy a sample into the landing folder, as `cp` does."""
        return Path(shutil.copyfile(SAMPLES / sample, self.home.landing / sample))

    def until(self, done: Callable[[], Any]) -> Any:
        """Wait until something is the case; ledger changes wake us up."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (result := done()):
            assert time.monotonic() < deadline, "waited too long"
            self.airflow.check()
            ledger.wait_for_change(self.connection, seconds=1)
        return result

    def settled(self, dropped: Path, since: datetime) -> dict[str, Any]:
        """The drop's row once it is settled."""

        def row() -> dict[str, Any] | None:
            rows = ledger.drops_since(self.connection, [dropped.as_uri()], since)
            return next((row for row in rows if row["state"] != "running"), None)

        found: dict[str, Any] = self.until(
            lambda: (found := row()) and found["state"] == "settled" and found
        )
        return found

    def load_run(self, dropped: Path) -> dict[str, Any]:
        """The load run that took a drop, once it has ended."""
        return self.ended(self.of(dropped, "run"))

    def trigger(self, **conf: Any) -> str:
        """Press Trigger; the id of the load run."""
        made = self.airflow.api("POST", f"{RUNS}", {"logical_date": None, "conf": conf})
        return str(made["dag_run_id"])

    def runs(self) -> dict[str, str]:
        """All load runs, each with its state."""
        found = self.airflow.api("GET", f"{RUNS}?limit=100")["dag_runs"]
        return {run["dag_run_id"]: run["state"] for run in found}

    def ended(self, run_id: str) -> dict[str, Any]:
        """A load run, once it has ended."""

        def run() -> dict[str, Any] | None:
            found: dict[str, Any] = self.airflow.api("GET", f"{RUNS}/{quote(run_id)}")
            return found if found["state"] in ENDED else None

        ended: dict[str, Any] = self.until(run)
        return ended

    def of(self, dropped: Path, column: str) -> str:
        """What the ledger says of a drop; nothing while it does not know it."""
        query = sql.SQL("SELECT {} FROM meter_drops WHERE uri = %s").format(sql.Identifier(column))
        row = self.connection.execute(query, (dropped.as_uri(),)).fetchone()
        return str(row[0]) if row else ""
