"""What a file holds, so that what was written can be held against what is read back."""

import hashlib
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from nem12.errors import TerminalError
from nem12.mdff import spec
from nem12.mdff.day import Day
from nem12.mdff.exact import add, shifted, sum_of
from nem12.mdff.findings import Finding, Level
from nem12.mdff.profiles import ProfileName
from nem12.parse import PartReader
from nem12.shard import parts
from nem12.unpack import meter_files


@dataclass(slots=True)
class Content:
    """Days counted, summed exactly and hashed in their order.

    Attributes:
        days: Of channels.
        readings: In these days.
        sums: Of the values, exact, by the unit that readings are kept in.
        first_day: The earliest NEM day; None where there is none.
        last_day: The latest.
    """

    days: int = 0
    readings: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)
    first_day: date | None = None
    last_day: date | None = None
    _digest: Any = field(default_factory=hashlib.sha256)

    def add_day(self, nmi: str, nmi_suffix: str, day: date, unit: spec.Unit, values: str) -> None:
        """Count a day.

        Args:
            nmi: Of its channel.
            nmi_suffix: The same.
            day: NEM day.
            unit: Of the values.
            values: As delivered, separated by commas.
        """
        self.days += 1
        self.readings += values.count(",") + 1
        self._add(unit.stored, shifted(sum_of(values), unit.exponent))
        self._widen(day, day)
        self._digest.update(f"{nmi},{nmi_suffix},{day},{unit.delivered},{values}\n".encode())

    def add_readings(self, uom: str, readings: int, total: Decimal) -> None:
        """Count readings of which no more is known than their exact sum."""
        self.readings += readings
        self._add(uom, total)

    def _add(self, uom: str, total: Decimal) -> None:
        self.sums[uom] = add(self.sums.get(uom, Decimal(0)), total)

    def _widen(self, first: date, last: date) -> None:
        self.first_day = min(self.first_day or first, first)
        self.last_day = max(self.last_day or last, last)

    @property
    def sha256(self) -> str:
        """Of all days in their order, hexadecimal."""
        digest: str = self._digest.hexdigest()
        return digest

    def merge(self, other: "Content") -> None:
        """Add the counts and sums of another file."""
        self.days += other.days
        self.readings += other.readings
        for uom, total in other.sums.items():
            self._add(uom, total)
        if other.first_day and other.last_day:
            self._widen(other.first_day, other.last_day)

    def check(self, found: "Content", name: str) -> None:
        """Hold what was written against the readings and sums that were read back.

        Raises:
            TerminalError: They differ.
        """
        if (found.readings, found.sums) != (self.readings, self.sums):
            raise TerminalError(
                f"{name}: {found.readings} readings were read back of {self.readings}, or others:"
                " nothing of it was kept. Try again; if it stays so, report it as a fault"
            )

    def energy(self) -> dict[str, Decimal]:
        """The sums of what adds up."""
        return {uom: total for uom, total in self.sums.items() if uom in spec.POWER_OF}

    def row(self) -> dict[str, object]:
        """For JSON."""
        return {
            "days": self.days,
            "readings": self.readings,
            "first_day": self.first_day,
            "last_day": self.last_day,
            "sums": self.energy(),
        }


def read_back(path: Path, scratch: Path) -> Content:
    """What a NEM12 file holds, by the reader of this package.

    By the lenient profile, since what was loaded by it comes out too.

    Raises:
        TerminalError: A record of it is refused.
    """
    content = Content()
    for file in meter_files(path, path.name, ProfileName.LENIENT, scratch):
        for finding in file.findings:
            _accept(finding)
        for part in parts(file):
            for item in PartReader(part):
                if isinstance(item, Day):
                    channel = item.channel
                    whose = channel.nmi, channel.nmi_suffix, item.day
                    content.add_day(*whose, channel.uom, item.values)
                elif isinstance(item, Finding):
                    _accept(item)
    return content


def _accept(finding: Finding) -> None:
    if finding.level is not Level.WARN:
        raise TerminalError(f"line {finding.line}: {finding.code}: {finding.message}")
