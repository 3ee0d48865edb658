"""A database to measure in, and what is done to it."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from uuid import uuid4

import psutil  # type: ignore[import-untyped]
import psycopg
from psycopg import sql

from nem12 import settings
from nem12.local import embedded
from nem12.stage import Staged
from nem12.warehouse.apply import apply_batch
from nem12.warehouse.connect import Connection, connect
from nem12.warehouse.migrate import migrate_schema
from tools.bench.measure import Timed
from tools.bench.sql import statement

_USUAL_ROWS = 1_000
"""Rows of a statement, as most loaders have it."""

_PIECE = settings.MIB
"""Of a file that is sent by COPY: as psql and most drivers, in pieces, never as a whole."""


@dataclass(frozen=True)
class Database:
    """A migrated database of the measurements' own server."""

    server: embedded.Server
    name: str

    @classmethod
    def make(cls, server: embedded.Server, name: str) -> "Database":
        """Create and migrate it."""
        with psycopg.connect(
            server.uri(embedded.SUPERUSER, "postgres"), autocommit=True
        ) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(
                    sql.Identifier(name), sql.Identifier(settings.OWNER_ROLE)
                )
            )
        migrate_schema(server.uri(settings.OWNER_ROLE, name))
        return cls(server, name)

    def drop(self) -> None:
        """Take it off the disk."""
        uri = self.server.uri(embedded.SUPERUSER, "postgres")
        statement = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(self.name))
        with psycopg.connect(uri, autocommit=True) as connection:
            connection.execute(statement)

    @property
    def loader(self) -> str:
        """URI of the role that loads."""
        return self.server.uri(settings.LOADER_ROLE, self.name)

    def empty(self) -> None:
        """Take everything out, and write out what is changed: no run pays for the one before."""
        self._as_superuser(statement("empty"))
        self.checkpoint()

    def checkpoint(self) -> None:
        """Write out all changed pages."""
        self._as_superuser(b"CHECKPOINT")

    def _as_superuser(self, text: bytes) -> None:
        uri = self.server.uri(embedded.SUPERUSER, self.name)
        with psycopg.connect(uri, autocommit=True) as connection:
            connection.execute(text)

    def sessions(self) -> list[int]:
        """Processes of this database's other sessions."""
        uri = self.server.uri(embedded.SUPERUSER, "postgres")
        with psycopg.connect(uri) as connection:
            found = connection.execute(statement("sessions"), (self.name,)).fetchall()
        return [pid for (pid,) in found]

    def row(self, text: bytes) -> tuple[int, ...]:
        """The one row that a query gives."""
        with psycopg.connect(self.loader) as connection:
            found = connection.execute(text).fetchone()
        return tuple(found or ())

    def digest(self) -> tuple[int, ...]:
        """Number of readings, and a sum that tells other readings."""
        return self.row(statement("digest"))

    def apply(self, batches: Iterable[Staged]) -> Timed:
        """Apply staged files on one connection, as the operator does."""

        def work(connection: Connection) -> int:
            return sum(apply_batch(connection, Path(b.path), b.months) for b in batches)

        return self._timed(work)

    def ready_rows(self, path: Path, day: date | None = None) -> Path:
        """Write the readings, of one day or all, in the order of their key, as COPY takes them."""
        with (
            psycopg.connect(self.loader) as connection,
            path.open("wb") as out,
            connection.cursor().copy(statement("ready_rows"), {"day": day}) as copied,
        ):
            for piece in copied:
                out.write(piece)
        return path

    def copy(self, path: Path, months: Sequence[str]) -> Timed:
        """COPY of ready rows, in one transaction; the partitions are made as `apply` makes them."""

        def work(connection: Connection) -> int:
            with connection.transaction():
                connection.execute("SELECT meter_ensure_months(%s::date[])", (list(months),))
            with connection.transaction(), path.open("rb") as rows:
                cursor = connection.cursor()
                with cursor.copy(statement("copy")) as copied:
                    while piece := rows.read(_PIECE):
                        copied.write(piece)
                return cursor.rowcount

        return self._timed(work)

    def insert(self, path: Path, most: int) -> Timed:
        """The usual way: statements of 1,000 literal rows into a table of the usual keys."""
        self._as_superuser(statement("usual_table"))
        self.checkpoint()
        head = statement("usual_insert")
        with path.open() as ready:
            rows = [_literals(line) for line in islice(ready, most)]
        texts = [
            head + b",\n".join(rows[at : at + _USUAL_ROWS])
            for at in range(0, len(rows), _USUAL_ROWS)
        ]

        def work(connection: Connection) -> int:
            with connection.transaction():
                return sum(connection.execute(text).rowcount for text in texts)

        return self._timed(work)

    def _timed(self, work: Callable[[Connection], int]) -> Timed:
        with (
            connect(self.loader, application="nem12 bench") as connection,
            processor_time(connection) as used,
        ):
            begin = time.perf_counter()
            rows = work(connection)
            seconds = time.perf_counter() - begin
        return Timed(rows, seconds, used[0])


def _literals(line: str) -> bytes:
    """A ready row as literals, with an id by chance."""
    values = line.rstrip("\n").split("\t")
    values[0] = str(uuid4())
    return ("(" + ",".join(f"'{value}'" for value in values) + ")").encode()


@contextmanager
def processor_time(connection: Connection) -> Iterator[list[float]]:
    """The processor time that a session of this machine's own server uses inside the block."""
    session = psutil.Process(connection.info.backend_pid)
    before = session.cpu_times()
    used = [0.0]
    yield used
    after = session.cpu_times()
    used[0] = (after.user - before.user) + (after.system - before.system)
