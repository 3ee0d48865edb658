"""Findings about a file: levels, codes and their order of severity."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum
from typing import Any, Final, Literal

from nem12.mdff import spec
from nem12.mdff.limits import WARNINGS_KEPT
from nem12.mdff.stamps import NEM_TIME
from nem12.mdff.wording import shown


class Level(IntEnum):
    """How much a finding refuses; the lowest number is the most severe."""

    FILE = 0
    """Nothing of the file is loaded."""
    BLOCK = 1
    """The 200 record and its days."""
    RECORD = 2
    """The day: a 300 record with its 400 and 500 records. Or the read: a 250 with its 550s."""
    WARN = 3
    """Accepted and reported."""


EXPLAIN: Final[dict[Level, dict[str, str]]] = {
    Level.FILE: {
        "empty": "The file is empty, or contains line ends only.",
        "no-header": "The first record is not a 100 record.",
        "version": "The VersionHeader is neither NEM12 nor NEM13.",
        "header-date": "The DateTime of the 100 record is not a date from 1990 to 2100.",
        "second-header": "A second 100 record comes before the 900 record.",
        "mixed": "The file contains both NEM12 and NEM13 records.",
        "no-end": "There is no 900 record: the file is cut off.",
        "second-end": "A second 900 record follows the first.",
        "after-end": "Records follow the 900 record.",
        "encoding": "The text is not UTF-8.",
        "binary": "The file contains NUL bytes.",
        "foreign": "The file is of another kind, such as a workbook, a web page or a table.",
        "not-text": "The file contains no NEM12 or NEM13 records.",
        "too-many-months": "The days cover more than 150 months.",
        "unreadable": "The file or archive cannot be read.",
    },
    Level.BLOCK: {
        "nmi": "The NMI does not have ten letters and digits, or its check digit is wrong.",
        "nmi-check-digit": "The NMI's check digit is in a separate field, which shifts all others.",
        "suffix": "The NMISuffix is not defined in the format.",
        "suffix-not-in-configuration": "The NMISuffix is not part of the NMIConfiguration.",
        "uom": "The unit of measure is not defined in the format.",
        "interval-length": "The IntervalLength is not 5, 15 or 30 minutes.",
        "too-few-fields": "Mandatory fields of the 200 record are missing.",
        "orphan-300": "A 300 record has no 200 record before it.",
    },
    Level.RECORD: {
        "nmi": "The NMI does not have ten letters and digits, or its check digit is wrong.",
        "suffix": "The NMISuffix is not one of register reads, such as 11.",
        "suffix-not-in-configuration": "The NMISuffix is not part of the NMIConfiguration.",
        "register": "The RegisterID is empty.",
        "direction": "The DirectionIndicator is neither E nor I.",
        "uom": "The unit of measure is not defined in the format.",
        "read": "A register read is empty, or not a plain decimal number.",
        "date": "The date of a day or read is not from 1990 to 2100, or far after the file's own"
        " date.",
        "read-order": "The current read is before the previous read.",
        "value-count": "The number of values does not match the IntervalLength.",
        "value": "A value is not a plain decimal number.",
        "value-empty": "A value is missing.",
        "value-negative": "A value has a minus sign; net flow needs two channels.",
        "value-width": "A value has more than 15 digits before the point.",
        "quality": "The QualityMethod is not defined in the format.",
        "previous-estimate": "The previous read is an estimate; only the current read can be one.",
        "method-missing": f"Qualities {spec.WITH_METHOD} need a method of two digits.",
        "reason": "The ReasonCode is not a number of up to three digits.",
        "reason-missing": f"Qualities {spec.WITH_REASON} need a ReasonCode.",
        "null-flag": "Quality flag N was removed from the format on 1 October 2021.",
        "update": "The UpdateDateTime is not a date and time.",
        "update-future": "The UpdateDateTime is more than a day after the file, or after 2100.",
        "too-few-fields": "Mandatory fields are missing.",
        "too-many-fields": "The record has more fields than the format defines.",
        "unknown-record": "The record indicator is not defined in the format.",
        "orphan-400": "A 400 record has no 300 record before it in its block.",
        "orphan-550": "A 550 record has no 250 record before it.",
        "too-many-transactions": "A day or read has more than 1 MiB of 500 or 550 records.",
        "date-repeated": "The day comes twice with the same stamps and different values; the"
        " first one counts.",
        "read-repeated": "The read comes twice with the same stamps and different content; the"
        " first one counts.",
        "v-without-400": "Quality V needs 400 records that give the quality of each interval.",
        "event-gap": "The 400 records do not cover all intervals.",
        "event-overlap": "The 400 records overlap.",
        "event-order": "The 400 records are not in ascending order.",
        "event-range": "StartInterval or EndInterval is not an interval of the day.",
        "event-v": "A 400 record must not have quality V.",
    },
    Level.WARN: {
        "bom": "A record begins with a byte order mark; ignored.",
        "eol": "Lines do not end in CR LF.",
        "no-final-newline": "The last line has no line end.",
        "blank-line": "The file contains a blank line; skipped.",
        "trailing-commas": "The record has extra empty fields at its end; ignored.",
        "short-record": "Fields at the end of the record and their commas are missing.",
        "spaces": "A field has blanks around it; removed.",
        "quote": "A field contains a quotation mark; the format has no quoting.",
        "no-header": "The file does not begin with a 100 record; read without one.",
        "second-header": "Another 100 record follows; the records after it belong to it.",
        "no-end": "There is no 900 record at the end.",
        "second-end": "Another 900 record follows the first.",
        "after-end": "Something follows the 900 record: records without a 100 record, Ctrl-Z or"
        " blanks.",
        "unknown-record": "A record extends the format; ignored.",
        "encoding": "The encoding is not UTF-8 or not the declared one; read as the bytes show.",
        "header-date": "The DateTime of the 100 record does not have 12 digits, or cannot be"
        " right.",
        "participant": "FromParticipant or ToParticipant is empty or longer than 10 characters.",
        "no-data": "The file contains no data: the 900 record follows the 100 record.",
        "empty-block": "A 200 record has no 300 records.",
        "nmi-case": "The NMI is not in capital letters.",
        "nmi-letters": "The NMI contains the letter O or I, which are not allocated.",
        "nmi-check-digit": "The NMI includes its check digit; stored without it.",
        "outside-nem": "The NMI belongs to another market; its times are stored as NEM time.",
        "nmi": "The NMI is shorter than ten characters.",
        "interval-length": "The IntervalLength is not 5, 15 or 30 minutes.",
        "suffix": "The NMISuffix of a register read is one of interval data.",
        "configuration": "The NMIConfiguration is empty, or does not consist of pairs.",
        "register": "The RegisterID is empty or longer than 10 characters; kept as delivered.",
        "direction": "The DirectionIndicator is neither E nor I; kept as delivered.",
        "serial": "The MeterSerialNumber is longer than 12 characters, or missing for a register"
        " read.",
        "next-read": "The NextScheduledReadDate is not a date from 1900 to 2100; ignored.",
        "order": "Records are not in the order of the format.",
        "read": "A register read is not a plain decimal number; kept as delivered.",
        "read-width": "A register read is longer than 15 characters; kept as delivered.",
        "trans-code": "The TransCode is not defined in the format.",
        "read-date": "The time of a read does not have 14 digits, or is not a date and time.",
        "read-repeated": "The read comes twice with the same content.",
        "read-superseded": "The read overlaps one with different stamps; the later one counts.",
        "read-overlap": "The read overlaps another one with the same stamps; both count.",
        "date-order": "The days are not in ascending order.",
        "date-repeated": "The day comes twice with the same content.",
        "date-superseded": "The day comes twice with different stamps; the later one counts.",
        "date-future": "The date of a day or read is after the file's own date.",
        "quantity-mismatch": "The reads are equal and the Quantity is not 0, or the reverse.",
        "decimals": "A value has more decimals than its unit allows; kept as delivered.",
        "previous-estimate": "The previous read is an estimate; kept as delivered.",
        "method-missing": f"Qualities {spec.WITH_METHOD} need a method of two digits.",
        "method-unknown": "The method is not in the list of known methods.",
        "method-not-needed": f"Qualities {spec.WITHOUT_METHOD} have no method; kept as delivered.",
        "reason-missing": f"Qualities {spec.WITH_REASON} need a ReasonCode.",
        "reason-unknown": "The ReasonCode is not in the list of known codes.",
        "reason-obsolete": "The ReasonCode is for historical data only.",
        "reason-text": "The ReasonDescription is missing for code 0, or longer than 240"
        " characters.",
        "reason-with-v": "Quality V has no ReasonCode; the 400 records give it.",
        "null-flag": "Quality flag N was removed from the format on 1 October 2021.",
        "update": "The UpdateDateTime has 12 digits instead of 14.",
        "update-missing": "The UpdateDateTime is missing or before 1990; a delivery with a real"
        " one wins.",
        "update-future": "The UpdateDateTime is after the file's own date.",
        "msats": "The MSATSLoadDateTime is not a date and time from 1900 to 2100; ignored.",
        "event-single": "Quality V has a single 400 record for the whole day.",
        "event-with-a": "The day has 400 records although its quality is not V; applied.",
        "service-order": "The RetServiceOrder is longer than 15 characters; kept as delivered.",
        "index-read": "The IndexRead is not a plain decimal number, or longer than 15 characters.",
    },
}
"""Every code with its plain explanation, in the order of severity within its level."""

_NAME: Final = 100
"""Characters of the name of a file that a sentence shows."""

ROW: Final = (
    "line", "level", "code", "nmi", "nmi_suffix", "day", "last_day", "field", "message", "excerpt",
)  # fmt: skip
"""Names of the values of a finding, in JSON and in the tables."""

_ORDER: Final = {
    level: {code: place for place, code in enumerate(codes)} for level, codes in EXPLAIN.items()
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a file.

    Attributes:
        level: What it refuses.
        code: A key of `EXPLAIN[level]`.
        line: 1-based physical line of the fault.
        message: One sentence that names field, value and reason.
        excerpt: The line around the field at fault, marked (`wording.marked`), or its beginning
            where the fault is not that of one field.
        first_line: First line of what is refused; equals `line` for warnings.
        last_line: Last line of what is refused.
        field: Number of the field at fault in its record, from 1; 0 if no single field is.
        nmi: Whose data it is about; empty where that cannot be read.
        nmi_suffix: NMISuffix of the channel; empty where that cannot be read.
        day: IntervalDate of the day; the first of a refused block; day of a previous read.
        last_day: The same day; the last of a refused block; day of a current read.
    """

    level: Level
    code: str
    line: int
    message: str
    excerpt: str = ""
    first_line: int = 0
    last_line: int = 0
    field: int = 0
    nmi: str = ""
    nmi_suffix: str = ""
    day: date | None = None
    last_day: date | None = None

    def about(
        self,
        nmi: str,
        nmi_suffix: str,
        day: date | None = None,
        last_day: date | None = None,
        *,
        lines: tuple[int, int] | None = None,
        line: int = 0,
    ) -> "Finding":
        """The same finding, of this channel, this day or these days, these lines, and this line."""
        # Four times as fast as `replace`: a file may give a finding with every second byte.
        first_line, last_line = lines or (self.first_line, self.last_line)
        return Finding(
            self.level, self.code, line or self.line, self.message, self.excerpt, first_line,
            last_line, self.field, nmi, nmi_suffix, day, last_day or day,
        )  # fmt: skip

    def row(self) -> dict[str, Any]:
        """As the ledger and JSON have it, with the names of `ROW`; None for what is not known."""
        values = (
            self.line, self.level.name, self.code,
            self.nmi or None, self.nmi_suffix or None, self.day,
            self.last_day, self.field or None, self.message, self.excerpt,
        )  # fmt: skip
        return dict(zip(ROW, values, strict=True))

    @property
    def rank(self) -> tuple[int, int, int]:
        """The most severe finding of a file has the lowest rank."""
        return self.level, self.line, _ORDER[self.level][self.code]


