"""The walk over the records of a NEM12 file or of a shard of it: days and findings, one by one."""

from collections.abc import Iterable, Iterator
from datetime import date

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
from nem12.mdff.transactions import check_500
from nem12.mdff.units import MOST_FINDINGS, Known, Unit
from nem12.mdff.walk import EMPTY_LINES, Remembered, Walk


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
        self._block: Unit | None = None
        """The block of a refused 200, or of days without one."""
        self._block_begin = 0, b""
        """Line of the 200 record in force, and the line itself."""
        self._block_is_empty = False
        self._in_block = False
        self._previous: date | None = None
        self._open: Unit | None = None
        self._known_300: Remembered[Known] = Remembered()
        self._known_200: Remembered[Known] = Remembered()
        self._known_other: Remembered[Known] = Remembered()

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
            self._block = Unit(self._line, self._line, findings=record.findings)
            self._known_200.put(raw, Known(tuple(record.findings), named=self._named))
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
            self._block = Unit(self._line, self._line, records=0, findings=[orphan])
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
        self._open = unit = Unit(day.line, day.line, values=day.channel.intervals, day=day)
        if self._previous is not None and day.day < self._previous:
            message = f"IntervalDate {day.day:%Y%m%d} follows {self._previous:%Y%m%d}"
            unit.findings.append(_about_day(Level.WARN, "date-order", day, message, 1))
        self._previous = day.day

    def _refused_day(self, raw: bytes, findings: list[Finding]) -> Unit:
        """A 300 record that is refused, or belongs to a refused block."""
        self.counts.records += 1
        _, record, _ = text.bare(raw)
        fields = text.split(text.decode(record)[0])
        values = values_of(fields, self._channel.intervals if self._channel else None)
        self.counts.values += len(values)
        day = parse_date(fields[1]) if len(fields) > 1 else None
        days = None if day is None else (day, day)
        earlier = Known(tuple(findings), len(values), exact_sum(values), days)
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
        if unit.day is None or len(unit.findings) > MOST_FINDINGS:
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

    def _add_event(self, unit: Unit, day: Day, event: Event) -> None:
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

    def _careful_event(self, raw: bytes, unit: Unit, intervals: int) -> Event | None:
        record = Record(self._line, raw, self._profile)
        event = check_400(record, intervals, self._header)
        unit.findings += record.findings
        return event

    def _orphan_400(self, raw: bytes) -> Unit:
        unit = Unit(self._line, self._line)
        if self._block is None:
            message = "a 400 record without a 300 record before it"
            unit.findings.append(self._finding(Level.RECORD, "orphan-400", raw, message))
        return unit

    def _on_500(self, raw: bytes) -> Iterator[Finding]:
        self.counts.records += 1
        unit = self._open
        if unit is None and self._block is not None:
            self._open = Unit(self._line, self._line)
        elif unit is None:
            message = "a 500 record without a 300 record before it; ignored"
            yield self._finding(Level.WARN, "order", raw, message).about(*self._named)
        else:
            unit.records += 1
            unit.last_line = self._line
            if unit.day is not None and len(unit.findings) <= 2 * MOST_FINDINGS:
                yield from unit.take(self._transaction(raw, unit), *self._named)

    def _transaction(self, raw: bytes, unit: Unit) -> list[Finding]:
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
            self._open = Unit(self._line, self._line, findings=[finding])
            if finding.level is not Level.WARN:
                self._known_other.put(raw, Known((finding,)))

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

    def _judge_events(self, day: Day, unit: Unit) -> None:
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
