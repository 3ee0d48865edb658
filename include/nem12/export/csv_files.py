"""Days as CSV: a reading a line, and a summary by channel and month."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Final

from nem12.exact_csv import csv_line
from nem12.export.content import Content
from nem12.export.days import ExportedDay
from nem12.mdff import spec
from nem12.mdff.exact import add, shifted, sum_of

COLUMNS: Final = (
    "nmi", "nmi_suffix", "interval_start", "interval_start_utc", "interval_minutes", "consumption",
    "uom", "quality_method", "reason_code", "reason_description", "file", "line",
)  # fmt: skip
"""Of a reading; docs/exporting.md says what each is."""

SUMMARY_COLUMNS: Final = (
    "nmi", "nmi_suffix", "month", "uom", "total", "days", "readings", "estimated_share",
)  # fmt: skip
"""Of a month of a channel in one unit. Power has no total."""

_ESTIMATED: Final = tuple(flag.letter for flag in spec.FLAGS.values() if flag.estimated)
_NEM_OFFSET: Final = timedelta(hours=10)
_DAYS_REMEMBERED: Final = 400  # a year and a bit of times: 20 MB for 5-minute data


def consumption(day: ExportedDay) -> list[str]:
    """The values of a day in the unit that readings are kept in, exact."""
    values = day.interval_values.split(",")
    if not day.uom_exponent:
        return values
    return [f"{shifted(Decimal(value), day.uom_exponent):f}" for value in values]


def reading_lines(day: ExportedDay) -> Iterator[str]:
    """The lines of a day; a spreadsheet runs no text in them as a formula."""
    times = _times(day.day, day.interval_minutes)
    values = consumption(day)
    channel = csv_line(day.nmi, day.nmi_suffix, end=",")
    source = csv_line(day.file, day.line, end="\n")
    for event in day.spans():
        quality = event.quality
        described = quality.quality_method, quality.reason_code, quality.reason_description
        tail = csv_line(day.uom, *described, end=",") + source
        for place in range(event.start_interval - 1, event.end_interval):
            yield f"{channel}{times[place]},{day.interval_minutes},{values[place]},{tail}"


@lru_cache(maxsize=_DAYS_REMEMBERED)
def _times(day: date, interval_minutes: int) -> list[str]:
    """When each interval begins, in NEM time and in UTC, in ISO 8601."""
    midnight = datetime.combine(day, datetime.min.time())
    starts = (
        midnight + timedelta(minutes=m) for m in range(0, spec.MINUTES_A_DAY, interval_minutes)
    )
    return [f"{start.isoformat()}+10:00,{(start - _NEM_OFFSET).isoformat()}Z" for start in starts]


@dataclass(slots=True)
class _Month:
    """A month of a channel, in one unit."""

    total: Decimal = Decimal(0)
    days: int = 0
    readings: int = 0
    estimated: int = 0

    def add(self, day: ExportedDay) -> None:
        total = shifted(sum_of(day.interval_values), day.uom_exponent)
        self.total = add(self.total, total)
        self.days += 1
        self.readings += day.intervals
        self.estimated += sum(
            event.end_interval - event.start_interval + 1
            for event in day.spans()
            if event.quality.quality_method.startswith(_ESTIMATED)
        )


class Summary:
    """Months of channels, collected as their days pass."""

    def __init__(self) -> None:
        self._months: dict[tuple[str, str, str, str], _Month] = {}

    def passing(self, days: Iterable[ExportedDay]) -> Iterator[ExportedDay]:
        """Pass days on."""
        for day in days:
            key = day.nmi, day.nmi_suffix, f"{day.day:%Y-%m}", day.uom
            self._months.setdefault(key, _Month()).add(day)
            yield day

    def lines(self) -> Iterator[str]:
        """With a heading, in the order in which the channels came."""
        yield csv_line(*SUMMARY_COLUMNS, end="\n")
        for (*key, uom), month in self._months.items():
            total = month.total if uom in spec.POWER_OF else None
            share = round(Decimal(month.estimated) / month.readings, 4)
            yield csv_line(*key, uom, total, month.days, month.readings, share, end="\n")


def write_csv(path: Path, days: Iterable[ExportedDay]) -> Content:
    """Write all readings of days to one file, with a heading."""
    content = Content()
    with path.open("w", encoding="utf-8", newline="") as out:
        out.write(csv_line(*COLUMNS, end="\n"))
        for day in days:
            content.add_day(day.nmi, day.nmi_suffix, day.day, day.unit, day.interval_values)
            out.writelines(reading_lines(day))
    return content


def read_csv(path: Path) -> Content:
    """What such a file holds, by the CSV reader of Python: readings and exact sums."""
    content = Content()
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            content.add_readings(row["uom"], 1, Decimal(row["consumption"]))
    return content