def worst(findings: Iterable[Finding]) -> Finding | None:
    """The most severe finding: by level, then line, then the order of the codes."""
    return min(findings, key=lambda finding: finding.rank, default=None)


def subject(row: Mapping[str, Any]) -> str:
    """Whose data a row of `Finding.row` is about, such as `2002715250 E1 2025-04-02`."""
    day, last_day = row["day"], row["last_day"]
    span = f"{day} to {last_day}" if day != last_day else day
    return " ".join(str(part) for part in (row["nmi"], row["nmi_suffix"], span) if part)


def said(row: Mapping[str, Any]) -> str:
    """A row of `Finding.row` in a line: whose data, which code, and the message."""
    field_number = f"field {row['field']}"
    parts = [subject(row), row["code"], row["message"]]
    told = ": ".join(part for part in parts if part)
    return told if row["field"] is None or field_number in told else f"{told} ({field_number})"


def ask_again(row: Mapping[str, Any], file: str) -> str:
    """A sentence that asks the sender of a file for what a finding has refused of it."""
    of = subject(row) if row["level"] != Level.FILE.name else ""
    where = f"{shown(file, _NAME)}, line {row['line']}"
    what = f"data of {of}" if of else "file"
    return f"Please send the {what} again. In {where}: {row['message']} ({row['code']})."


