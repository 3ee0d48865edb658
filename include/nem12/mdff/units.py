"""Records of interval data that are accepted or refused together, as the reader holds them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from nem12.mdff.day import Day
from nem12.mdff.findings import Finding, Level
from nem12.mdff.transactions import Transaction

MOST_FINDINGS: Final = 10_000
"""About one day, held back: its 400 records that gave so many overlap or are out of range, so that
it is refused, and those that follow are counted and no longer examined. Warnings about its 500
records are given at once; with so many refusals on top these are not examined either."""


@dataclass(slots=True)
class Unit:
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
        """Whether a finding refuses it."""
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
        if len(self.findings) <= MOST_FINDINGS:
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
class Known:
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

    def on(self, line: int) -> Unit:
        """The same refused again."""
        findings = list(self.findings)
        return Unit(line, line, 1, self.values, self.total, findings, None, self.days, again=True)
