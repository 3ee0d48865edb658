"""The consumer that keeps daily totals."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from nem12.daily_totals.sql import run
from nem12.warehouse.connect import Connection
from nem12.warehouse.feed import Change, Taken

CHANGES_A_TRANSACTION: Final = 20_000
"""Changes whose totals one transaction computes: some seconds, so that the first run on a full
table shows progress and loses little when it is stopped."""


@dataclass
class DailyTotals:
    """Keeps `meter_daily_totals` in step with the days in force.

    Attributes:
        taken: The totals that were made anew or removed.
    """

    taken: Taken = field(default_factory=Taken)
    name: str = "nem12_daily_totals"

    def take(self, connection: Connection, changes: Sequence[Change]) -> None:
        """Remove the totals of days that are gone, and sum up the others anew."""
        days = [change for change in changes if change.nmi_suffix and change.day]
        spans = [change for change in changes if not (change.nmi_suffix and change.day)]
        if spans:
            self.taken.add(_run(connection, "remove_spans", spans))
        if days:
            self.taken.add(_run(connection, "remove_days", days))
            self.taken.add(_run(connection, "sum_days", days))


def _run(connection: Connection, name: str, changes: Sequence[Change]) -> list[date]:
    """Run a statement for changes; the days of the totals that it changed."""
    rows = run(
        connection,
        name,
        nmis=[change.nmi for change in changes],
        suffixes=[change.nmi_suffix for change in changes],
        days=[change.day for change in changes],
    )
    return [row["day"] for row in rows]
