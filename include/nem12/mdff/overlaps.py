"""Which of many periods of days overlap another one, found in logarithmic time."""

from datetime import date
from typing import NamedTuple


class _Reach(NamedTuple):
    """How far the periods that begin in some days reach.

    Attributes:
        last_day: The farthest, as an ordinal.
        stamps: Of that period.
        line: Of that period.
    """

    last_day: int
    stamps: str
    line: int


class Overlaps:
    """Periods that are added one by one.

    Two periods overlap where each begins before the day on which the other one ends: those that
    only share the day of a visit do not, nor do two within the same day (a binary indexed tree by
    first day, which keeps the farthest reach and the farthest with other stamps).

    Args:
        first_year: No period begins before it.
        last_year: No period begins more than a leap year after it.
    """

    def __init__(self, first_year: int, last_year: int) -> None:
        self._before = date(first_year, 1, 1).toordinal() - 1
        self._most = date(last_year + 2, 12, 31).toordinal() - self._before
        self._reaches: dict[int, list[_Reach]] = {}

    def add(self, first_day: date, last_day: date, stamps: str, line: int) -> None:
        """A period with what decides between versions."""
        place, reach = (
            first_day.toordinal() - self._before,
            _Reach(last_day.toordinal(), stamps, line),
        )
        while place <= self._most:
            self._reaches[place] = _farthest([*self._reaches.get(place, ()), reach])
            place += place & -place

    def with_any(self, first_day: date, last_day: date) -> int | None:
        """The line of a period that overlaps this one, or None."""
        return self._line(first_day, last_day, None)

    def with_others(self, first_day: date, last_day: date, stamps: str) -> int | None:
        """The line of a period with other stamps that overlaps this one, or None."""
        return self._line(first_day, last_day, stamps)

    def _line(self, first_day: date, last_day: date, stamps: str | None) -> int | None:
        place, first = last_day.toordinal() - self._before - 1, first_day.toordinal()
        overlapping: list[_Reach] = []
        while place > 0:
            reaches = self._reaches.get(place, ())
            overlapping += (one for one in reaches if one.last_day > first and one.stamps != stamps)
            place -= place & -place
        return max(overlapping, key=lambda one: one.last_day).line if overlapping else None


def _farthest(reaches: list[_Reach]) -> list[_Reach]:
    """The farthest reach, and the farthest of those with other stamps."""
    best = max(reaches, key=lambda one: one.last_day)
    others = [one for one in reaches if one.stamps != best.stamps]
    return [best, max(others, key=lambda one: one.last_day)] if others else [best]
