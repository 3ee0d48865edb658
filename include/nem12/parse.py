"""One part of a file to days or reads and findings: a pure function of the bytes."""

import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

from nem12 import storage, untrusted
from nem12.errors import TerminalError
from nem12.mdff import spec, text, wording
from nem12.mdff.counts import Counts
from nem12.mdff.day import Day
from nem12.mdff.exact import add, exact_sum
from nem12.mdff.findings import Finding, Level, Tally
from nem12.mdff.formats import Item, reader_of
from nem12.mdff.header import NO_HEADER
from nem12.mdff.profiles import ProfileName, profile_named
from nem12.mdff.refused import RefusedDays
from nem12.mdff.register import RegisterRead
from nem12.shard import Part
from nem12.survey import MeterFile
from nem12.untrusted import ChangedError


@dataclass(frozen=True, slots=True)
class Parsed:
    """The result of a part that was read to its end.

    Attributes:
        part: The part that was read.
        counts: Records and values, the file's 100 and 900 records with its first part.
        tally: Findings, counted.
        refused_days: The days of a file that is refused as a whole.
    """

    part: Part
    counts: Counts
    tally: Tally
    refused_days: RefusedDays


class PartReader:
    """Reads a part once: its accepted days or reads, and the findings that are to be kept.

    Args:
        part: To read.
        fast: Whether plain days are read by the fast way.
    """

    def __init__(self, part: Part, *, fast: bool = True) -> None:
        self.part = part
        self._fast = fast
        self._tally = Tally()
        self._refused_days = RefusedDays()
        self._counts: Counts | None = None

    @property
    def parsed(self) -> Parsed:
        """Its counts, which are those of the whole part.

        Raises:
            RuntimeError: It was not read to its end.
        """
        if self._counts is None:
            raise RuntimeError("a part is counted when it is read to its end")
        return Parsed(self.part, self._counts, self._tally, self._refused_days)

    def __iter__(self) -> Iterator[Item]:
        """Read it.

        Raises:
            TerminalError: The file has changed since it was planned.
        """
        file, counts = self.part.file, Counts()
        if self.part.number == 0:
            yield from self._about_the_file()
        with _opened(file) as stream:
            if file.refused and file.holds_records:
                counts = self._count_refused(stream)
            elif not file.refused:
                counts = yield from self._read(stream)
            # The sender may have written to it meanwhile.
            _check_unchanged(file, stream)
        self._counts = counts

    def _about_the_file(self) -> Iterator[Finding]:
        """Findings of the whole-file pass belong to the first part."""
        file = self.part.file
        for finding in file.findings:
            self._tally.keep(finding)
        for code, count in file.warnings.items():
            self._tally.counts[Level.WARN, code] = count
        yield from file.findings

    def _read(self, stream: BinaryIO) -> Generator[Item, None, Counts]:
        part, file = self.part, self.part.file
        start, first_line, end = _body_range(part)
        header, judged_by = part.header or NO_HEADER, profile_named(file.profile)
        reader = reader_of(file.format, header, judged_by, first_line, fast=self._fast)
        stream.seek(start)
        withheld_sum = Decimal(0)
        for item in reader.read(text.whole_lines(stream, start, end)):
            if file.withheld:
                self._note_refused(item)
            if isinstance(item, Finding):
                if self._tally.keep(item):
                    yield item
            elif not file.withheld:
                yield item
            elif isinstance(item, Day):
                withheld_sum = add(withheld_sum, exact_sum(item.values.split(",")))
        counts = reader.counts
        self._tally.more(Level.WARN, "blank-line", reader.untold_blank_lines)
        if part.number == 0:
            counts.records += file.records
            counts.refused_records += file.refused_records
        return counts.all_refused(withheld_sum) if file.withheld else counts

    def _note_refused(self, item: Item) -> None:
        """Note the days of a refused file; a NEM13 file has none."""
        if self.part.file.format != spec.NEM13.name and not isinstance(item, RegisterRead):
            self._refused_days.take(item)

    def _count_refused(self, stream: BinaryIO) -> Counts:
        """All records of a refused file are refused; their content is counted nevertheless."""
        # With the standard profile, in which every line is a record or blank.
        header = self.part.header or NO_HEADER
        reader = reader_of(self.part.file.format, header, profile_named(ProfileName.STANDARD))
        stream.seek(0)
        total = Decimal(0)
        for item in reader.read(text.whole_lines(stream)):
            self._note_refused(item)
            if isinstance(item, Day):
                total = add(total, exact_sum(item.values.split(",")))
        return reader.counts.all_refused(total)


def _opened(file: MeterFile) -> BinaryIO:
    """Open the file, if it is still the one that was planned."""
    try:
        # The copy in a bucket is our own, named by its content.
        if "://" in file.path:
            return storage.opened_in_parts(storage.place(file.path))
        return untrusted.opened(Path(file.path), file.seen)
    except FileNotFoundError:
        raise TerminalError(f"{wording.shown(file.name, 200)} is gone") from None
    except ChangedError:
        raise _changed(file) from None


def _check_unchanged(file: MeterFile, stream: BinaryIO) -> None:
    if "://" not in file.path and untrusted.seen_of(os.fstat(stream.fileno())) != file.seen:
        raise _changed(file)


def _changed(file: MeterFile) -> TerminalError:
    name = wording.shown(file.name, 200)
    return TerminalError(f"{name} changed while it was read: drop it again")


def _body_range(part: Part) -> tuple[int, int, int]:
    """Offset, line number and end of the records of a part that the reader walks."""
    file = part.file
    first = part.number == 0
    start = file.body.offset if first else part.start
    line = file.body.line if first else part.first_line
    if profile_named(file.profile).joined:
        # What follows a 900 record may be another file.
        return start, line, part.end
    return start, line, min(part.end, file.end.offset)