UNCHANGED: Final = "What is refused changes nothing: its days stay as they were."
"""What a refusal means, for those who cannot see what was there before."""


def in_force(row: Mapping[str, Any]) -> str:
    """In a sentence, what is in force of the days that a finding refuses; empty where unknown.

    Args:
        row: As of `Finding.row`, with what the function `meter_in_force` knows.
    """
    if row["level"] == Level.WARN.name or not row["nmi_suffix"] or not row["day"]:
        return ""
    return left_of(row)


def left_of(row: Mapping[str, Any]) -> str:
    """In a sentence, what is in force of the days of a row, by the function `meter_in_force`."""
    count = row["days_in_force"]
    if row["day"] != row["last_day"]:
        have = "has" if count < 2 else "have"
        return f"{count or 'None'} of these days {have} a version in force{_from_files(row)}."
    if not count:
        return "No version of this day is in force."
    at = f"{row['in_force_at'].astimezone(NEM_TIME):%Y-%m-%d %H:%M}"
    file = shown(row["in_force_file"], _NAME)
    return f"The version of {at} is in force, from {file} line {row['in_force_line']}."


def _from_files(row: Mapping[str, Any]) -> str:
    names = [shown(name, _NAME) for name in row["in_force_files"] or ()]
    if not names:
        return ""
    more = row["files_in_force"] - len(names)
    listed = ", ".join(names[:-1]) + (" and " if names[:-1] else "") + names[-1]
    return f", from {', '.join(names)} and {more} more" if more > 0 else f", from {listed}"


