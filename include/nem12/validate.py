"""Checks whole files without a database: `manage.py validate`, and the strict profile."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal

from nem12.mdff.counts import Counts
from nem12.mdff.day import Day
from nem12.mdff.exact import add
from nem12.mdff.findings import Finding, Level, Tally, verdict
from nem12.mdff.formats import Accepted
from nem12.mdff.profiles import profile_named
from nem12.mdff.read_repeats import ReadNote, SeenReads, read_note
from nem12.mdff.refused import RefusedDays
from nem12.mdff.repeats import Key, SeenDays, day_key, judge_repeats
from nem12.parse import Parsed, PartReader
from nem12.shard import parts
from nem12.states import Outcome
from nem12.survey import MeterFile

Sink = Callable[[Finding], None]

Note = Key | ReadNote
"""Findings about a day or read, held until the whole file is read."""


def note_of(item: Accepted) -> Note:
    """What is noted of an accepted day or read."""
    return day_key(item) if isinstance(item, Day) else read_note(item)


@dataclass(slots=True)
class Judged:
    """The outcome of a file.

    Attributes:
        file: The checked file.
        tally: Its findings, counted exactly.
        records: Read.
        refused_records: Of these.
        values: Read.
        refused_values: Of these.
        days: Accepted.
        reads: Read, whether accepted or not.
        refused_reads: Of these.
        quantity: Exact sum, as delivered, of the reads whose Quantity is a plain number.
        refused_quantity: Of the refused ones.
        transactions: Of accepted days and reads: 500 records and halves of 550 records.
        refused_days: Its days, if it is refused as a whole.
    """

    file: MeterFile
    tally: Tally = field(default_factory=Tally)
    records: int = 0
    refused_records: int = 0
    values: int = 0
    refused_values: int = 0
    days: int = 0
    reads: int = 0
    refused_reads: int = 0
    quantity: Decimal = Decimal(0)
    refused_quantity: Decimal = Decimal(0)
    transactions: int = 0
    refused_days: RefusedDays = field(default_factory=RefusedDays)

    @property
    def outcome(self) -> Outcome:
        """`loaded`, `partial` or `refused`, as if it had been loaded."""
        level = self.tally.worst.level if self.tally.worst else None
        whole = profile_named(self.file.profile).whole_files_only
        if whole and level is not None and level is not Level.WARN:
            return Outcome.REFUSED
        return Outcome(verdict(level, self.days + self.reads - self.refused_reads))

    def count(self, counts: Counts) -> None:
        """Add what was read of a part."""
        self.records += counts.records
        self.refused_records += counts.refused_records
        self.values += counts.values
        self.refused_values += counts.refused_values
        self.days += counts.days
        self.reads += counts.reads
        self.refused_reads += counts.refused_reads
        self.quantity = add(self.quantity, counts.quantity)
        self.refused_quantity = add(self.refused_quantity, counts.refused_quantity)
        self.transactions += counts.transactions


def validate_file(file: MeterFile, sink: Sink) -> Judged:
    """Read a whole file and pass its findings to `sink` as they come."""
    with closing(Judging(file)) as judging:
        for part in parts(file):
            reader = PartReader(part)
            for item in reader:
                if isinstance(item, Finding):
                    sink(item)
                else:
                    judging.note(note_of(item))
            judging.add(reader.parsed)
        return judging.judged(sink)


class Judging:
    """Combines the outcome of a file from its parts, in any order."""

    def __init__(self, file: MeterFile) -> None:
        self._judged = Judged(file)
        self._days = SeenDays()
        self._reads = SeenReads()

    def note(self, note: Note) -> None:
        """An accepted day or read."""
        if isinstance(note, ReadNote):
            self._reads.note(note)
        else:
            self._days.note(note)

    def add(self, parsed: Parsed, notes: Iterable[Note] = ()) -> None:
        """A part that was read to its end, and what of it was not noted yet."""
        for note in notes:
            self.note(note)
        self._judged.tally.merge(parsed.tally)
        self._judged.refused_days.merge(parsed.refused_days)
        self._judged.count(parsed.counts)

    def judged(self, sink: Sink) -> Judged:
        """The outcome; findings about the whole file go to `sink`.

        For that the file is read again, if any day came more than once.
        """
        repeated = self._days.repeated()
        if repeated:
            _judge_repeats(self._judged, repeated, sink)
        _judge_reads(self._judged, self._reads, sink)
        return self._judged

    def close(self) -> None:
        """Let what was noted go."""
        self._days.close()
        self._reads.close()


def _judge_repeats(judged: Judged, repeated: set[Key], sink: Sink) -> None:
    for repetition in judge_repeats(_days(judged.file), repeated):
        if judged.tally.keep(repetition.finding):
            sink(repetition.finding)
        if repetition.refused is not None:
            judged.days -= 1
            judged.refused_records += repetition.refused.records
            judged.refused_values += repetition.refused.channel.intervals
            judged.transactions -= len(repetition.refused.transactions)


def _judge_reads(judged: Judged, reads: SeenReads, sink: Sink) -> None:
    for repetition in reads.judged():
        if judged.tally.keep(repetition.finding):
            sink(repetition.finding)
        if repetition.refused is not None:
            judged.refused_reads += 1
            judged.refused_records += repetition.refused.records
            judged.refused_quantity = add(judged.refused_quantity, repetition.refused_quantity)
            judged.transactions -= repetition.refused.transactions


def _days(file: MeterFile) -> Iterator[Day]:
    for part in parts(file):
        yield from (item for item in PartReader(part) if isinstance(item, Day))
