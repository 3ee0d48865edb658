"""Which days a file holds of which nothing is loaded: so that each of them can say so."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from nem12.mdff.day import Day
from nem12.mdff.findings import Finding, Level
from nem12.mdff.limits import REFUSED_SPANS

_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Days of a channel that follow each other; the first and the last are included."""

    nmi: str
    nmi_suffix: str
    day: date
    last_day: date

    def row(self) -> dict[str, Any]:
        """As the table `meter_refused_days` and JSON have it."""
        return {
            "nmi": self.nmi,
            "nmi_suffix": self.nmi_suffix,
            "day": self.day,
            "last_day": self.last_day,
        }


@dataclass(slots=True)
class RefusedDays:
    """The days of a file, or of a part of it, that is refused as a whole.

    As far as they can be read, and bounded: after `REFUSED_SPANS` spans only those grow.
    """

    _channels: dict[tuple[str, str], list[tuple[date, date]]] = field(default_factory=dict)
    _count: int = 0

    def take(self, item: Day | Finding) -> None:
        """Note the days that something read is about."""
        if isinstance(item, Day):
            self._note(item.channel.nmi, item.channel.nmi_suffix, item.day, item.day)
        elif item.level is not Level.WARN and item.nmi and item.nmi_suffix and item.day:
            self._note(item.nmi, item.nmi_suffix, item.day, item.last_day or item.day)

    def merge(self, other: "RefusedDays") -> None:
        """Add what another part of the same file holds."""
        for span in other.spans():
            self._note(span.nmi, span.nmi_suffix, span.day, span.last_day)

    def spans(self) -> Iterator[Span]:
        """By channel and day; of one channel none overlaps or adjoins another."""
        for (nmi, nmi_suffix), noted in sorted(self._channels.items()):
            for day, last_day in _merged(noted):
                yield Span(nmi, nmi_suffix, day, last_day)

    def _note(self, nmi: str, nmi_suffix: str, day: date, last_day: date) -> None:
        spans = self._channels.get((nmi, nmi_suffix))
        # Most days follow the one before.
        if spans and spans[-1][0] <= day and day - spans[-1][1] <= _ONE_DAY:
            spans[-1] = spans[-1][0], max(spans[-1][1], last_day)
        elif self._count < REFUSED_SPANS:
            self._count += 1
            self._channels.setdefault((nmi, nmi_suffix), []).append((day, last_day))


def _merged(spans: list[tuple[date, date]]) -> Iterator[tuple[date, date]]:
    first: date | None = None
    last = date.min
    for day, last_day in sorted(spans):
        if first is not None and day - last > _ONE_DAY:
            yield first, last
            first = None
        first, last = (day, last_day) if first is None else (first, max(last, last_day))
    if first is not None:
        yield first, last
