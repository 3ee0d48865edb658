"""Retention: months made ahead, detached and removed, and purged NMIs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from nem12.warehouse.connect import Connection
from nem12.warehouse.sql import Row, run


@dataclass(frozen=True, slots=True)
class Month:
    """A table with the readings of a month.

    Attributes:
        month: Its first day.
        attached: Whether it is part of meter_readings.
        readings: How many, estimated.
        bytes: Its size, index included.
    """

    month: date
    attached: bool
    readings: int
    bytes: int


def months(connection: Connection) -> list[Month]:
    """All months, oldest first, detached ones too."""
    return [Month(**row) for row in run(connection, "months")]


def first_day_kept(connection: Connection) -> date | None:
    """The first day that is kept; None if no month was ever removed."""
    rows = run(connection, "first_day_kept")
    return rows[0]["first_day"] if rows else None


def create_months(connection: Connection, ahead: int) -> int:
    """Create the partitions of this month and the next ones; returns how many were missing."""
    made: int = run(connection, "create_months", ahead=ahead)[0]["made"]
    return made


def remove_months(
    connection: Connection, first_day: date, *, keep_tables: bool
) -> Iterator[tuple[date, int]]:
    """Remove all months before one, and keep them removed.

    Each month is one transaction: an interrupted call continues where it ended, and a load never
    waits for more than one month.

    Args:
        connection: As the owner.
        first_day: The first day of the first month to keep.
        keep_tables: Detach the tables of readings and keep them, instead of dropping them.

    Yields:
        Each removed month, and how many versions of its days were deleted.
    """
    for month in months(connection):
        if month.month < first_day and (month.attached or not keep_tables):
            yield month.month, _keep_from(connection, _next(month.month), keep_tables=keep_tables)
    # Also for months without a table: none of their days may be stored any more.
    _keep_from(connection, first_day, keep_tables=keep_tables)


def _keep_from(connection: Connection, first_day: date, *, keep_tables: bool) -> int:
    row = run(connection, "remove_months", first_day=first_day, keep_tables=keep_tables)[0]
    removed: int = row["day_versions"]
    return removed


def _next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def names_naming(connection: Connection, nmi: str) -> list[str]:
    """Names of files and places in the ledger that contain an NMI."""
    return [row["name"] for row in run(connection, "names_naming", nmi=nmi)]


def purge(connection: Connection, nmi: str, first_day: date | None = None) -> Row:
    """Delete an NMI in one transaction, and keep its days from being loaded again.

    Args:
        connection: As the owner.
        nmi: The NMI.
        first_day: The first day of it that is kept; by default the day after today and after all of
            its days.

    Returns:
        Numbers of deleted `day_versions` and `readings`, of blanked `findings`, and `first_day`.
    """
    return run(connection, "purge_nmi", nmi=nmi, first_day=first_day)[0]
