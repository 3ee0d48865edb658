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

BY_SHARE: Final = frozenset(
    {
        "verify_days",
        "verify_contradictions",
        "verify_missing_readings",
        "verify_surplus_readings",
    }
)
"""These sort or join what they check: all at once would need temporary files of its size."""


def differences(connection: Connection) -> Generator[tuple[str, dict[str, Any] | None]]:
    """Check everything in one snapshot.

    Yields:
        The check in words, and the first difference or None.
    """
    with explained(), connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        shares = shares_of_nmis(connection, settings.VERIFIED_READINGS)
        for name, words in CHECKS.items():
            yield words, _first_difference(connection, name, shares if name in BY_SHARE else [{}])


def _first_difference(
    connection: Connection, name: str, shares: list[dict[str, str | None]]
) -> dict[str, Any] | None:
    cursor = connection.cursor(row_factory=dict_row)
    for share in shares:
        if difference := cursor.execute(statement(name), share).fetchone():
            return difference
    return None


def shares_of_nmis(connection: Connection, readings: int) -> list[dict[str, str | None]]:
    """Ranges that together cover all NMIs: after one NMI, up to another or to the last.

    Args:
        connection: To the warehouse.
        readings: About so many of each range, but never less than one NMI's.
    """
    rows = connection.execute(statement("verify_shares"), {"readings": readings})
    last = [nmi for (nmi,) in rows]
    ends = zip(["", *last], [*last, None], strict=True)
    return [{"after": after, "last": until} for after, until in ends]
