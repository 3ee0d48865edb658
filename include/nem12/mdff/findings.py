"""What the reader has to say about a file: levels, codes and their order of severity."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum
from typing import Any, Final, Literal

from nem12.mdff.limits import WARNINGS_KEPT
from nem12.mdff.stamps import NEM_TIME
from nem12.mdff.text import shown


class Level(IntEnum):
    """How much a finding refuses; the lowest number is the most severe."""

    FILE = 0
    """Nothing of the file is loaded."""
    BLOCK = 1
    """The 200 record and its days."""
    RECORD = 2
    """The day: a 300 record with its 400 and 500 records."""
    WARN = 3
    """Accepted and reported."""


EXPLAIN: Final[dict[Level, dict[str, str]]] = {
    Level.FILE: {
        "empty": "The file holds nothing but line ends.",
        "no-header": "The first record is not a 100 record.",
        "version": "The VersionHeader is not NEM12.",
        "header-date": "The DateTime of the 100 record is no date of 1990 to 2100.",
        "second-header": "A second 100 record comes before the 900 record.",
        "mixed": "NEM13 records (250, 550) stand in a NEM12 file.",
        "no-end": "There is no 900 record: the file is cut off.",
        "second-end": "A second 900 record follows the first.",
        "after-end": "Records follow the 900 record.",
        "encoding": "The text is not UTF-8.",
        "binary": "The file holds NUL bytes.",
        "foreign": "The file is of another kind, such as a workbook, a page or a table.",
        "not-text": "The file holds no records at all.",
        "too-many-months": "The days are spread over more than 600 months.",
        "unreadable": "The file or archive cannot be read.",
    },
    Level.BLOCK: {
        "nmi": "The NMI is not ten letters and digits, or its check digit is wrong.",
        "nmi-check-digit": "The NMI's check digit stands in a field of its own: all others shift.",
        "suffix": "The NMISuffix is not one the format knows.",
        "suffix-not-in-configuration": "The NMISuffix is not part of the NMIConfiguration.",
        "uom": "The unit of measure is not one the format knows.",
        "interval-length": "The IntervalLength is not 5, 15 or 30 minutes.",
        "too-few-fields": "Mandatory fields of the 200 record are missing.",
        "orphan-300": "A 300 record has no 200 record before it.",
    },
    Level.RECORD: {
        "date": "The IntervalDate is no date of 1990 to 2100, or far after the file's own date.",
        "value-count": "The number of values is not what the IntervalLength asks for.",
        "value": "A value is not a plain decimal number.",
        "value-empty": "A value is missing.",
        "value-negative": "A value has a minus sign; net flow is told by two channels.",
        "value-width": "A value has more than 15 digits before the point.",
        "quality": "The QualityMethod is not one the format knows.",
        "method-missing": "E, F and S need a method of two digits.",
        "reason": "The ReasonCode is not a number of up to three digits.",
        "reason-missing": "F and S need a ReasonCode.",
        "null-flag": "Quality flag N left the format on 1 October 2021.",
        "update": "The UpdateDateTime is no date and time.",
        "update-future": "The UpdateDateTime is more than a day after the file, or after 2100.",
        "too-few-fields": "Mandatory fields are missing.",
        "too-many-fields": "There are more fields than the record has.",
        "unknown-record": "The record indicator is not one the format knows.",
        "orphan-400": "A 400 record has no 300 record before it in its block.",
        "date-repeated": "The same day, the same stamps, other values: the first one stays.",
        "v-without-400": "Quality V needs 400 records that say what varies.",
        "event-gap": "The 400 records leave intervals out.",
        "event-overlap": "The 400 records overlap.",
        "event-order": "The 400 records are not ascending.",
        "event-range": "StartInterval and EndInterval do not name intervals of the day.",
        "event-v": "A 400 record may not say V.",
    },
    Level.WARN: {
        "bom": "A byte order mark stands before a record; passed over.",
        "eol": "Lines do not end in CR LF.",
        "no-final-newline": "The last line has no line end.",
        "blank-line": "A blank line; skipped.",
        "trailing-commas": "Empty fields beyond the record's layout.",
        "short-record": "Fields at the end of the record are missing with their commas.",
        "spaces": "Blanks around a field; trimmed.",
        "quote": "A quotation mark; the format has no quoting.",
        "no-header": "The first record is not a 100 record; read without one.",
        "second-header": "Another 100 record; what follows belongs to it.",
        "no-end": "There is no 900 record at the end.",
        "second-end": "Another 900 record.",
        "after-end": "Something follows the end: records without a 100 record, Ctrl-Z or blanks.",
        "unknown-record": "A record that extends the format; passed over.",
        "encoding": "The text is in another encoding than it should be; read by its bytes.",
        "header-date": "The DateTime of the 100 record has not 12 digits, or cannot be right.",
        "participant": "FromParticipant or ToParticipant is empty or longer than 10 characters.",
        "no-data": "The file delivers nothing: 900 follows 100.",
        "empty-block": "A 200 record without 300 records.",
        "nmi-case": "The NMI is not in capital letters.",
        "nmi-letters": "The NMI holds a letter O or I, which are not allocated.",
        "nmi-check-digit": "The NMI carries its check digit; stored without it.",
        "outside-nem": "The NMI is of another market; its times are stored as NEM time.",
        "nmi": "The NMI is shorter than ten characters.",
        "interval-length": "The IntervalLength is not 5, 15 or 30 minutes.",
        "configuration": "The NMIConfiguration is empty or not made of pairs.",
        "serial": "The MeterSerialNumber is longer than 12 characters.",
        "next-read": "The NextScheduledReadDate is no date of 1900 to 2100; ignored.",
        "order": "Records stand in another order than the format's.",
        "date-order": "Days are not ascending.",
        "date-repeated": "The same day again with the same content.",
        "date-superseded": "The same day again with another stamp; the higher one counts.",
        "date-future": "The IntervalDate is after the file's own date.",
        "decimals": "A value has more decimals than its unit allows.",
        "method-missing": "E, F and S need a method of two digits.",
        "method-unknown": "The method is not in the known list.",
        "method-not-needed": "A, V and N take no method; kept as delivered.",
        "reason-missing": "F and S need a ReasonCode.",
        "reason-unknown": "The ReasonCode is not in the known list.",
        "reason-obsolete": "The ReasonCode is for historical data only.",
        "reason-text": "ReasonDescription missing for code 0, or longer than 240 characters.",
        "reason-with-v": "V takes no ReasonCode; the 400 records give it.",
        "null-flag": "Quality flag N left the format on 1 October 2021.",
        "update": "The UpdateDateTime has 12 digits instead of 14.",
        "update-missing": "No UpdateDateTime, or one before 1990: any real one wins.",
        "update-future": "The UpdateDateTime is after the file was made.",
        "msats": "The MSATSLoadDateTime is no date and time of 1900 to 2100; ignored.",
        "event-single": "One 400 record for the whole day under V.",
        "event-with-a": "400 records under a flag other than V; applied.",
        "trans-code": "The TransCode is not one the format knows.",
        "read-date": "The ReadDateTime is no date and time.",
    },
}
"""Every code with its plain explanation, in the order of severity within its level."""

_NAME: Final = 100
"""Characters of the name of a file that a sentence shows."""

ROW: Final = (
    "line", "level", "code", "nmi", "nmi_suffix", "day", "last_day", "field", "message", "excerpt",
)  # fmt: skip
"""Names of what is told of a finding, in JSON and in the tables."""

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
        excerpt: The line around the field at fault, marked (`text.marked`), or its beginning
            where the fault is not that of one field.
        first_line: First line of what is refused; equals `line` for warnings.
        last_line: Last line of what is refused.
        field: 1-based number of the field at fault within its record; 0 where it is none.
        nmi: Whose data it is about; empty where that cannot be read.
        nmi_suffix: NMISuffix of the channel; empty where that cannot be read.
        day: IntervalDate of the day; the first of a refused block.
        last_day: The same day; the last of a refused block.
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
        """As the ledger and JSON have it, with the names of `ROW`; None where it is not known."""
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


def verdict(level: Level | None, days: int) -> Literal["loaded", "partial", "refused"]:
    """What becomes of a file: `loaded`, `partial` or `refused`.

    Args:
        level: Of its most severe finding.
        days: How many are accepted: a file that gives none, and of which anything is refused, is
            refused as a whole.
    """
    if level in (None, Level.WARN):
        return "loaded"
    return "partial" if days and level is not Level.FILE else "refused"


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
        # Most come line by line: their ranks need no look.
        if worst is None or (
            (finding.level, finding.line) <= (worst.level, worst.line) and finding.rank < worst.rank
        ):
            self.worst = finding
        return finding.level is not Level.WARN or self.counts[key] <= WARNINGS_KEPT

    def more(self, level: Level, code: str, count: int) -> None:
        """Count findings that nobody has told one by one; nothing where there are none."""
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
