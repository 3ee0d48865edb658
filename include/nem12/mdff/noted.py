"""Notes about a file while it is read: on disk, so that memory does not grow with the file."""

import errno
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

Row = TypeVar("Row", bound=Sequence[Any])

_NOTED: Final = 1000
"""Rows that are written to the temporary database at once."""


class Noted(Generic[Row]):
    """A temporary table; made when the first row comes, since most files are small.

    Args:
        columns: With their types, in the order of a row.
    """

    def __init__(self, *columns: str) -> None:
        self._columns = columns
        self._waiting: list[Row] = []

    @cached_property
    def _database(self) -> sqlite3.Connection:
        # An empty name is a database on disk that SQLite makes and removes by itself.
        database = sqlite3.connect("")
        database.execute(f"CREATE TABLE noted ({', '.join(self._columns)})")
        return database

    def note(self, row: Row) -> None:
        """Keep a row."""
        self._waiting.append(row)
        if len(self._waiting) >= _NOTED:
            self._write()

    def rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a query of the table `noted`."""
        if self._waiting:
            self._write()
        if self._is_made:
            with _as_of_the_system():
                yield from self._database.execute(query)

    def close(self) -> None:
        """Remove the temporary database."""
        if self._is_made:
            self._database.close()

    @property
    def _is_made(self) -> bool:
        return "_database" in vars(self)

    def _write(self) -> None:
        names = ", ".join(column.split()[0] for column in self._columns)
        places = ", ".join("?" * len(self._columns))
        with _as_of_the_system():
            self._database.executemany(
                f"INSERT INTO noted ({names}) VALUES ({places})",  # noqa: S608 - ours
                self._waiting,
            )
        self._waiting = []


@contextmanager
def _as_of_the_system() -> Iterator[None]:
    """Say like any other file what the temporary database is refused."""
    try:
        yield
    except sqlite3.OperationalError as error:
        full = error.sqlite_errorcode == sqlite3.SQLITE_FULL
        number = errno.ENOSPC if full else errno.EIO
        place = "SQLite's temporary database (in SQLITE_TMPDIR, if set)"
        raise OSError(number, str(error), place) from None
