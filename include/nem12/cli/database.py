"""`migrate`, `status` and `query`."""

import sys
from argparse import Namespace
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from itertools import islice
from typing import Any, Final

import psycopg
from psycopg import pq
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Loader
from psycopg.rows import tuple_row

from nem12 import settings
from nem12.cli.databases import NothingYetError, database
from nem12.cli.output import err, out, table, to_json
from nem12.drop import Ignored, landed, overdue
from nem12.errors import UsageError
from nem12.mdff.text import plural
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection, connect, explained
from nem12.warehouse.migrate import creators, grants
from nem12.warehouse.migrate import migrate as run_migrations

_MOST_ROWS: Final = 1000
"""Rows of a table for people; programs ask for JSON and get all."""


def migrate(arguments: Namespace) -> int:
    """Bring the schema up to date."""
    if arguments.print_grants:
        print(grants(), end="")
        return 0
    with database(arguments, settings.OWNER_ROLE, new=True, migrated=False) as uri:
        before, now = run_migrations(uri)
        if warning := creators(uri):
            err.print(f"warning: {warning}", markup=False, soft_wrap=True)
    changed = "already at" if before == now else f"migrated from {before or 'nothing'} to"
    print(f"{changed} schema {now}")
    return 0


def status(arguments: Namespace) -> int:
    """Counts of drops, files, days; what lies in the landing folder."""
    home = settings.home()
    nothing_yet, counts = "", dict[str, Any]()
    try:
        with database(arguments, settings.READER_ROLE) as uri, connect(uri) as connection:
            counts = ledger.status(connection)
    except NothingYetError as error:
        nothing_yet = str(error)
    found = list(landed(home))
    waiting = sum(not isinstance(item, Ignored) for item in found)
    ignored = list(overdue(home))
    if arguments.format == "json":
        state = {"database": None} if nothing_yet else counts
        print(to_json({"landing": waiting, "ignored": len(ignored), **state}))
        return 0
    out.print(f"{plural(waiting, 'file')} in {home.landing}", markup=False, soft_wrap=True)
    for item in ignored:
        out.print(f"  ignored: {item.path.name!r}: {item.reason}", markup=False)
    if nothing_yet:
        out.print(f"nothing is loaded: {nothing_yet}", markup=False, soft_wrap=True)
    else:
        table("", ("", ""), [(name, _counted(counts[name])) for name in counts])
    return 0


def _counted(value: object) -> object:
    if isinstance(value, dict):
        return ", ".join(f"{count} {name}" for name, count in value.items())
    return "" if value is None else value


def query(arguments: Namespace) -> int:
    """Run one SELECT as a reader and print its rows."""
    with (
        database(arguments, settings.READER_ROLE) as uri,
        connect(uri, timeout_seconds=settings.QUERY_TIMEOUT_SECONDS) as connection,
    ):
        connection.read_only = True
        # What the statement sets for its session ends with it too.
        with explained(), connection.transaction(force_rollback=True):
            _step_down(connection)
            # A stream that is left half read holds the connection.
            with closing(_rows(connection, arguments.sql)) as rows:
                columns = next(rows)
                if arguments.format == "json":
                    _print_json(columns, rows)
                elif not columns:
                    out.print("no rows")
                else:
                    shown = list(islice(rows, _MOST_ROWS))
                    table("", columns, shown)
                    if next(rows, None) is not None:
                        err.print(f"the first {_MOST_ROWS} rows; --format json gives all")
    return 0


def _step_down(connection: Connection) -> None:
    """Become the reader where that is possible.

    On a database of the user's own the URI may name a mighty role. The embedded server is entered
    as the reader.
    """
    with suppress(psycopg.Error), connection.transaction():
        connection.execute(f"SET LOCAL ROLE {settings.READER_ROLE}")


class _AnyTime(Loader):
    """As usual; a time beyond Python's range, such as infinity, as PostgreSQL writes it."""

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        usual = psycopg.adapters.get_loader(oid, pq.Format.TEXT)
        self._load = usual(oid, context).load if usual else bytes

    def load(self, data: Buffer) -> Any:
        try:
            return self._load(data)
        except (psycopg.DataError, OverflowError):
            return bytes(data).decode()


_TIMES: Final = ("date", "timestamp", "timestamptz", "time", "timetz", "interval")


def _rows(connection: Connection, sql: str) -> Generator[Any]:
    """The names of the columns, none without rows; then row by row what the statement gives.

    `stream` uses the extended protocol: there, one string is one statement, and a second one
    behind a semicolon, which could end the read-only transaction, is refused by the server.
    """
    cursor = connection.cursor(row_factory=tuple_row)
    for name in _TIMES:
        cursor.adapters.register_loader(name, _AnyTime)
    stream = cursor.stream(sql.encode())
    try:
        first = next(stream, None)
    except (psycopg.ProgrammingError, psycopg.InternalError) as error:
        if error.sqlstate is None:
            # Said by the driver, not by the server, which may be in the middle of a COPY.
            connection.close()
            message = "only a statement that gives rows can be run, such as SELECT 1"
            raise UsageError(message) from None
        # A table or function that is missing is not one of ours.
        raise UsageError(f"PostgreSQL: {error.diag.message_primary}") from None
    yield [column.name for column in cursor.description or ()]
    if first is not None:
        yield first
        yield from stream


def _print_json(columns: list[str], rows: Iterator[tuple[Any, ...]]) -> None:
    separator = "["
    for row in rows:
        sys.stdout.write(f"{separator}{to_json(dict(zip(columns, row, strict=True)))}")
        separator = ",\n"
    sys.stdout.write("[]\n" if separator == "[" else "]\n")