def verdict(level: Level | None, accepted: int) -> Literal["loaded", "partial", "refused"]:
    """What becomes of a file: `loaded`, `partial` or `refused`.

    Args:
        level: Of its most severe finding.
        accepted: How many days or reads are: a file that gives none, and of which anything is
            refused, is refused as a whole.
    """
    if level in (None, Level.WARN):
        return "loaded"
    return "partial" if accepted and level is not Level.FILE else "refused"


@dataclass(slots=True)
class Tally:
    """Counts findings exactly and says which of them to keep.

    A file may give a warning on every line: of these only the first few of each code are kept,
    so that neither memory nor reports grow with it. What refuses something is always kept.

    Attributes:
        counts: How many findings there were by level and code.
        worst: The most severe one.
    """

    counts: Counter[tuple[Level, str]] = field(default_factory=Counter)
    worst: Finding | None = None

    def keep(self, finding: Finding) -> bool:
        """Count a finding; whether it is to be kept."""
        key = (finding.level, finding.code)
        self.counts[key] += 1
        worst = self.worst
        # Most come in the order of lines: their ranks need not be computed.
        if worst is None or (
            (finding.level, finding.line) <= (worst.level, worst.line) and finding.rank < worst.rank
        ):
            self.worst = finding
        return finding.level is not Level.WARN or self.counts[key] <= WARNINGS_KEPT

    def more(self, level: Level, code: str, count: int) -> None:
        """Count findings that were not added one by one."""
        if count > 0:
            self.counts[level, code] += count

    def warnings(self) -> dict[str, int]:
        """Exact number of warnings by code."""
        return {code: n for (level, code), n in self.counts.items() if level is Level.WARN}

    def merge(self, other: "Tally") -> None:
        """Add what another part of the same file gave."""
        self.counts.update(other.counts)
        if other.worst and (self.worst is None or other.worst.rank < self.worst.rank):
            self.worst = other.worst
