"""A whole installation for tests: PostgreSQL, Airflow, and what a user does with them."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from psycopg import sql

from nem12 import settings, stack
from nem12.settings import CHECKOUT, Home
from nem12.warehouse import embedded, ledger
from nem12.warehouse.connect import Connection, connect
from nem12.warehouse.migrate import migrate

SAMPLES = CHECKOUT / "samples"
PATIENCE_SECONDS = 120
"""On a busy machine; on a quiet one a small file takes less than ten."""


class Running:
    """A whole installation, and what a user does with it."""

    def __init__(self, home: Home, airflow: stack.Airflow, connection: Connection) -> None:
        self.home = home
        self.airflow = airflow
        self.connection = connection

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
        path = f"/api/v2/dags/{settings.LOAD_DAG_ID}/dagRuns/{quote(self.of(dropped, 'run'))}"

        def run() -> dict[str, Any] | None:
            found: dict[str, Any] = self.airflow.api("GET", path)
            return found if found["state"] in ("success", "failed") else None

        ended: dict[str, Any] = self.until(run)
        return ended

    def of(self, dropped: Path, column: str) -> str:
        """What the ledger says of a drop."""
        query = sql.SQL("SELECT {} FROM meter_drops WHERE uri = %s").format(sql.Identifier(column))
        row = self.connection.execute(query, (dropped.as_uri(),)).fetchone()
        assert row is not None
        return str(row[0])


@contextmanager
def installed() -> Iterator[Running]:
    """A whole installation in a folder of its own."""
    root = Path(tempfile.mkdtemp(prefix="nem12-test-"))
    root.chmod(0o755)  # so that the server's account reaches its data
    home = Home(
        root, root / "landing", root / "staging", root / "archive", root / "rejected"
    ).make()
    with embedded.server(home) as server:
        migrate(server.uri(settings.OWNER_ROLE))
        with (
            stack.running(home, server) as airflow,
            connect(server.uri(settings.READER_ROLE)) as connection,
        ):
            ledger.listen(connection)
            yield Running(home, airflow, connection)
    shutil.rmtree(root)
