"""Which channels miss which days, and how much of the rest is not actual."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from itertools import groupby
from typing import Any, Final

from nem12.exact_csv import csv_line
from nem12.mdff import spec
from nem12.warehouse.connect import Connection
from nem12.warehouse.sql import Row
from nem12.web.paging import after, word
from nem12.web.questions import refusals
from nem12.web.sql import run

MOST_DAYS: Final = 366
MOST_CHANNELS: Final = 100
_LOOKED_AT: Final = 4_000
"""Days that one question reads, some 10 us each: of a longer span fewer channels are looked at."""

_REFUSAL: Final = ("sha256", "file", "line", "level", "code", "field", "message", "excerpt")


@dataclass(frozen=True)
class Coverage:
    """One channel in a span of days.

    Attributes:
        first: The first day it is expected to have: of the span, or its first ever.
        last: Of the span.
        days: Of each day that is there, the intervals of each quality flag.
        refusals: Rows of `refusals` in the span, the newest first.
    """

    nmi: str
    nmi_suffix: str
    first: date
    last: date
    days: dict[date, dict[str, int]] = field(default_factory=dict)
    refusals: list[Row] = field(default_factory=list)

    @property
    def expected(self) -> int:
        """Days it should have."""
        return max(0, (self.last - self.first).days + 1)

    @cached_property
    def missing(self) -> list[tuple[date, date]]:
        """Spans of days that it does not have."""
        spans: list[tuple[date, date]] = []
        for number in range(self.expected):
            day = self.first + timedelta(days=number)
            if day in self.days:
                continue
            if spans and spans[-1][1] == day - timedelta(days=1):
                spans[-1] = (spans[-1][0], day)
            else:
                spans.append((day, day))
        return spans

    @cached_property
    def refused(self) -> list[tuple[date, Row]]:
        """The missing days that a delivery was refused of, each with its newest refusal."""
        found: dict[date, Row] = {}
        for row in self.refusals:
            begin, end = max(row["day"], self.first), min(row["last_day"], self.last)
            for number in range((end - begin).days + 1):
                day = begin + timedelta(days=number)
                if day not in self.days:
                    found.setdefault(day, row)
        return sorted(found.items())

    @property
    def missing_days(self) -> int:
        """How many days it does not have."""
        return self.expected - len(self.days)

    def intervals(self, flag: spec.Flag | None = None) -> int:
        """Intervals of a quality flag, or all."""
        return self._counted[flag.letter] if flag else self._counted.total()

    @cached_property
    def _counted(self) -> Counter[str]:
        counted: Counter[str] = Counter()
        for day in self.days.values():
            counted.update(day)
        return counted

    @property
    def not_actual(self) -> float | None:
        """Share of the intervals that are estimated, substituted or without data; None of none."""
        whole = self.intervals()
        return 1 - self.intervals(spec.ACTUAL) / whole if whole else None

    @property
    def needs_attention(self) -> bool:
        """Whether anything is missing or not actual."""
        return self.missing_days > 0 or bool(self.not_actual)

    def state(self, day: date) -> str:
        """The state of a day: before, missing, actual, mixed or replaced."""
        if day < self.first:
            return "before"
        flags = self.days.get(day)
        if flags is None:
            return "missing"
        if set(flags) == {spec.ACTUAL.letter}:
            return "actual"
        return "mixed" if spec.ACTUAL.letter in flags else "replaced"

    def strip(self, begin: date) -> Iterator[tuple[str, date, date]]:
        """Spans of days of one state, from the first expected one on: state, first, last.

        Args:
            begin: Of the span that was asked for.
        """
        length = (self.last - begin).days + 1
        days = (begin + timedelta(days=number) for number in range(length))
        for state, group in groupby(days, self.state):
            span = list(group)
            if state != "before":
                yield state, span[0], span[-1]

    def as_json(self) -> dict[str, Any]:
        """As the JSON route answers."""
        return {
            "nmi": self.nmi,
            "nmi_suffix": self.nmi_suffix,
            "first_expected_day": self.first,
            "expected_days": self.expected,
            "days": len(self.days),
            "missing_days": self.missing_days,
            "missing": self.missing,
            "refused": [
                {"missing_day": day, **{name: row[name] for name in _REFUSAL}}
                for day, row in self.refused
            ],
            "intervals": {flag.name: self.intervals(flag) for flag in spec.INTERVAL_FLAGS},
            "not_actual_share": None if self.not_actual is None else round(self.not_actual, 6),
        }


@dataclass(frozen=True)
class Looked:
    """What was found among some channels.

    Attributes:
        channels: Those asked for.
        looked_at: How many were looked at.
        next: Key of the next page; None at the end.
    """

    channels: list[Coverage]
    looked_at: int
    next: str | None


def next_channels(
    connection: Connection,
    first: date,
    last: date,
    *,
    prefix: str = "",
    cursor: str | None = None,
    everything: bool = False,
) -> Looked:
    """Look at the next channels.

    Args:
        connection: A reading one.
        first: Of the span, included.
        last: Of the span, included.
        prefix: What the NMI begins with.
        cursor: Where the page before ended.
        everything: Also channels of which nothing is missing and all is actual.
    """
    nmi, nmi_suffix = after(cursor, (word, word), ("", ""))
    most = max(1, min(MOST_CHANNELS, _LOOKED_AT // ((last - first).days + 1)))
    rows = run(
        connection,
        "coverage",
        nmi=nmi,
        nmi_suffix=nmi_suffix,
        prefix=prefix,
        first=first,
        last=last,
        most=most,
    )
    found: list[Coverage] = []
    for _, group in groupby(rows, key=lambda row: (row["nmi"], row["nmi_suffix"])):
        days = list(group)
        begin = max(first, days[0]["first_day"])
        found.append(
            Coverage(
                days[0]["nmi"],
                days[0]["nmi_suffix"],
                begin,
                last,
                {row["day"]: row["qualities"] for row in days if row["day"]},
            )
        )
    lacking = [(each.nmi, each.nmi_suffix) for each in found if each.missing_days]
    refused = refusals(connection, lacking, first, last)
    for each in found:
        each.refusals.extend(refused.get((each.nmi, each.nmi_suffix), ()))
    end = f"{found[-1].nmi}~{found[-1].nmi_suffix}" if len(found) == most else None
    asked = [channel for channel in found if everything or channel.needs_attention]
    return Looked([channel for channel in asked if channel.expected], len(found), end)


HEADING: Final = (
    "nmi", "nmi_suffix", "first_expected_day", "last_day", "expected_days", "days",
    "missing_days", "missing", "refused",
    *(f"{flag.name}_intervals" for flag in spec.INTERVAL_FLAGS), "not_actual_share",
)  # fmt: skip


def as_csv(channels: Iterable[Coverage]) -> Iterator[str]:
    """Lines of CSV, without the heading."""
    for channel in channels:
        missing = " ".join(
            f"{begin}" if begin == end else f"{begin}..{end}" for begin, end in channel.missing
        )
        yield csv_line(
            channel.nmi,
            channel.nmi_suffix,
            channel.first,
            channel.last,
            channel.expected,
            len(channel.days),
            channel.missing_days,
            missing,
            " ".join(f"{day}" for day, _ in channel.refused),
            *map(channel.intervals, spec.INTERVAL_FLAGS),
            None if channel.not_actual is None else f"{channel.not_actual:.6f}",
        )
