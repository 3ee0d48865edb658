"""One part of a file to days and findings: a pure function of the bytes."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

from nem12 import storage, untrusted
from nem12.errors import TerminalError
from nem12.mdff import text
from nem12.mdff.day import Day, add, exact_sum
from nem12.mdff.findings import Finding, Level, Tally
from nem12.mdff.header import NO_HEADER
from nem12.mdff.profile import profile
from nem12.mdff.reader import Counts, Reader
from nem12.mdff.refused import RefusedDays
from nem12.shard import Part
from nem12.survey import MeterFile
from nem12.untrusted import ChangedError


@dataclass(slots=True)
class Parsed:
    """What a part gave, filled while it is read.

    Attributes:
        counts: Records and values, the file's 100 and 900 records with its first part.
        tally: Findings, counted.
        refused_days: What a file that is refused as a whole holds.
    """

    part: Part
    counts: Counts = field(default_factory=Counts)
    tally: Tally = field(default_factory=Tally)
    refused_days: RefusedDays = field(default_factory=RefusedDays)


def parse(parsed: Parsed, *, fast: bool = True) -> Iterator[Day | Finding]:
    """Read the part; gives its accepted days, and the findings that are to be kept.

    Raises:
        TerminalError: The file is not what it was when it was planned.
    """
    part = parsed.part
    if part.number == 0:
        yield from _about_the_file(parsed)
    with _opened(part.file) as stream:
        if part.file.refused and part.file.holds_records:
            _count_refused(parsed, stream)
        elif not part.file.refused:
            yield from _read(parsed, stream, fast=fast)
        # Somebody may have written to it meanwhile.
        _check_unchanged(part.file, stream)


def _opened(file: MeterFile) -> BinaryIO:
    """The file, if it is still the one that was planned."""
    try:
        # In a bucket lies a copy of our own, named by its content.
        if "://" in file.path:
            return storage.opened_in_parts(storage.place(file.path))
        return untrusted.opened(Path(file.path), file.seen)
    except FileNotFoundError:
        raise TerminalError(f"{text.shown(file.name, 200)} is gone") from None
    except ChangedError:
        raise _changed(file) from None


def _check_unchanged(file: MeterFile, stream: BinaryIO) -> None:
    if "://" not in file.path and untrusted.seen_of(os.fstat(stream.fileno())) != file.seen:
        raise _changed(file)


def _changed(file: MeterFile) -> TerminalError:
    name = text.shown(file.name, 200)
    return TerminalError(f"{name} changed while it was read: drop it again")


def _about_the_file(parsed: Parsed) -> Iterator[Finding]:
    """What the whole-file pass found goes with the first part."""
    file = parsed.part.file
    for finding in file.findings:
        parsed.tally.keep(finding)
    for code, count in file.warnings.items():
        parsed.tally.counts[Level.WARN, code] = count
    yield from file.findings


def _read(parsed: Parsed, stream: BinaryIO, *, fast: bool) -> Iterator[Day | Finding]:
    file = parsed.part.file
    start, first_line, end = _body_range(parsed.part)
    reader = _reader(parsed.part, first_line, fast=fast)
    stream.seek(start)
    withheld_sum = Decimal(0)
    for item in reader.read(text.whole_lines(stream, start, end)):
        if file.withheld:
            parsed.refused_days.take(item)
        if not isinstance(item, Day):
            if parsed.tally.keep(item):
                yield item
        elif file.withheld:
            withheld_sum = add(withheld_sum, exact_sum(item.values.split(",")))
        else:
            yield item
    parsed.counts = reader.counts
    parsed.tally.more(Level.WARN, "blank-line", reader.untold_blank_lines)
    if parsed.part.number == 0:
        parsed.counts.records += file.records
        parsed.counts.refused_records += file.refused_records
    if file.withheld:
        parsed.counts = _all_refused(parsed.counts, withheld_sum)


def _body_range(part: Part) -> tuple[int, int, int]:
    """Offset, line number and end of the records of a part that the reader walks."""
    file = part.file
    first = part.number == 0
    start = file.body.offset if first else part.start
    line = file.body.line if first else part.first_line
    if profile(file.profile).joined:
        # What follows a 900 record may be another file.
        return start, line, part.end
    return start, line, min(part.end, file.end.offset)


def _reader(part: Part, first_line: int, *, fast: bool) -> Reader:
    judged_by = profile(part.file.profile)
    return Reader(part.header or NO_HEADER, judged_by, first_line, fast=fast)


def _count_refused(parsed: Parsed, stream: BinaryIO) -> None:
    """All records of a refused file are refused; what they hold is counted all the same."""
    # By the standard profile, in which every line is a record or blank.
    reader = Reader(parsed.part.header or NO_HEADER, profile("standard"))
    stream.seek(0)
    counts = reader.counts
    total = Decimal(0)
    for item in reader.read(text.whole_lines(stream)):
        parsed.refused_days.take(item)
        if isinstance(item, Day):
            total = add(total, exact_sum(item.values.split(",")))
    parsed.counts = _all_refused(counts, total)


def _all_refused(counts: Counts, accepted_sum: Decimal) -> Counts:
    """The counts of a part of which nothing may be loaded."""
    return Counts(
        records=counts.records,
        refused_records=counts.records,
        values=counts.values,
        refused_values=counts.values,
        refused_sum=add(counts.refused_sum, accepted_sum),
    )
