"""A year of days as a heat map: the position and shade of each day."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from nem12.mdff import spec

LEVELS: Final = 5
CELL: Final = 12
"""Side of a day with its gap, in the units of the drawing."""

SHOWN: Final = ("all", "missing", "not-actual")
"""Which days of a year the list shows."""

SORTS: Final = ("day", "most", "least")
"""By what it is sorted: by the day, or by the value, the highest or the lowest first."""

Listed = tuple[date, dict[str, Any] | None]
"""A day and its row of `channel_days`; None where it is missing."""

_LEFT: Final = 30
_TOP: Final = 16


@dataclass(frozen=True)
class Cell:
    """One day of the drawing.

    Attributes:
        kind: `h1` (least) to `h5`, `missing`, or `outside` the channel's days.
        value: The number that decides its colour.
        replaced: Whether some of it is estimated or substituted.
    """

    day: date
    x: int
    y: int
    kind: str
    value: Decimal | None
    replaced: bool


@dataclass(frozen=True)
class HeatMap:
    """The drawing of a year; `months` are labels with their places."""

    year: int
    cells: list[Cell]
    months: list[tuple[int, str]]
    width: int
    height: int
    least: Decimal | None
    most: Decimal | None
    missing: int


def heat_map(year: int, days: list[dict[str, Any]], first: date, last: date) -> HeatMap:
    """Draw a year.

    Args:
        year: Which.
        days: Rows of `channel_days`.
        first: First day of the channel.
        last: Its newest day.
    """
    rows = {row["day"]: row for row in days}
    values = sorted(filter(None, (_value(row) for row in days)))
    steps = [values[len(values) * step // LEVELS] for step in range(1, LEVELS)] if values else []
    begin = date(year, 1, 1)
    monday = begin - timedelta(days=begin.weekday())
    cells = []
    months = []
    for number in range((date(year + 1, 1, 1) - begin).days):
        day = begin + timedelta(days=number)
        x = _LEFT + (day - monday).days // 7 * CELL
        if day.day == 1:
            months.append((x, f"{day:%b}"))
        row = rows.get(day)
        value = _value(row) if row else None
        if row:
            kind = f"h{1 + bisect_right(steps, value or Decimal(0))}"
        else:
            kind = "missing" if first <= day <= last else "outside"
        replaced = bool(row and row["intervals"][spec.ACTUAL.name] < row["readings"])
        cells.append(Cell(day, x, _TOP + day.weekday() * CELL, kind, value, replaced))
    return HeatMap(
        year,
        cells,
        months,
        cells[-1].x + CELL,
        _TOP + 7 * CELL,
        values[0] if values else None,
        values[-1] if values else None,
        sum(cell.kind == "missing" for cell in cells),
    )


def days_in_list(days: list[dict[str, Any]], heat: HeatMap, show: str, sort: str) -> list[Listed]:
    """The days of a year that the list below the drawing shows.

    Args:
        days: Rows of `channel_days`.
        heat: The drawing of that year.
        show: One of `SHOWN`.
        sort: One of `SORTS`; missing days come last where the list is by value.
    """
    rows = {row["day"]: row for row in days}
    listed = [(cell.day, rows.get(cell.day)) for cell in heat.cells if cell.kind != "outside"]
    if show != "all":
        listed = [(day, row) for day, row in listed if _is_of(row, show)]
    if sort != "day":
        there = sorted(((day, row) for day, row in listed if row), key=lambda each: _value(each[1]))
        if sort == "most":
            there.reverse()
        listed = there + [(day, row) for day, row in listed if not row]
    return listed


def _is_of(row: dict[str, Any] | None, show: str) -> bool:
    if row is None:
        return show == "missing"
    return show == "not-actual" and bool(row["intervals"][spec.ACTUAL.name] < row["readings"])


def _value(row: dict[str, Any]) -> Decimal:
    """The total, or the average of what does not add up, such as kW."""
    value: Decimal = row["total_consumption"]
    return value if value is not None else row["average_consumption"]
