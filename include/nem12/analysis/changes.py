"""What has changed since an instant, such as that of a bill."""

from collections.abc import Generator
from datetime import date, datetime
from typing import Final

from nem12.analysis.sql import stream
from nem12.errors import UsageError
from nem12.warehouse.connect import Connection
from nem12.warehouse.sql import Row

COLUMNS: Final = (
    "nmi", "nmi_suffix", "day", "uom", "before", "after", "difference", "quality_before",
    "quality_after", "file", "line", "sha256", "seen_at", "file_before", "line_before",
)  # fmt: skip
"""Of a row of `changes`."""


def changed_days(
    connection: Connection, since: datetime, first: date, last: date, nmi: str | None = None
) -> Generator[Row]:
    """The days of a span whose version in force is not the one that was in force at an instant.

    Args:
        connection: A reading one, in a transaction.
        since: Files that were first seen then or later count as new.
        first: Of the span, included.
        last: Of the span, included.
        nmi: Of one NMI; None for all.

    Yields:
        Rows of `COLUMNS`, channel after channel: the sums of the day before and after, exact and in
        `uom`, and which lines of which files they come from. `before` is null where nothing was in
        force or it had another unit; `difference` then is all of `after`, or null.

    Raises:
        UsageError: The span ends before it begins.
    """
    if last < first:
        raise UsageError(f"the span ends on {last}, before it begins on {first}")
    yield from stream(connection, "changes", since=since, first=first, last=last, nmi=nmi)
