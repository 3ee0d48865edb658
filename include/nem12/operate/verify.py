"""Whether the tables agree: versions, days in force, readings, ledger."""

from collections.abc import Generator
from typing import Any, Final

from psycopg.rows import dict_row

from nem12 import settings
from nem12.warehouse.connect import Connection, explained
from nem12.warehouse.sql import statement

CHECKS: Final = {
    "verify_days": "the version in force of every day is the highest one delivered",
    "verify_contradictions": "days that another delivery contradicts are noted, and no others",
    "verify_missing_readings": "every reading of a version in force is in meter_readings",
    "verify_surplus_readings": "meter_readings holds nothing else",
    "verify_ids": "every id is made of NMI, suffix and timestamp",
    "verify_files": "the ledger's counts are what the day versions hold",
    "verify_orphans": "every day version belongs to a file of the ledger",
}
"""The checks in words, by the statement that returns the first row that violates one."""

_BY_SHARE: Final = ("verify_missing_readings", "verify_surplus_readings")
"""These sort the readings that they check: all at once would need temporary files of their size."""


def differences(connection: Connection) -> Generator[tuple[str, dict[str, Any] | None]]:
    """Check everything in one snapshot.

    Yields:
        The check in words, and the first difference or None.
    """
    with explained(), connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for name, words in CHECKS.items():
            yield words, _first_difference(connection, name)


def _first_difference(connection: Connection, name: str) -> dict[str, Any] | None:
    cursor = connection.cursor(row_factory=dict_row)
    for share in _shares(connection) if name in _BY_SHARE else [{}]:
        if difference := cursor.execute(statement(name), share).fetchone():
            return difference
    return None


def _shares(connection: Connection) -> list[dict[str, str | None]]:
    """Ranges that together cover all NMIs: after one NMI, up to another or to the last."""
    values = {"readings": settings.VERIFIED_READINGS}
    last = [nmi for (nmi,) in connection.execute(statement("verify_shares"), values)]
    ends = zip(["", *last], [*last, None], strict=True)
    return [{"after": after, "last": until} for after, until in ends]
