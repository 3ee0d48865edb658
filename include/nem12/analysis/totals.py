"""How much an NMI uses and generates: by day or month, by channel or in all."""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from nem12.analysis.sql import run, stream
from nem12.errors import UsageError
from nem12.mdff import spec
from nem12.warehouse.connect import Connection
from nem12.warehouse.sql import Row

MOST_DAYS: Final = 20 * 366
"""Of a span: twenty years, longer than records are kept. Beyond, it is a slip of the finger."""

MOST_DAYS_BY_DAY: Final = 5 * 366
"""The same by day: 1,830 rows of each channel."""

COLUMNS: Final = (
    "period", "first_day", "last_day", "nmi", "nmi_suffix", "direction", "uom", "total", "days",
    "missing_days", "estimated_share", "maximum_demand", "demand_uom", "maximum_demand_at",
)  # fmt: skip
"""Of a row of `totals`: of a channel in a period."""

NET_COLUMNS: Final = (
    "period", "first_day", "last_day", "nmi", "uom", "export", "import", "net", "days",
    "missing_days", "estimated_share", "maximum_demand", "demand_uom", "maximum_demand_at",
)  # fmt: skip
"""Of a row of `net_totals`: of all channels of a unit in a period."""

_TOTAL: Final = "total"
"""The period of a row of the whole span."""

_POWER: Final = {**spec.POWER_OF, **{unit: unit for unit in spec.POWER_OF.values()}}
"""Stored unit to that of its demand."""


@dataclass(frozen=True, slots=True)
class Span:
    """NEM days of one NMI.

    Attributes:
        nmi: Ten characters, upper case.
        first: Included.
        last: Included.
        by: "month" or "day".

    Raises:
        UsageError: It is too long, or ends before it begins.
    """

    nmi: str
    first: date
    last: date
    by: str = "month"

    def __post_init__(self) -> None:
        days = (self.last - self.first).days + 1
        most = MOST_DAYS if self.by == "month" else MOST_DAYS_BY_DAY
        if days < 1:
            raise UsageError(f"the span ends on {self.last}, before it begins on {self.first}")
        if days > most:
            raise UsageError(f"the span has {days} days: by {self.by}, ask for {most} at most")

    def values(self) -> dict[str, Any]:
        """As the statements take it."""
        return {
            "nmi": self.nmi,
            "first": self.first,
            "last": self.last,
            "by": self.by,
            "energy": list(spec.POWER_OF),
        }

    def row(self, found: Row) -> Row:
        """What the rows of both statements have in common, in words."""
        whole = found.pop("whole")
        day = found["first_day"]
        period = f"{day:%Y-%m}" if self.by == "month" else f"{day}"
        demand_uom = _POWER.get(found["uom"]) if found["maximum_demand"] is not None else None
        return {
            "period": _TOTAL if whole else period,
            "nmi": self.nmi,
            "demand_uom": demand_uom,
            **found,
        }


def known_days(connection: Connection, nmi: str) -> tuple[date, date] | None:
    """The first and last day of an NMI; None where nothing is loaded of it."""
    (row,) = run(connection, "nmi_days", nmi=nmi)
    return (row["first_day"], row["last_day"]) if row["first_day"] else None


def channel_totals(connection: Connection, span: Span, suffix: str | None = None) -> Generator[Row]:
    """The totals of each channel by period, then of the whole span, channel after channel.

    Args:
        connection: A reading one, in a transaction.
        span: Of which NMI and days.
        suffix: Of one channel; None for all.

    Yields:
        Rows of `COLUMNS`. A period of which there is nothing has no total, and all its days are
        missing. Demand is the mean power of an interval; of power units the highest value.
    """
    power = list(spec.POWER_OF.values())
    for found in stream(connection, "totals", **span.values(), suffix=suffix, power=power):
        direction = spec.STREAMS[found["nmi_suffix"][:1]].direction
        yield _ordered(COLUMNS, {"direction": direction, **span.row(found)})


def net_totals(connection: Connection, span: Span) -> Generator[Row]:
    """What leaves the grid and what enters it, and the difference, by unit and period.

    Only channels that are settled count: not averages and checks, which would count twice, nor
    channels that are themselves net.

    Args:
        connection: A reading one, in a transaction.
        span: Of which NMI and days.

    Yields:
        Rows of `NET_COLUMNS`.
    """
    letters = {name: list(spec.settled(name)) for name in ("export", "import")}
    for found in stream(connection, "net_totals", **span.values(), **letters):
        amounts = {"export": found.pop("exported"), "import": found.pop("imported")}
        yield _ordered(NET_COLUMNS, {**amounts, **span.row(found)})


def _ordered(columns: tuple[str, ...], row: Row) -> Row:
    return {name: row[name] for name in columns}
