"""The walk over the records of a NEM12 file or of a shard of it: days and findings, one by one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from nem12.mdff import text, wording
from nem12.mdff.channel import Channel, check_200
from nem12.mdff.day import (
    Day,
    Event,
    check_300,
    check_400,
    event_text,
    record_text,
    values_of,
)
from nem12.mdff.events import Fault, check_events
from nem12.mdff.exact import add, exact_sum
from nem12.mdff.fast import FastWay
from nem12.mdff.findings import Finding, Level
from nem12.mdff.header import Header
from nem12.mdff.identity import named
from nem12.mdff.limits import MAX_LINE_BYTES, WARNINGS_KEPT
from nem12.mdff.profiles import Profile
from nem12.mdff.record import Record
from nem12.mdff.stamps import parse_date
from nem12.mdff.transactions import Transaction, check_500
from nem12.mdff.walk import EMPTY_LINES, Remembered, Walk

_MOST_FINDINGS: Final = 10_000
"""About one day, held back: its 400 records that gave so many overlap or are out of range, so that
it is refused, and those that follow are counted and no longer examined. Warnings about its 500
records are given at once; with so many refusals on top these are not examined either."""


@dataclass(slots=True)
class _Unit:
    """Records that are accepted or refused together.

    Attributes:
        first_line: Its first record.
        last_line: Its last record so far.
        records: How many it has.
        values: Of its 300 records.
        findings: Held back until it is known which lines the unit covers.
        day: The open day; None in a refused unit.
        days: IntervalDate of a refused 300 record, twice; the earliest and the latest of a block.
        event_lines: Lines of the day's 400 records.
        last_start: Where the 400 record before began.
        descending: The first 400 record that begins before the one before it.
        transactions: Of its 500 records; None if there are none.
        transaction_bytes: Of these records.
        again: Whether its findings are about a line before, which was the same as its first.
    """

    first_line: int
    last_line: int
    records: int = 1
    values: int = 0
    total: Decimal = Decimal(0)
    findings: list[Finding] = field(default_factory=list)
    day: Day | None = None
    days: tuple[date, date] | None = None
    event_lines: list[int] = field(default_factory=list)
    last_start: int = 0
    descending: Finding | None = None
    transactions: list[Transaction] | None = None
    transaction_bytes: int = 0
    again: bool = False

    @property
    def refused(self) -> bool:
        # Called for each unit, and nearly all have no findings.
        return bool(self.findings) and any(
            finding.level is not Level.WARN for finding in self.findings
        )

    def covered(self, nmi: str, nmi_suffix: str) -> Iterator[Finding]:
        """The findings, each with whose they are and the lines that it refuses."""
        days = self.days or () if self.day is None else (self.day.day,)
        refused = self.first_line, self.last_line
        line = self.first_line if self.again else 0
        alone = (line, line) if line else None
        for finding in self.findings:
            lines = alone if finding.level is Level.WARN else refused
            yield finding.about(nmi, nmi_suffix, *days, lines=lines, line=line)

    def take(self, findings: list[Finding], nmi: str, nmi_suffix: str) -> Iterator[Finding]:
        """Hold findings back; gives the warnings that are too many for that."""
        if len(self.findings) <= _MOST_FINDINGS:
            self.findings += findings
            return
        days = () if self.day is None else (self.day.day,)
        for finding in findings:
            if finding.level is Level.WARN:
                yield finding.about(nmi, nmi_suffix, *days)
            else:
                self.findings.append(finding)

    def take_days(self, days: tuple[date, date] | None) -> None:
        """The block has these days too."""
        if self.days is not None and days is not None:
            days = min(self.days[0], days[0]), max(self.days[1], days[1])
        self.days = days or self.days


@dataclass(frozen=True, slots=True)
class _Known:
    """A short line that was refused in this block.

    Attributes:
        findings: About it.
        values: Of a 300 record.
        total: Their sum.
        days: Its IntervalDate, twice.
        named: NMI and suffix of a 200 record, as far as known.
    """

    findings: tuple[Finding, ...]
    values: int = 0
    total: Decimal = Decimal(0)
    days: tuple[date, date] | None = None
    named: tuple[str, str] = ("", "")

    def on(self, line: int) -> _Unit:
        """The same refused again."""
        findings = list(self.findings)
        return _Unit(line, line, 1, self.values, self.total, findings, None, self.days, again=True)


class Reader(Walk):
    """Reads the body of a NEM12 file, or of a shard that begins with a 200 record.

    Args:
        header: Of the whole file.
        profile: How strictly to judge.
        first_line: Number of the first line that will be read.
        fast: Take the fast way where it applies; without it the result is the same.
    """

    def __init__(
        self, header: Header, profile: Profile, first_line: int = 1, *, fast: bool = True
    ) -> None:
        super().__init__(header, profile, first_line)
        self._fast = FastWay(header, profile) if fast else None
        self._channel: Channel | None = None
        self._named = "", ""
        """NMI and suffix of the 200 record in force, also a refused one; as far as known."""
        self._block: _Unit | None = None
        """The block of a refused 200, or of days without one."""
        self._block_begin = 0, b""
        """Line of the 200 record in force, and the line itself."""
        self._block_is_empty = False
        self._in_block = False
        self._previous: date | None = None
        self._open: _Unit | None = None
        self._known_300: Remembered[_Known] = Remembered()
        self._known_200: Remembered[_Known] = Remembered()
        self._known_other: Remembered[_Known] = Remembered()

    def read(self, pieces: Iterable[tuple[int, bytes]]) -> Iterator[Day | Finding]:
        """Read pieces as `text.whole_lines` gives them; findings come after what they cover."""
        for _, piece in pieces:
            for raw in piece.splitlines(keepends=True):
                self._line += 1
                if raw.startswith(b"300,") and self._fast and self._block is None:
                    day = self._fast.day(self._line, raw)
                    if day is not None:
                        if self._open is not None:
                            yield from self._close()
                        self._begin_day(day)
                        continue
                elif raw.startswith(b"400,"):
                    self._on_400(raw)
                    continue
                elif raw in EMPTY_LINES and self._blank_lines >= WARNINGS_KEPT:
                    self._blank_lines += 1
                    continue
                yield from self._record(raw)
        yield from self._close()
        yield from self._close_block()

    def _record(self, raw: bytes) -> Iterator[Day | Finding]:
        if text.is_blank(raw):
            yield from self._about_blank(raw)
            return
        kind = text.indicator(raw)
        if kind == "400":
            self._on_400(raw)
        elif kind == "500":
            yield from self._on_500(raw)
        else:
            yield from self._close()
            if kind == "200":
                yield from self._close_block()
                yield from self._on_200(raw)
            elif kind == "300":
                self._on_300(raw)
            elif self._is_boundary(kind):
                yield from self._close_block()
                self._on_boundary(raw, kind)
            else:
                yield from self._on_unknown(raw, kind)

    def _on_boundary(self, raw: bytes, kind: str) -> None:
        """A file ends, or another begins, inside a joined one; the whole-file pass judged it."""
        self._channel, self._named, self._in_block = None, ("", ""), False
        self._known_300.clear()
        self._follow_header(raw, kind)
        if self._fast:
            # A new one knows no channel, like the careful way after a header.
            self._fast = FastWay(self._header, self._profile)

    def _on_200(self, raw: bytes) -> Iterator[Finding]:
        self.counts.records += 1
        self._in_block, self._block_begin, self._block_is_empty = True, (self._line, raw), True
        self._channel = self._previous = None
        self._known_300.clear()
        earlier = self._known_200.get(raw)
        if earlier is not None:
            self._named, self._block = earlier.named, earlier.on(self._line)
            return
        record = Record(self._line, raw, self._profile)
        self._channel = channel = check_200(record)
        if channel is None:
            self._named = named(record)
            self._block = _Unit(self._line, self._line, findings=record.findings)
            self._known_200.put(raw, _Known(tuple(record.findings), named=self._named))
            return
        self._named = channel.nmi, channel.nmi_suffix
        for finding in record.findings:
            yield finding.about(*self._named)
        if self._fast:
            self._fast.follow(channel)

    def _on_300(self, raw: bytes) -> None:
        self._block_is_empty = False
        earlier = self._known_300.get(raw)
        if earlier is not None:
            self.counts.records += 1
            self.counts.values += earlier.values
            self._open = earlier.on(self._line)
            return
        if self._channel is None and self._block is None:
            message = "a 300 record without a 200 record before it"
            orphan = self._finding(Level.BLOCK, "orphan-300", raw, message)
            self._block = _Unit(self._line, self._line, records=0, findings=[orphan])
        if self._block is not None or self._channel is None:
            self._open = self._refused_day(raw, [])
            return
        record = Record(self._line, raw, self._profile, self._channel.intervals)
        day = check_300(record, self._channel, self._header)
        if day is None:
            self._open = self._refused_day(raw, record.findings)
        else:
            self._begin_day(day)
            if self._open is not None:
                self._open.findings[:0] = record.findings

    def _begin_day(self, day: Day) -> None:
        self.counts.records += 1
        self.counts.values += day.channel.intervals
        self._block_is_empty = False
        self._open = unit = _Unit(day.line, day.line, values=day.channel.intervals, day=day)
        if self._previous is not None and day.day < self._previous:
            message = f"IntervalDate {day.day:%Y%m%d} follows {self._previous:%Y%m%d}"
            unit.findings.append(_about_day(Level.WARN, "date-order", day, message, 1))
        self._previous = day.day

    def _refused_day(self, raw: bytes, findings: list[Finding]) -> _Unit:
        """A 300 record that is refused, or belongs to a refused block."""
        self.counts.records += 1
        _, record, _ = text.bare(raw)
        fields = text.split(text.decode(record)[0])
        values = values_of(fields, self._channel.intervals if self._channel else None)
        self.counts.values += len(values)
        day = parse_date(fields[1]) if len(fields) > 1 else None
        days = None if day is None else (day, day)
        earlier = _Known(tuple(findings), len(values), exact_sum(values), days)
        self._known_300.put(raw, earlier)
        return earlier.on(self._line)

    def _on_400(self, raw: bytes) -> None:
        self.counts.records += 1
        unit = self._open
        if unit is None:
            self._open = self._orphan_400(raw)
            return
        unit.records += 1
        unit.last_line = self._line
        if unit.day is None or len(unit.findings) > _MOST_FINDINGS:
            return
        if unit.transactions is not None:
            message = "a 400 record after a 500 record"
            unit.findings.append(self._finding(Level.WARN, "order", raw, message))
        intervals = unit.day.channel.intervals
        event = self._fast.event(raw, intervals) if self._fast else None
        if event is None:
            event = self._careful_event(raw, unit, intervals)
        if event is not None:
            self._add_event(unit, unit.day, event)

    def _add_event(self, unit: _Unit, day: Day, event: Event) -> None:
        if event.start_interval < unit.last_start and unit.descending is None:
            message = (
                f"StartInterval {event.start_interval} follows StartInterval {unit.last_start}"
            )
            unit.descending = _about_event("event-order", self._line, event, message)
        unit.last_start = event.start_interval
        # More events than intervals overlap for certain: what follows need not be kept.
        if len(day.events) <= day.channel.intervals:
            day.events.append(event)
            unit.event_lines.append(self._line)

    def _careful_event(self, raw: bytes, unit: _Unit, intervals: int) -> Event | None:
        record = Record(self._line, raw, self._profile)
        event = check_400(record, intervals, self._header)
        unit.findings += record.findings
        return event

    def _orphan_400(self, raw: bytes) -> _Unit:
        unit = _Unit(self._line, self._line)
        if self._block is None:
            message = "a 400 record without a 300 record before it"
            unit.findings.append(self._finding(Level.RECORD, "orphan-400", raw, message))
        return unit

    def _on_500(self, raw: bytes) -> Iterator[Finding]:
        self.counts.records += 1
        unit = self._open
        if unit is None and self._block is not None:
            self._open = _Unit(self._line, self._line)
        elif unit is None:
            message = "a 500 record without a 300 record before it; ignored"
            yield self._finding(Level.WARN, "order", raw, message).about(*self._named)
        else:
            unit.records += 1
            unit.last_line = self._line
            if unit.day is not None and len(unit.findings) <= 2 * _MOST_FINDINGS:
                yield from unit.take(self._transaction(raw, unit), *self._named)

    def _transaction(self, raw: bytes, unit: _Unit) -> list[Finding]:
        """Keep the transaction of a 500 record with its day; gives its findings."""
        if unit.transactions is None:
            unit.transactions = []
        unit.transaction_bytes += len(raw)
        if unit.transaction_bytes > MAX_LINE_BYTES:
            unit.transactions.clear()
            first = unit.transaction_bytes - len(raw) <= MAX_LINE_BYTES
            return [self._too_many(raw, "day")] if first else []
        record = Record(self._line, raw, self._profile)
        transaction = check_500(record)
        if transaction is not None:
            unit.transactions.append(transaction)
        return record.findings

    def _on_unknown(self, raw: bytes, kind: str) -> Iterator[Finding]:
        """Only the line is refused; it closes the day before it, and 400s after it have none.

        Records that extend the format may be passed over: they have indicators of their own.
        """
        self.counts.records += 1
        earlier = self._known_other.get(raw)
        if earlier is not None:
            self._open = earlier.on(self._line)
            return
        finding = self._unknown_record(raw, kind)
        if finding.level is Level.WARN and self._block is None:
            yield finding.about(*self._named)
        else:
            self._open = _Unit(self._line, self._line, findings=[finding])
            if finding.level is not Level.WARN:
                self._known_other.put(raw, _Known((finding,)))

    def _close(self) -> Iterator[Day | Finding]:
        """The open day, or whatever else is open, has all its records."""
        unit, self._open = self._open, None
        if unit is None:
            return
        if unit.day is not None and not unit.refused:
            self._judge_events(unit.day, unit)
        refused = unit.refused
        if self._block is not None:
            self._block.records += unit.records
            self._block.last_line = unit.last_line
            self._block.values += unit.values
            self._block.total = add(self._block.total, unit.total)
            self._block.take_days(unit.days)
        elif unit.day is None or refused:
            total = unit.total if unit.day is None else exact_sum(unit.day.values.split(","))
            self.counts.refuse(unit.records, unit.values, total)
        if unit.findings:
            yield from unit.covered(*self._named)
        if unit.day is not None and not refused:
            day = unit.day
            day.last_line, day.records = unit.last_line, unit.records
            if unit.transactions is not None:
                day.transactions = unit.transactions
            self.counts.days += 1
            self.counts.accept(day.day, day.day, len(day.transactions))
            yield day

    def _judge_events(self, day: Day, unit: _Unit) -> None:
        if not (day.events or day.quality.varies):
            return
        fault = check_events(day)
        if unit.descending is not None:
            unit.findings.append(unit.descending)
        elif fault is not None:
            unit.findings.append(_about_events(fault, day, unit.event_lines))
        elif not day.quality.varies:
            message = f"400 records under QualityMethod {day.quality.quality_method}; applied"
            place = 2 + day.channel.intervals
            unit.findings.append(_about_day(Level.WARN, "event-with-a", day, message, place))
        elif len(day.events) == 1:
            line, excerpt = unit.event_lines[0], wording.excerpt(event_text(day.events[0]).encode())
            message = "one 400 record for the whole day under V"
            unit.findings.append(
                Finding(Level.WARN, "event-single", line, message, excerpt, line, line)
            )

    def _close_block(self) -> Iterator[Finding]:
        block, self._block = self._block, None
        if block is not None:
            self.counts.refuse(block.records, block.values, block.total)
            yield from block.covered(*self._named)
        elif self._in_block and self._block_is_empty:
            line, raw = self._block_begin
            message, excerpt = "a 200 record without 300 records", wording.excerpt(raw)
            empty = Finding(Level.WARN, "empty-block", line, message, excerpt, line, line)
            yield empty.about(*self._named)


def _about_day(
    level: Level, code: str, day: Day, message: str, place: int | None = None
) -> Finding:
    """A finding about a field of a 300 record that was accepted, or about all of it."""
    return _written(level, code, day.line, message, record_text(day), place)


def _about_event(code: str, line: int, event: Event, message: str) -> Finding:
    """A refusal for the StartInterval of a 400 record."""
    return _written(Level.RECORD, code, line, message, event_text(event), 1)


def _written(
    level: Level, code: str, line: int, message: str, record: str, place: int | None
) -> Finding:
    excerpt = wording.excerpt(record.encode())
    if place is not None:
        excerpt = wording.marked(record.split(","), place)
    return Finding(
        level, code, line, message, excerpt, line, line, 0 if place is None else place + 1
    )


def _about_events(fault: Fault, day: Day, lines: list[int]) -> Finding:
    """Findings about the 400 records of a day, whose lines are given."""
    if fault.event is not None:
        event = day.events[fault.event]
        return _about_event(fault.code, lines[fault.event], event, fault.message)
    place = 2 + day.channel.intervals if fault.code == "v-without-400" else None
    return _about_day(Level.RECORD, fault.code, day, fault.message, place)
