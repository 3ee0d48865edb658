"""The result of a claim, in figures and lines that fit an asset event and a log."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from nem12.mdff.wording import plural
from nem12.states import Outcome
from nem12.tell.report import contradiction
from nem12.warehouse.rows import Contradiction, FileSummary

_MOST_PROBLEMS: Final = 50


@dataclass(slots=True)
class Settlement:
    """The result of a claim, small enough for an asset event.

    Attributes:
        files: How many meter files had each outcome.
        drops: How many drops had each.
        readings: Accepted from the files that this run loaded.
        refused_records: Of these files.
        nmis: The first NMIs whose days were delivered.
        nmis_left_out: How many others there are.
        decided_again: Days of known files that turned out to have been delivered earlier.
        contradictions: Days of these files that another delivery contradicts.
        problems: A line for each file that is refused, partial or not kept as a whole, and for each
            failed drop; the first of them. Lines quote delivered text: only for the log.
        problems_left_out: How many others there are.
    """

    claim: str
    files: Counter[Outcome] = field(default_factory=Counter)
    drops: Counter[str] = field(default_factory=Counter)
    days: int = 0
    readings: int = 0
    refused_records: int = 0
    decided_again: int = 0
    contradictions: int = 0
    first_day: date | None = None
    last_day: date | None = None
    nmis: list[str] = field(default_factory=list)
    nmis_left_out: int = 0
    problems: list[str] = field(default_factory=list)
    problems_left_out: int = 0

    def problem(self, line: str) -> None:
        """Keep a line for the log, or only count it if there are too many."""
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(line)
        else:
            self.problems_left_out += 1

    def contradict(self, first: Contradiction, days: int) -> None:
        """Count the days that another delivery contradicts, of which one is the first."""
        self.contradictions = days
        # First in the list: it is one line, and the others may be many.
        said = f"{plural(days, 'day')} contradicted, the first is {contradiction(first)}"
        self.problems.insert(0, said)

    def add(self, file: FileSummary) -> None:
        """Count a file that this run loaded."""
        self.days += file.days
        self.readings += file.readings - file.refused_readings
        self.refused_records += file.refused_records
        if file.first_day and file.last_day:
            self.first_day = min(self.first_day or file.first_day, file.first_day)
            self.last_day = max(self.last_day or file.last_day, file.last_day)

    def as_extra(self) -> dict[str, Any]:
        """For the asset event and XCom: bounded JSON without delivered values."""
        return {
            "claim": self.claim,
            "files": {outcome.value: count for outcome, count in self.files.items()},
            "drops": dict(self.drops),
            "days": self.days,
            "readings": self.readings,
            "refused_records": self.refused_records,
            "contradictions": self.contradictions,
            "first_day": self.first_day and self.first_day.isoformat(),
            "last_day": self.last_day and self.last_day.isoformat(),
            "nmis": self.nmis,
            "nmis_left_out": self.nmis_left_out,
        }
