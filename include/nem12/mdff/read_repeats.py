"""Reads that one file delivers more than once or that overlap: what only the whole file can tell.

The reads of a file are noted on disk and looked at register by register, in the order of the file.
The work grows as n log n with the reads of a register, its memory with the days they lie on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Final, NamedTuple

from nem12.mdff import spec, wording
from nem12.mdff.exact import canonical
from nem12.mdff.findings import Finding, Level
from nem12.mdff.noted import Noted
from nem12.mdff.overlaps import Overlaps
from nem12.mdff.register import Register, RegisterRead

_REPLACED: Final = "the higher one counts"


class ReadNote(NamedTuple):
    """What `SeenReads` keeps of an accepted read.

    Attributes:
        nmi: Of its register, as the next two.
        previous: PreviousRegisterReadDateTime, 14 digits; with `current` the key of the read.
        current: CurrentRegisterReadDateTime.
        stamps: What decides between its versions.
        content: Everything else in which two equal deliveries of the read agree.
        line: Of the 250 record.
        last_line: Of its last 550 record.
        records: How many of both kinds.
        transactions: Halves of its 550 records.
        quantity: As delivered.
    """

    nmi: str
    nmi_suffix: str
    register_id: str
    previous: str
    current: str
    stamps: str
    content: str
    line: int
    last_line: int
    records: int
    transactions: int
    quantity: str


@dataclass(slots=True)
class RepeatedRead:
    """A finding about a repeated or overlapping read; with its note if it is refused."""

    finding: Finding
    refused: ReadNote | None = None

    @property
    def refused_quantity(self) -> Decimal:
        """The quantity of the refused read, as delivered."""
        return Decimal(self.refused.quantity if self.refused else 0)


def read_note(read: RegisterRead) -> ReadNote:
    """What `SeenReads` keeps of a read."""
    stamps = read.stamps
    header = read.header.stamp if read.header.known else ""
    return ReadNote(
        *read.register,
        f"{read.previous_register_read_date_time:%Y%m%d%H%M%S}",
        f"{read.current_register_read_date_time:%Y%m%d%H%M%S}",
        f"{stamps.rank} {stamps.update_date_time} {stamps.msats_load_date_time} {header}",
        _content(read),
        read.line,
        read.last_line,
        read.records,
        len(read.transactions),
        read.quantity,
    )


def _content(read: RegisterRead) -> str:
    """Equal where two reads say the same: the quantity as a number, the dials as text."""
    qualities = (read.previous_quality.quality_method, read.current_quality.quality_method)
    dials = (read.previous_register_read, read.current_register_read)
    what = (canonical(read.quantity), read.uom.delivered, read.direction_indicator)
    return repr((*what, *dials, *qualities))


_SAME: Final = f"PARTITION BY {', '.join(ReadNote._fields[:6])} ORDER BY line"
_KEY: Final = f"PARTITION BY {', '.join(ReadNote._fields[:5])}"
_IN_ORDER: Final = (
    f"SELECT first_value(line) OVER ({_SAME}), first_value(content) OVER ({_SAME}),"  # noqa: S608
    f" min(line) OVER ({_KEY}), {', '.join(ReadNote._fields)}"
    " FROM noted ORDER BY nmi, nmi_suffix, register_id, line"
)


class SeenReads(Noted[ReadNote]):
    """Keeps reads and finds those that repeat or overlap earlier ones."""

    def __init__(self) -> None:
        numbers = ("line", "last_line", "records", "transactions")
        super().__init__(
            *(f"{name} {'INTEGER' if name in numbers else 'TEXT'}" for name in ReadNote._fields)
        )

    def judged(self) -> Iterator[RepeatedRead]:
        """Findings about the reads, register by register."""
        for _, rows in groupby(self.rows(_IN_ORDER), lambda row: row[3:6]):
            overlaps = Overlaps(spec.FIRST_YEAR, spec.LAST_YEAR)
            for same_line, same_content, key_line, *fields in rows:
                note = ReadNote(*fields)
                repetition = _repeated(note, same_line, same_content)
                repetition = repetition or _overlapping(note, key_line, overlaps)
                if repetition is None or repetition.refused is None:
                    overlaps.add(*_days(note), note.stamps, note.line)
                if repetition is not None:
                    yield repetition


def _repeated(note: ReadNote, line: int, content: str) -> RepeatedRead | None:
    """The same key and the same stamps again, first on this line with this content."""
    if note.line == line:
        return None
    if note.content == content:
        what = f"again, after line {line}, with the same content"
        return RepeatedRead(_finding(Level.WARN, "read-repeated", note, what))
    what = f"again with the stamps of line {line} and other content"
    return RepeatedRead(_finding(Level.RECORD, "read-repeated", note, what), note)


def _overlapping(note: ReadNote, key_line: int, overlaps: Overlaps) -> RepeatedRead | None:
    if key_line < note.line:
        what = f"again, after line {key_line}, with other stamps; {_REPLACED}"
        return RepeatedRead(_finding(Level.WARN, "read-superseded", note, what))
    first_day, last_day = _days(note)
    line = overlaps.with_others(first_day, last_day, note.stamps)
    if line is not None:
        what = f"overlaps the read of line {line}, which has other stamps; {_REPLACED}"
        return RepeatedRead(_finding(Level.WARN, "read-superseded", note, what))
    line = overlaps.with_any(first_day, last_day)
    if line is not None:
        what = f"overlaps the read of line {line}, which has the same stamps; both stay"
        return RepeatedRead(_finding(Level.WARN, "read-overlap", note, what))
    return None


def _days(note: ReadNote) -> tuple[date, date]:
    return _day(note.previous), _day(note.current)


def _day(moment: str) -> date:
    return date(int(moment[:4]), int(moment[4:6]), int(moment[6:8]))


def _finding(level: Level, code: str, note: ReadNote, what: str) -> Finding:
    last = note.line if level is Level.WARN else note.last_line
    register = Register(*note[:3])
    message = f"the read from {note.previous} to {note.current} of register"
    message += f" {wording.shown(register.register_id)} {what}"
    excerpt = wording.excerpt(",".join(("250", register.nmi, "…", register.nmi_suffix)).encode())
    finding = Finding(level, code, note.line, message, excerpt, note.line, last)
    return finding.about(register.nmi, register.nmi_suffix, *_days(note))
