"""Days as NEM12 files (S 2, 3.2): written, read back and compared, then named."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO, Final

from nem12.errors import TerminalError
from nem12.export.content import Content, read_back
from nem12.export.days import ExportedDay
from nem12.export.records import END, Records, header_record
from nem12.export.targets import Target, Written

MOST_BYTES: Final = 100 * 1024 * 1024
"""Of a file before it ends with the NMI that it holds: what mail and portals still take packed (an
eighth of it), and a year of 50 meters with 5-minute data."""


@dataclass(frozen=True, slots=True)
class Naming:
    """What the header and the name of a file say (S 3.2.2, 4.2).

    Attributes:
        created: When the export began, in NEM time, to the second.
        from_participant: Of the header; up to ten letters and digits.
        to_participant: The same.
    """

    created: datetime
    from_participant: str
    to_participant: str

    @property
    def header(self) -> str:
        """The 100 record."""
        return header_record(self.created, self.from_participant, self.to_participant)

    def name(self, number: int) -> str:
        """Of the file with this number, without extension."""
        unique = f"{self.created:%Y%m%d%H%M%S}{number:04}"
        return f"NEM12#{unique}#{self.from_participant}#{self.to_participant}"


def write_nem12(
    days: Iterable[ExportedDay],
    target: Target,
    naming: Naming,
    *,
    most_bytes: int = MOST_BYTES,
) -> Iterator[Written]:
    """Write days as NEM12 files, each after the other.

    All days of an NMI are in one file (S 2c): a file ends with the NMI that fills it.

    Args:
        days: By NMI, suffix and day.
        target: Where the files go.
        naming: Of their headers and names.
        most_bytes: After which a file ends.

    Raises:
        TerminalError: What is read back is not what was written.
        UsageError: A file of its name is there.
    """
    nmis = groupby(days, attrgetter("nmi"))
    for number, first in enumerate(nmis, 1):
        made = target.scratch / f"{naming.name(number)}.csv"
        with made.open("wb") as out:
            content = _write(out, naming.header, _until_full(first, nmis, out, most_bytes))
        _check(made, content, target.scratch)
        yield target.put(made, content)


Nmi = tuple[str, Iterator[ExportedDay]]


def _until_full(
    first: Nmi, more: Iterator[Nmi], out: BinaryIO, most_bytes: int
) -> Iterator[ExportedDay]:
    yield from first[1]
    while out.tell() < most_bytes and (following := next(more, None)):
        yield from following[1]


def _write(out: BinaryIO, header: str, days: Iterable[ExportedDay]) -> Content:
    content, records = Content(), Records()
    out.write(header.encode())
    for day in days:
        content.add_day(day.nmi, day.nmi_suffix, day.day, day.unit, day.interval_values)
        out.write("".join(records.of(day)).encode())
    out.write(END.encode())
    return content


def _check(made: Path, content: Content, scratch: Path) -> None:
    found = read_back(made, scratch)
    content.check(found, made.name)
    if found.sha256 != content.sha256:
        raise TerminalError(f"{made.name}: its days are read back in another order or form")
