"""The statements of the ledger, by subject; and how a room reads and runs its own."""

import re
from collections.abc import Generator, Iterator
from contextlib import closing
from functools import cached_property
from importlib.resources import files
from typing import Any, Final, TypeVar, cast

from psycopg.rows import class_row, dict_row

from nem12.warehouse.connect import Connection, explained

Row = dict[str, Any]
T = TypeVar("T")

_BEGINS: Final = re.compile(rb"^(?=-- (?:name|fragment): )", re.MULTILINE)
_NAMED: Final = re.compile(rb"-- (name|fragment): (\w+)\n")
_INCLUDES: Final = re.compile(rb"^ *-- include: (\w+)$", re.MULTILINE)


class Statements:
    """The statements in the SQL files of a package, each under a line such as `-- name: status`.

    The line is sent along: `pg_stat_activity` and the server's log show the name first.

    What several statements have in common stands once, under a line such as `-- fragment: periods`;
    a line `-- include: periods` in a statement of the same package stands for it.
    """

    def __init__(self, package: str) -> None:
        self._package: Final = package

    @cached_property
    def texts(self) -> dict[str, bytes]:
        """All of them by name."""
        paths = [path for path in files(self._package).iterdir() if path.name.endswith(".sql")]
        parts = [part for path in paths for part in _parts(path.read_bytes())]
        fragments = {name: text for kind, name, text in parts if kind == b"fragment"}
        return {
            name.decode(): _INCLUDES.sub(lambda include: fragments[include[1]], text)
            for kind, name, text in parts
            if kind == b"name"
        }

    def text(self, name: str) -> bytes:
        """The text of a statement."""
        return self.texts[name]

    def run(self, connection: Connection, name: str, /, **values: object) -> list[Row]:
        """Run a statement in a transaction, or inside the one that is open; its rows, if any.

        Raises:
            MeterError: In place of the driver's errors.
        """
        with explained(), connection.transaction():
            cursor = connection.cursor(row_factory=dict_row).execute(self.text(name), values)
            return cursor.fetchall() if cursor.description else []

    def stream(self, connection: Connection, name: str, /, **values: object) -> Generator[Row]:
        """Run a SELECT and take its rows one by one, without keeping them.

        A caller that stops before the last row must close this, or the connection stays busy.

        Args:
            connection: In a transaction.
            name: Of the statement.
            values: Of its parameters.

        Raises:
            MeterError: In place of the driver's errors.
        """
        cursor = connection.cursor(row_factory=dict_row)
        # psycopg declares only an iterator.
        rows = cast("Generator[Row]", cursor.stream(self.text(name), values))
        with explained(), closing(rows):
            yield from rows

    def rows_of(
        self, connection: Connection, kind: type[T], name: str, /, **values: object
    ) -> list[T]:
        """As `run`, each row an object of a class that has the columns as its fields."""
        with explained(), connection.transaction():
            cursor = connection.cursor(row_factory=class_row(kind))
            return cursor.execute(self.text(name), values).fetchall()


def _parts(file: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """The kind, the name and the text of each part of a file."""
    # The text before the first part describes the file.
    for part in _BEGINS.split(file)[1:]:
        if named := _NAMED.match(part):
            text = part[named.end() :] if named[1] == b"fragment" else part
            yield named[1], named[2], text.strip()


_STATEMENTS: Final = Statements(__name__)
statement: Final = _STATEMENTS.text
run: Final = _STATEMENTS.run
rows_of: Final = _STATEMENTS.rows_of
