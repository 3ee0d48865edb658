"""Read files as tests need it: whole, from bytes."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from nem12.mdff.day import Day
from nem12.mdff.findings import Finding, worst
from nem12.mdff.quality import Quality
from nem12.mdff.register import RegisterRead
from nem12.parse import PartReader
from nem12.shard import parts
from nem12.survey import MeterFile, survey_file
from nem12.validate import validate_file


def surveyed(folder: Path, data: bytes, profile: str = "standard") -> MeterFile:
    """A file with these bytes, after the whole-file pass."""
    path = folder / f"{hashlib.sha256(data).hexdigest()[:16]}.csv"
    if not path.exists():
        path.write_bytes(data)
    with path.open("rb") as stream:
        return survey_file(stream, str(path), "file.csv", profile, len(data))


class Read(NamedTuple):
    """What a file gives when it is read."""

    days: list[Day]
    findings: list[Finding]
    counts: list[object]
    reads: Sequence[RegisterRead] = ()


def read(file: MeterFile, *, fast: bool = True) -> Read:
    """All parts of a file, one after the other."""
    days: list[Day] = []
    findings: list[Finding] = []
    counts: list[object] = []
    reads: list[RegisterRead] = []
    for part in parts(file):
        reader = PartReader(part, fast=fast)
        for item in reader:
            if isinstance(item, Day):
                days.append(item)
            elif isinstance(item, RegisterRead):
                reads.append(item)
            else:
                findings.append(item)
        counts.append(reader.parsed.counts)
    return Read(days, sorted(findings, key=lambda finding: finding.rank), counts, reads)


def verdict(folder: Path, data: bytes) -> tuple[str, str, int]:
    """Level, code and line of the most severe finding; OK where there is none."""
    findings: list[Finding] = []
    validate_file(surveyed(folder, data), findings.append)
    found = worst(findings)
    return (found.level.name, found.code, found.line) if found else ("OK", "", 0)


class Totals(NamedTuple):
    """What a set of days adds up to."""

    days: int
    readings: int
    quality: dict[str, int]
    channels: dict[str, tuple[int, Decimal]]


def quality_of(day: Day, interval: int) -> Quality:
    """The quality of one interval, 1-based: its 400 record's, or the day's."""
    for event in day.events:
        if event.start_interval <= interval <= event.end_interval:
            return event.quality
    return day.quality


def totals(days: list[Day]) -> Totals:
    """Add days up, slowly and literally."""
    quality: Counter[str] = Counter()
    channels: dict[str, tuple[int, Decimal]] = {}
    readings = 0
    for day in days:
        values = [Decimal(v).scaleb(day.channel.uom.exponent) for v in day.values.split(",")]
        name = f"{day.channel.nmi} {day.channel.nmi_suffix}"
        count, total = channels.get(name, (0, Decimal(0)))
        channels[name] = count + len(values), total + sum(values)
        readings += len(values)
        quality.update(quality_of(day, n + 1).quality_method for n in range(len(values)))
    return Totals(len(days), readings, dict(quality), channels)


def in_force(days: Iterable[Day]) -> list[Day]:
    """Of each day of a channel the version that counts, as the tables have it."""
    kept: dict[tuple[str, str, date], Day] = {}
    for day in days:
        key = day.channel.nmi, day.channel.nmi_suffix, day.day
        if key not in kept or _age(day) > _age(kept[key]):
            kept[key] = day
    return [*kept.values()]


def _age(day: Day) -> tuple[int, str, str, datetime]:
    stamps = day.stamps
    return -stamps.rank, stamps.update_date_time, stamps.msats_load_date_time, day.header.date_time
