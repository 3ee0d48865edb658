"""Apply a staged batch file: one transaction, again without harm."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from psycopg.rows import tuple_row

from nem12.errors import TerminalError
from nem12.warehouse.connect import Connection, explained


def apply(connection: Connection, path: Path, months: Sequence[str], by: str = "") -> int:
    """Run a staged batch file against a migrated database.

    Args:
        connection: Prepared, idle.
        path: Of the staged file.
        months: First days of the months it has readings of; their partitions are made first, in a
            transaction of their own, so that no reader waits for the batch.
        by: Run and try, for the ledger.

    Returns:
        Readings that were put in force; 0 when all of it had been applied before.

    Raises:
        TransientError: Trying again may help.
        TerminalError: It will not.
    """
    with explained():
        with connection.transaction():
            connection.execute("SELECT meter_ensure_months(%s::date[])", (list(months),))
        with connection.transaction(), _opened(path) as stream:
            connection.execute("SELECT set_config('nem12.applied_by', %s, true)", (by,))
            cursor = connection.cursor(row_factory=tuple_row)
            for statement in statements(stream):
                cursor.execute(statement)
            row = cursor.fetchone()
    return int(row[0]) if row else 0


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise TerminalError(
            f"staged file {path.name} is gone: clear the parse task, which writes it again; if it"
            " is gone again, the workers do not share the staging folder: set METER_STAGING"
        ) from None


def statements(stream: BinaryIO) -> Iterator[bytes]:
    """The statements of a staged file, which end at an empty line; one in memory at a time."""
    lines: list[bytes] = []
    for line in stream:
        if line != b"\n":
            lines.append(line)
        elif lines:
            yield b"".join(lines)
            lines = []
    if lines:
        yield b"".join(lines)
