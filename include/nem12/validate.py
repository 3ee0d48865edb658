"""Checks whole files without a database: `manage.py validate`, and the strict profile."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field

from nem12.mdff.day import Day
from nem12.mdff.findings import Finding, Level, Tally, verdict
from nem12.mdff.profiles import profile_named
from nem12.mdff.refused import RefusedDays
from nem12.mdff.repeats import Key, SeenDays, day_key, judge_repeats
from nem12.parse import Parsed, PartReader
from nem12.shard import parts
from nem12.states import Outcome
from nem12.survey import MeterFile

Sink = Callable[[Finding], None]


@dataclass(slots=True)
class Judged:
    """The verdict on a file.

    Attributes:
        file: What was judged.
        tally: Its findings, counted exactly.
        records: Read.
        refused_records: Of these.
        values: Read.
        refused_values: Of these.
        days: Accepted.
        refused_days: What it holds where it is refused as a whole.
    """

    file: MeterFile
    tally: Tally = field(default_factory=Tally)
    records: int = 0
    refused_records: int = 0
    values: int = 0
    refused_values: int = 0
    days: int = 0
    refused_days: RefusedDays = field(default_factory=RefusedDays)

    @property
    def outcome(self) -> Outcome:
        """`loaded`, `partial` or `refused`, as if it had been loaded."""
        level = self.tally.worst.level if self.tally.worst else None
        whole = profile_named(self.file.profile).whole_files_only
        if whole and level is not None and level is not Level.WARN:
            return Outcome.REFUSED
        return Outcome(verdict(level, self.days))


def validate_file(file: MeterFile, sink: Sink) -> Judged:
    """Read a whole file and give its findings to `sink` as they come."""
    with closing(Judging(file)) as judging:
        for part in parts(file):
            reader = PartReader(part)
            for item in reader:
                if isinstance(item, Day):
                    judging.note(day_key(item))
                else:
                    sink(item)
            judging.add(reader.parsed)
        return judging.judged(sink)


class Judging:
    """Puts together the verdict on a file of what its parts gave, in any order."""

    def __init__(self, file: MeterFile) -> None:
        self._judged = Judged(file)
        self._seen = SeenDays()

    def note(self, day: Key) -> None:
        """An accepted day."""
        self._seen.note(day)

    def add(self, parsed: Parsed, days: Iterable[Key] = ()) -> None:
        """A part that was read to its end, and those of its days that were not noted yet."""
        for day in days:
            self._seen.note(day)
        judged, counts = self._judged, parsed.counts
        judged.tally.merge(parsed.tally)
        judged.refused_days.merge(parsed.refused_days)
        judged.records += counts.records
        judged.refused_records += counts.refused_records
        judged.values += counts.values
        judged.refused_values += counts.refused_values
        judged.days += counts.days

    def judged(self, sink: Sink) -> Judged:
        """The verdict; what only the whole file tells goes to `sink`.

        For that the file is read again, if any day came more than once.
        """
        repeated = self._seen.repeated()
        if repeated:
            _judge_repeats(self._judged, repeated, sink)
        return self._judged

    def close(self) -> None:
        """Let what was noted go."""
        self._seen.close()


def _judge_repeats(judged: Judged, repeated: set[Key], sink: Sink) -> None:
    for found in judge_repeats(_days(judged.file), repeated):
        if judged.tally.keep(found.finding):
            sink(found.finding)
        if found.refused is not None:
            judged.days -= 1
            judged.refused_records += found.refused.records
            judged.refused_values += found.refused.channel.intervals


def _days(file: MeterFile) -> Iterator[Day]:
    for part in parts(file):
        yield from (item for item in PartReader(part) if isinstance(item, Day))
