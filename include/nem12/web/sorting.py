"""Lists in an order that the reader chooses: files, drops, problems, runs, NMIs.

A list sorts the newest rows that match, as many as it can in time; `sort` names a column, and a
minus before it turns the order round. Dates are NEM days.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from nem12.errors import UsageError
from nem12.mdff.stamps import NEM_TIME
from nem12.warehouse.connect import Connection
from nem12.web.paging import Rows, after, integer, page
from nem12.web.sql import run

FILE_SORTS: Final = ("arrived", "name", "sender", "size", "readings", "days", "refused")
DROP_SORTS: Final = ("landed", "name", "state", "size")
PROBLEM_SORTS: Final = ("arrived", "file", "sender", "nmi", "day", "code")
RUN_SORTS: Final = ("began", "run", "drops", "refused", "failed")
SENDER_SORTS: Final = ("sender", "files", "refused", "readings", "late", "newest")
NMI_SORTS: Final = ("nmi", "channels", "first", "newest")

DATES: Final = ("arrived", "created", "holds")
"""What the days of a search for files are of: arrival, DateTime, or the days that it holds."""

RUN_OUTCOMES: Final = ("refused", "partial", "failed", "loaded", "duplicate", "unsettled")

_FILES: Final = 50_000
"""Files that one list sorts, some 3 us each."""

_DROPS: Final = 50_000
_NMIS: Final = 5_000
"""NMIs that one list sorts, some 30 us each."""

_PROBLEM_FILES: Final = 2_000
_EACH_FILE: Final = 200
"""Refusals of one file in the list of problems; its page lists all."""

_PROBLEMS: Final = 20_000


@dataclass(frozen=True)
class Order:
    """In which order a list comes.

    Attributes:
        sort: The column.
        down: From the highest to the lowest.
    """

    sort: str
    down: bool

    @property
    def name(self) -> str:
        """As an address says it."""
        return f"-{self.sort}" if self.down else self.sort


def order(text: str | None, known: Sequence[str], default: str) -> Order:
    """Read an order.

    Raises:
        UsageError: There is no such column.
    """
    text = text or default
    name = text.removeprefix("-")
    if name not in known:
        raise UsageError(f"sort: choose one of {', '.join(known)}, or -{known[0]} and so on")
    return Order(name, text.startswith("-"))


def bounds(first: date | None, last: date | None) -> dict[str, Any]:
    """The instants between which a span of NEM days lies, as the statements take them."""
    end = last and last + timedelta(days=1)
    return {"first": _midnight(first) or "-infinity", "end": _midnight(end) or "infinity"}


def sorted_rows(
    connection: Connection, name: str, by: Order, cursor: str | None, limit: int, **values: object
) -> Rows:
    """A page of a list.

    Args:
        connection: A reading one.
        name: Of the statement.
        by: The order.
        cursor: `next` of the page before.
        limit: Rows of a page.
        values: Further parameters of the statement.
    """
    (place,) = after(cursor, (integer,), (0,))
    rows = run(connection, name, sort=by.sort, down=by.down, place=place, most=limit + 1, **values)
    found = page(rows, limit, ("place",))
    for row in rows:
        del row["place"]
    return found


def files(
    connection: Connection,
    by: Order,
    cursor: str | None,
    limit: int,
    *,
    statuses: Sequence[str],
    text: str,
    nmi: str,
    dates: str,
    asked_again: bool,
    span: dict[str, Any],
) -> Rows:
    """Files that match, among the newest 50,000."""
    found = sorted_rows(
        connection,
        "sorted_files",
        by,
        cursor,
        limit,
        statuses=list(statuses),
        text=text,
        nmi=nmi,
        dates=dates,
        asked_again=asked_again,
        looked_at=_FILES,
        **span,
    )
    for row in found.items:
        del row["file_id"]
    return found


def drops(
    connection: Connection,
    by: Order,
    cursor: str | None,
    limit: int,
    *,
    states: Sequence[str],
    run: str = "",
    text: str = "",
) -> Rows:
    """Drops that are not settled, by a part of their name."""
    values = {"states": list(states), "run": run, "text": text, "looked_at": _DROPS}
    return sorted_rows(connection, "sorted_drops", by, cursor, limit, **values)


def problems(
    connection: Connection,
    by: Order,
    cursor: str | None,
    limit: int,
    *,
    text: str,
    nmi: str,
    code: str,
    level: str,
    span: dict[str, Any],
) -> Rows:
    """Refusals of the newest 2,000 files that have any, up to 200 of one file."""
    values = {"text": text, "nmi": nmi, "code": code, "level": level, **span}
    bounded = {"looked_at": _PROBLEM_FILES, "each_file": _EACH_FILE, "sorted": _PROBLEMS}
    return sorted_rows(connection, "problems", by, cursor, limit, **values, **bounded)


def runs(
    connection: Connection,
    by: Order,
    cursor: str | None,
    limit: int,
    *,
    text: str,
    outcome: str,
    span: dict[str, Any],
) -> Rows:
    """Load runs of the newest 50,000 drops, with what became of them."""
    values = {"text": text, "outcome": outcome, "looked_at": _DROPS, **span}
    return sorted_rows(connection, "runs", by, cursor, limit, **values)


def senders(
    connection: Connection,
    by: Order,
    cursor: str | None,
    limit: int,
    *,
    text: str,
    span: dict[str, Any],
) -> Rows:
    """What each sender delivered, of the newest 50,000 files of each status."""
    values = {"text": text, "looked_at": _FILES, **span}
    return sorted_rows(connection, "senders", by, cursor, limit, **values)


def nmis(connection: Connection, by: Order, cursor: str | None, limit: int, *, prefix: str) -> Rows:
    """NMIs that begin so, the first 5,000, with their channels and days."""
    values = {"prefix": prefix, "looked_at": _NMIS}
    return sorted_rows(connection, "sorted_nmis", by, cursor, limit, **values)


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), NEM_TIME) if day else None
