"""The days of channels in a span: expected, there, missing, and why."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import groupby
from typing import Any, Final

from nem12.coverage.refused import refusals
from nem12.coverage.sql import run
from nem12.errors import UsageError
from nem12.exact_csv import csv_line
from nem12.mdff import spec
from nem12.warehouse.connect import Connection
from nem12.warehouse.sql import Row

MOST_DAYS: Final = 366
"""Of a span."""

MOST_CHANNELS: Final = 100
"""Of a page."""

_READ: Final = 4_000
"""Days of which a page reads the quality, some 10 us each: a longer span has shorter pages."""

_SORTED: Final = 5_000
"""Channels that one list sorts by missing days, some 40 us each."""

_COUNTED: Final = 1_000_000
"""Days that one list counts, some 0.1 us each: of a longer span fewer channels are sorted."""

_FAILED: Final = 20
"""Failed drops that are named; more are on the page of drops."""

STANDINGS: Final = ("delivering", "silent", "refused", "never", "ended")
"""What is known of a channel's deliveries.

delivering: there are days in the span or later ones; silent: the newest day is before the span;
refused: everything that came was refused; never: the NMI is expected and nothing has come; ended:
the last expected day is before the end of the span.
"""

SORTS: Final = ("nmi", "missing")
"""By NMI and suffix; or by missing days, those of channels that still deliver first."""

_REFUSAL: Final = ("sha256", "file", "line", "level", "code", "field", "message", "excerpt")


@dataclass(frozen=True)
class End:
    """The last day that a channel is expected to have.

    Attributes:
        last_day: Included; None where somebody said that the channel goes on.
        known_by: "said" by somebody, or "exchange": its meter was exchanged.
        said_by: Who said so; None of an exchange.
        said_at: When.
    """

    last_day: date | None
    known_by: str
    said_by: str | None = None
    said_at: datetime | None = None


@dataclass(frozen=True)
class Coverage:
    """One channel in a span of days.

    Attributes:
        first: The first day it is expected to have: of the span, or its first ever.
        last: The last day it is expected to have: of the span, or on which it ended.
        days: Of each day that is there, the intervals of each quality flag.
        refusals: Rows of `refusals` in the span, the newest first.
        standing: One of `STANDINGS`.
        newest: Its newest day in force, also outside the span.
        end: What is known of its end; None of most.
    """

    nmi: str
    nmi_suffix: str
    first: date
    last: date
    days: dict[date, dict[str, int]] = field(default_factory=dict)
    refusals: list[Row] = field(default_factory=list)
    standing: str = "delivering"
    newest: date | None = None
    end: End | None = None

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

    def reasons(self) -> list[tuple[date, Row | None]]:
        """Every missing day, with its newest refusal; None where nothing of it was refused."""
        refused = dict(self.refused)
        days = (self.first + timedelta(days=number) for number in range(self.expected))
        return [(day, refused.get(day)) for day in days if day not in self.days]

    @property
    def missing_days(self) -> int:
        """How many days it does not have."""
        return max(0, self.expected - len(self.days))

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
        """What to show of a day: before, ended, missing, actual, mixed or replaced."""
        if day < self.first:
            return "before"
        if day > self.last and day not in self.days:
            return "ended"
        flags = self.days.get(day)
        if flags is None:
            return "missing"
        if set(flags) == {spec.ACTUAL.letter}:
            return "actual"
        return "mixed" if spec.ACTUAL.letter in flags else "replaced"

    def strip(self, begin: date, end: date) -> Iterator[tuple[str, date, date]]:
        """Spans of days of one state that are expected: state, first, last.

        Args:
            begin: Of the span that was asked for.
            end: Of that span, included.
        """
        length = (end - begin).days + 1
        days = (begin + timedelta(days=number) for number in range(length))
        for state, group in groupby(days, self.state):
            span = list(group)
            if state not in {"before", "ended"}:
                yield state, span[0], span[-1]

    def as_json(self) -> dict[str, Any]:
        """As the JSON route answers."""
        return {
            "nmi": self.nmi,
            "nmi_suffix": self.nmi_suffix,
            "standing": self.standing,
            "newest_day": self.newest,
            "ended_on": self.end and self.end.last_day,
            "end_known_by": self.end and self.end.known_by,
            "first_expected_day": self.first,
            "last_expected_day": self.last,
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
class Query:
    """Which channels are asked for.

    Attributes:
        first: Of the span, included.
        last: Of the span, included.
        prefix: What the NMI begins with.
        standing: One of `STANDINGS`; empty for all.
        everything: Also channels of which nothing is missing and all is actual.
        sort: One of `SORTS`.

    Raises:
        UsageError: The span is reversed or too long; `standing` or `sort` is not known.
    """

    first: date
    last: date
    prefix: str = ""
    standing: str = ""
    everything: bool = False
    sort: str = "nmi"

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise UsageError(f"the span ends on {self.last}, before it begins on {self.first}")
        if self.days > MOST_DAYS:
            raise UsageError(f"the span has {self.days} days: ask for {MOST_DAYS} at most")
        if self.standing and self.standing not in STANDINGS:
            raise UsageError(f"standing: choose one of {', '.join(STANDINGS)}")
        if self.sort not in SORTS:
            raise UsageError(f"sort: choose one of {', '.join(SORTS)}")

    @property
    def days(self) -> int:
        """Days of the span."""
        return (self.last - self.first).days + 1

    @property
    def page(self) -> int:
        """Channels of a page at most."""
        return max(1, min(MOST_CHANNELS, _READ // self.days))

    @property
    def looked_at(self) -> int:
        """Channels that are looked at for a page."""
        return self.page if self.sort == "nmi" else min(_SORTED, _COUNTED // self.days)

    def wants(self, channel: Coverage) -> bool:
        """Whether a channel is to be listed."""
        if self.standing and channel.standing != self.standing:
            return False
        # Of a channel that ended before the span nothing is expected.
        listed = channel.expected > 0 or self.standing == "ended"
        return listed and (self.everything or bool(self.standing) or channel.needs_attention)


@dataclass(frozen=True)
class Place:
    """Where a page of channels ended: by NMI its last channel, else its last place in the order."""

    nmi: str = ""
    nmi_suffix: str = ""
    number: int = 0


@dataclass(frozen=True)
class Looked:
    """What was found among some channels.

    Attributes:
        channels: Those asked for.
        looked_at: How many were looked at.
        more: Whether the list was cut: there are channels that were not looked at.
        next: Where the next page begins; None at the end.
    """

    channels: list[Coverage]
    looked_at: int
    more: bool
    next: Place | None


def next_channels(connection: Connection, query: Query, place: Place | None = None) -> Looked:
    """Look at the next channels.

    Args:
        connection: A reading one.
        query: Which.
        place: Where the page before ended; None for the first.
    """
    place = place or Place()
    by_nmi = query.sort == "nmi"
    rows = _rows(connection, query, place)
    found = _with_days(connection, query, rows)
    full = len(rows) == query.page
    looked_at = rows[0]["looked_at"] if rows else 0
    return Looked(
        channels=[channel for channel in found if query.wants(channel)],
        looked_at=looked_at,
        more=full if by_nmi else looked_at == query.looked_at,
        next=_behind(rows[-1], by_nmi=by_nmi) if full else None,
    )


def channel_in(
    connection: Connection, nmi: str, nmi_suffix: str, first: date, last: date
) -> Coverage | None:
    """One channel in a span; None if nothing is known of it."""
    query = Query(first, last, prefix=nmi, everything=True)
    place: Place | None = Place()
    while place is not None:
        rows = _rows(connection, query, place)
        for channel in _with_days(connection, query, _of(rows, nmi, nmi_suffix)):
            return channel
        place = _behind(rows[-1], by_nmi=True) if len(rows) == query.page else None
    return None


def failed_drops(connection: Connection) -> list[Row]:
    """Drops that failed for good, the newest first: any of them may hold a missing day."""
    return run(connection, "failed_drops", most=_FAILED)


def _of(rows: list[Row], nmi: str, nmi_suffix: str) -> list[Row]:
    return [row for row in rows if (row["nmi"], row["nmi_suffix"]) == (nmi, nmi_suffix)]


def _rows(connection: Connection, query: Query, place: Place) -> list[Row]:
    return run(
        connection,
        "expected_channels",
        nmi=place.nmi,
        nmi_suffix=place.nmi_suffix,
        place=place.number,
        prefix=query.prefix,
        first=query.first,
        last=query.last,
        sort=query.sort,
        # By NMI, channels of another standing count as looked at.
        standing="" if query.sort == "nmi" else query.standing,
        most=query.page,
        looked_at=query.looked_at,
    )


def _behind(row: Row, *, by_nmi: bool) -> Place:
    return Place(row["nmi"], row["nmi_suffix"]) if by_nmi else Place(number=row["place"])


def _with_days(connection: Connection, query: Query, rows: list[Row]) -> list[Coverage]:
    found = {(row["nmi"], row["nmi_suffix"]): _channel(row) for row in rows}
    pairs = {
        "nmis": [nmi for nmi, _ in found],
        "nmi_suffixes": [nmi_suffix for _, nmi_suffix in found],
    }
    for day in run(connection, "coverage_days", first=query.first, last=query.last, **pairs):
        channel = found[day["nmi"], day["nmi_suffix"]]
        if day["day"] <= channel.last:
            channel.days[day["day"]] = day["qualities"]
    lacking = [key for key, channel in found.items() if channel.missing_days]
    for key, refused in refusals(connection, lacking, query.first, query.last).items():
        found[key].refusals.extend(refused)
    return list(found.values())


def _channel(row: Row) -> Coverage:
    end = None
    if row["end_known_by"]:
        end = End(row["last_day"], row["end_known_by"], row["end_said_by"], row["end_said_at"])
    return Coverage(
        row["nmi"],
        row["nmi_suffix"],
        row["first_expected_day"],
        row["last_expected_day"],
        standing=row["standing"],
        newest=row["newest_day"],
        end=end,
    )


HEADING: Final = (
    "nmi", "nmi_suffix", "first_expected_day", "last_day", "expected_days", "days",
    "missing_days", "missing", "refused",
    *(f"{flag.name}_intervals" for flag in spec.INTERVAL_FLAGS), "not_actual_share",
    "standing", "newest_day", "ended_on",
)  # fmt: skip


def row_of(channel: Coverage) -> tuple[Any, ...]:
    """A channel by the columns of `HEADING`."""
    missing = " ".join(
        f"{begin}" if begin == end else f"{begin}..{end}" for begin, end in channel.missing
    )
    return (
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
        channel.standing,
        channel.newest,
        channel.end and channel.end.last_day,
    )


def as_csv(channels: Iterable[Coverage]) -> Iterator[str]:
    """Lines of CSV, without the heading."""
    for channel in channels:
        yield csv_line(*row_of(channel))
