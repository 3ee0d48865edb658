"""`query`: a SELECT of the user's own."""

from argparse import Namespace
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import pq
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Loader
from psycopg.rows import tuple_row

from nem12.cli.reading import reading
from nem12.cli.rows import print_rows
from nem12.errors import UsageError
from nem12.mdff.wording import shown
from nem12.warehouse.connect import Connection


def query(arguments: Namespace) -> int:
    """Run one SELECT as a reader and print its rows."""
    text = _statement(arguments)
    # A stream that is left half read holds the connection.
    with reading(arguments) as connection, closing(_rows(connection, text)) as rows:
        print_rows(next(rows), rows, arguments.format)
    return 0


def _statement(arguments: Namespace) -> str:
    """The SELECT, from the command line or from a file.

    Raises:
        UsageError: Neither or both are given, or the file is not text.
    """
    if (arguments.sql is None) == (arguments.file is None):
        raise UsageError('give a SELECT, such as "SELECT * FROM meter_daily LIMIT 5", or --file')
    if arguments.sql is not None:
        return str(arguments.sql)
    try:
        text = Path(arguments.file).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{shown(arguments.file, 500)} is not UTF-8: save it as UTF-8") from None
    if not text.strip():
        raise UsageError(f"{shown(arguments.file, 500)} is empty: put a SELECT into it")
    return text


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
    """The names of the columns, none if there are no rows; then the rows one by one.

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
            # The error is the driver's; the server may be in the middle of a COPY.
            connection.close()
            message = "only statements that return rows can be run, such as SELECT 1"
            raise UsageError(message) from None
        # Not `explained`: a missing table or function is the user's, so `migrate` would not help.
        raise UsageError(f"PostgreSQL: {error.diag.message_primary}") from None
    yield [column.name for column in cursor.description or ()]
    if first is not None:
        yield first
        yield from stream
