"""Applies a staged batch file in one transaction; applying it again changes nothing."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import BinaryIO, Final

from psycopg import sql
from psycopg.rows import tuple_row
from psycopg.types.datetime import DateLoader

from nem12 import storage
from nem12.errors import TerminalError
from nem12.settings import COPIED_DAYS
from nem12.stage import BATCH, FINISH
from nem12.storage import Place
from nem12.warehouse.connect import Connection, explained
from nem12.warehouse.readings import COLUMNS, Winner, pieces

_FINISH: Final = re.compile(re.escape(FINISH).replace(re.escape(BATCH), "([0-9a-f]+)").encode())
_COPY: Final = sql.SQL("COPY meter_readings ({}) FROM STDIN (FORMAT binary)").format(
    sql.SQL(", ").join(map(sql.SQL, COLUMNS))
)


@dataclass(frozen=True, slots=True)
class Applier:
    """Who applies a batch, for the ledger: a command, or a try of a task of an Airflow run.

    Attributes:
        applied_by: User and host; None for the database role.
        process: Its number.
    """

    applied_by: str | None = None
    process: int | None = None
    run_id: str | None = None
    task_id: str | None = None
    map_index: int | None = None
    try_number: int | None = None


SoFar = Callable[[int, int], None]
"""Gets the bytes of a staged file that were run, and the readings put in force, since its last
call."""


def apply_batch(
    connection: Connection,
    staged: Place,
    months: Sequence[str],
    by: Applier = Applier(),
    delivered: Mapping[int, datetime | None] | None = None,
    so_far: SoFar | None = None,
) -> int:
    """Run a staged batch file against a migrated database.

    Args:
        connection: Prepared, idle.
        staged: The staged file.
        months: First days of the months it has readings of; their partitions are made first, in a
            transaction of their own, so that no reader waits for the batch.
        by: Who applies it.
        delivered: When its files were delivered, by id; by default now.
        so_far: Called from time to time.

    Returns:
        Readings that were put in force; 0 when all of it had been applied before.

    Raises:
        TransientError: A retry may help.
        TerminalError: A retry will not help.
    """
    with explained():
        with connection.transaction():
            connection.execute("SELECT meter_ensure_months(%s::date[])", (list(months),))
        with connection.transaction(), _opened(staged) as stream:
            times = ",".join(
                f"{file_id}:{int(at.timestamp())}"
                for file_id, at in (delivered or {}).items()
                if at
            )
            connection.execute(
                "SELECT set_config('nem12.applied_by', %s, true),"
                " set_config('nem12.delivered', %s, true)",
                (json.dumps(asdict(by)), times),
            )
            readings: int | None = None
            for statement in statements(stream):
                if finish := _FINISH.fullmatch(statement):
                    readings = _finish(connection, finish[1].decode(), so_far)
                    continue
                connection.execute(statement)
                if so_far:
                    so_far(len(statement), 0)
            if readings is None:
                # Roll all of it back: days that are never put in force would count as loaded.
                raise TerminalError(
                    f"staged file {staged.name} has no end: clear the parse task, which writes it"
                    " again"
                )
    return readings


def _finish(connection: Connection, batch_id: str, so_far: SoFar | None) -> int:
    """Do what `meter_apply_batch` does, but send the readings by COPY."""
    cursor = connection.cursor(row_factory=tuple_row)
    # The driver's own: these are days of files, and many.
    cursor.adapters.register_loader("date", DateLoader)
    cursor.execute("SELECT meter_open_winners(%s)", (batch_id,))
    readings = 0
    while days := cursor.execute(f"FETCH {COPIED_DAYS} FROM meter_winners").fetchall():
        with cursor.copy(_COPY) as copied:
            for piece in pieces(Winner(*day) for day in days):
                copied.write(piece)
        readings += cursor.rowcount
        if so_far:
            so_far(0, cursor.rowcount)
    cursor.execute("SELECT meter_settle_batch(%s)", (batch_id,))
    return readings


def _opened(staged: Place) -> BinaryIO:
    try:
        return storage.opened(staged)
    except FileNotFoundError:
        raise TerminalError(
            f"staged file {staged.name} is gone: clear the parse task, which writes it again; if it"
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
