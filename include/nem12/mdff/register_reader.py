"""The walk over the records of a NEM13 file or of a shard of it: reads and findings, one by one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from nem12.mdff import spec, text
from nem12.mdff.exact import add
from nem12.mdff.findings import Finding, Level
from nem12.mdff.header import Header
from nem12.mdff.identity import named
from nem12.mdff.limits import MAX_LINE_BYTES, WARNINGS_KEPT
from nem12.mdff.profiles import Profile
from nem12.mdff.record import Record
from nem12.mdff.register import RegisterRead, check_250, days_of, one_a_code, quantity_of
from nem12.mdff.transactions import Transaction, check_550
from nem12.mdff.walk import EMPTY_LINES, Remembered, Walk

_MOST_FINDINGS: Final = 10_000
"""About one read, held back; warnings beyond are given at once."""


@dataclass(slots=True)
class _Unit:
    """A 250 record with its 550 records, or an unusable record in its place.

    Attributes:
        first_line: Its first record.
        last_line: Its last record so far.
        named: NMI and NMISuffix, as far as they can be read.
        days: First and last, as far as they can be read.
        quantity: As delivered, also of a refused record; None if it is not a plain number.
        reads: 250 records: one or none.
        records: How many of all kinds.
        findings: Held back until it is known which lines the unit covers.
        read: None in a refused unit.
        transactions: Of its 550 records.
        transaction_bytes: Of these records.
    """

    first_line: int
    last_line: int
    named: tuple[str, str] = ("", "")
    days: tuple[date, date] | None = None
    quantity: Decimal | None = None
    reads: int = 0
    records: int = 1
    findings: list[Finding] = field(default_factory=list)
    read: RegisterRead | None = None
    transactions: list[Transaction] = field(default_factory=list)
    transaction_bytes: int = 0

    @property
    def refused(self) -> bool:
        return any(finding.level is not Level.WARN for finding in self.findings)

    def covered(self) -> Iterator[Finding]:
        """The findings, each with whose they are and the lines that it refuses."""
        refused = self.first_line, self.last_line
        for finding in self.findings:
            lines = None if finding.level is Level.WARN else refused
            yield finding.about(*self.named, *(self.days or ()), lines=lines)

    def take(self, findings: list[Finding]) -> Iterator[Finding]:
        """Hold findings back; gives the warnings that are too many for that."""
        for finding in findings:
            if finding.level is Level.WARN and len(self.findings) > _MOST_FINDINGS:
                yield finding.about(*self.named, *(self.days or ()))
            else:
                self.findings.append(finding)


@dataclass(frozen=True, slots=True)
class _Known:
    """A short line that was refused.

    Attributes:
        findings: About it.
        reads: 250 records: one or none.
        named: NMI and NMISuffix, as far as they can be read.
        days: First and last, as far as they can be read.
        quantity: As delivered; None if it is not a plain number.
    """

    findings: tuple[Finding, ...]
    reads: int = 0
    named: tuple[str, str] = ("", "")
    days: tuple[date, date] | None = None
    quantity: Decimal | None = None

    def on(self, line: int) -> _Unit:
        """The same refused on another line."""
        findings = [
            finding.about("", "", lines=(line, line), line=line) for finding in self.findings
        ]
        return _Unit(line, line, self.named, self.days, self.quantity, self.reads, 1, findings)


class RegisterReader(Walk):
    """Reads the body of a NEM13 file, or of a shard that begins with a 250 record.

    Args:
        header: Of the whole file.
        profile: How strictly to judge.
        first_line: Number of the first line that will be read.
    """

    def __init__(self, header: Header, profile: Profile, first_line: int = 1) -> None:
        super().__init__(header, profile, first_line)
        self._open: _Unit | None = None
        self._known: Remembered[_Known] = Remembered()

    def read(self, pieces: Iterable[tuple[int, bytes]]) -> Iterator[RegisterRead | Finding]:
        """Read pieces as `text.whole_lines` gives them; findings come before what they cover."""
        for _, piece in pieces:
            for raw in piece.splitlines(keepends=True):
                self._line += 1
                if raw in EMPTY_LINES and self._blank_lines >= WARNINGS_KEPT:
                    self._blank_lines += 1
                else:
                    yield from self._record(raw)
        yield from self._close()

    def _record(self, raw: bytes) -> Iterator[RegisterRead | Finding]:
        if text.is_blank(raw):
            yield from self._about_blank(raw)
            return
        kind = text.indicator(raw)
        if kind == "550":
            yield from self._on_550(raw)
            return
        yield from self._close()
        if self._is_boundary(kind):
            # What was refused under one header may be right under the next.
            self._known.clear()
            self._follow_header(raw, kind)
            return
        self.counts.records += 1
        earlier = self._known.get(raw)
        if earlier is not None:
            self._open = earlier.on(self._line)
        elif kind == "250":
            self._open = self._on_250(raw)
        else:
            self._open = self._on_unknown(raw, kind)
        self.counts.reads += self._open.reads
        if self._open.quantity is not None:
            self.counts.quantity = add(self.counts.quantity, self._open.quantity)

    def _on_250(self, raw: bytes) -> _Unit:
        record = Record(self._line, raw, self._profile)
        read = check_250(record, self._header)
        unit = _Unit(
            self._line,
            self._line,
            named=named(record, spec.REGISTER_SUFFIX_LIKE),
            days=days_of(record),
            quantity=quantity_of(record),
            reads=1,
            findings=record.findings,
            read=read,
        )
        if read is None:
            earlier = _Known(tuple(record.findings), 1, unit.named, unit.days, unit.quantity)
            self._known.put(raw, earlier)
        return unit

    def _on_unknown(self, raw: bytes, kind: str) -> _Unit:
        """Refuse the line and the 550 records after it; the read before it is accepted."""
        finding = self._unknown_record(raw, kind)
        if finding.level is not Level.WARN:
            self._known.put(raw, _Known((finding,)))
        return _Unit(self._line, self._line, findings=[finding])

    def _on_550(self, raw: bytes) -> Iterator[Finding]:
        self.counts.records += 1
        unit = self._open
        if unit is None:
            message = "a 550 record without a 250 record before it"
            orphan = self._finding(Level.RECORD, "orphan-550", raw, message)
            self._open = _Unit(self._line, self._line, findings=[orphan])
            return
        unit.records += 1
        unit.last_line = self._line
        # With so many refusals its transactions are not examined either.
        if unit.read is not None and len(unit.findings) <= 2 * _MOST_FINDINGS:
            yield from unit.take(self._transactions(raw, unit, unit.read))

    def _transactions(self, raw: bytes, unit: _Unit, read: RegisterRead) -> list[Finding]:
        """Keep the halves of a 550 record with its read; gives their findings."""
        unit.transaction_bytes += len(raw)
        if unit.transaction_bytes > MAX_LINE_BYTES:
            unit.transactions.clear()
            first = unit.transaction_bytes - len(raw) <= MAX_LINE_BYTES
            return [self._too_many(raw, "read")] if first else []
        record = Record(self._line, raw, self._profile)
        halves = check_550(record)
        if halves is not None:
            unit.transactions += read.both_halves(self._line, halves)
        return one_a_code(record.findings)

    def _close(self) -> Iterator[RegisterRead | Finding]:
        """The open read, or whatever else is open, has all its records."""
        unit, self._open = self._open, None
        if unit is None:
            return
        counts, read = self.counts, unit.read
        yield from unit.covered()
        if unit.refused:
            counts.refused_records += unit.records
            counts.refused_reads += unit.reads
            if unit.quantity is not None:
                counts.refused_quantity = add(counts.refused_quantity, unit.quantity)
        elif read is not None:
            read.last_line, read.records = unit.last_line, unit.records
            read.transactions = unit.transactions
            counts.accept(read.previous_day, read.current_day, len(read.transactions))
            yield read
