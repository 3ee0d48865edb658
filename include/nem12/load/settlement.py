"""What became of a claim, in figures and lines that fit an asset event and a log."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from nem12.load.report import text_table
from nem12.mdff.text import shown

_MOST_PROBLEMS: Final = 50
_SUMMARY: Final = ("file", "outcome", "records", "readings", "days", "refused")


@dataclass(slots=True)
class Settlement:
    """What became of a claim, small enough for an asset event.

    Attributes:
        files: How many meter files had each outcome.
        drops: How many drops had each.
        readings: Accepted from the files loaded now.
        refused_records: Of these files.
        problems: A line for each file that is refused, partial or not kept as a whole, and for each
            failed drop, the first of them.
        rows: A line of the summary for each file, the first of them.
    """

    claim: str
    files: Counter[str] = field(default_factory=Counter)
    drops: Counter[str] = field(default_factory=Counter)
    days: int = 0
    readings: int = 0
    refused_records: int = 0
    first_day: date | None = None
    last_day: date | None = None
    nmis: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def problem(self, line: str) -> None:
        """Keep a line for people, if there are not too many yet."""
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(line)

    def add(self, file: dict[str, Any]) -> None:
        """Count a file that was loaded now."""
        self.days += file["days"]
        self.readings += file["readings"] - file["refused_readings"]
        self.refused_records += file["refused_records"]
        if file["first_day"] is not None:
            self.first_day = min(self.first_day or file["first_day"], file["first_day"])
            self.last_day = max(self.last_day or file["last_day"], file["last_day"])

    def row(self, status: str, file: dict[str, Any]) -> None:
        """Keep a line of the summary, if there are not too many yet."""
        if len(self.rows) < _MOST_PROBLEMS:
            accepted = file["readings"] - file["refused_readings"]
            counts = (file["records"], accepted, file["days"], file["refused_records"])
            self.rows.append((shown(file["name"], 80), status, *map(str, counts)))

    def summary(self) -> str:
        """What became of the files, as a table for the log."""
        return text_table(_SUMMARY, self.rows) + (
            f"\n… of {self.files.total()} files" if self.files.total() > len(self.rows) else ""
        )

    def as_extra(self) -> dict[str, Any]:
        """For the asset event and XCom: bounded, JSON."""
        return {
            "claim": self.claim,
            "files": dict(self.files),
            "drops": dict(self.drops),
            "days": self.days,
            "readings": self.readings,
            "refused_records": self.refused_records,
            "first_day": self.first_day and self.first_day.isoformat(),
            "last_day": self.last_day and self.last_day.isoformat(),
            "nmis": self.nmis,
            "problems": self.problems,
        }
