"""The 100 and 900 records: where a file begins and ends (S 4.2, 4.7)."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from nem12.mdff import spec, text
from nem12.mdff.findings import Level
from nem12.mdff.record import Record
from nem12.mdff.stamps import parse_datetime

_SPREADSHEET: Final = re.compile(r"[0-9.]+E\+?[0-9]+", re.IGNORECASE)

_DIGITS_ONLY: Final = str.maketrans("", "", "-:T")


@dataclass(frozen=True)
class Header:
    """A 100 record.

    Attributes:
        created: DateTime in NEM time, naive.
        sender: FromParticipant.
        receiver: ToParticipant.
        known: False where records came without a 100 record; nothing is judged by `created` then.
    """

    created: datetime
    sender: str = ""
    receiver: str = ""
    known: bool = True

    @property
    def stamp(self) -> str:
        """`created` as 14 digits, to be compared with the stamps of days."""
        # Not strftime, which leaves out the zeros of years before 1000.
        return f"{self.created.isoformat():.19}".translate(_DIGITS_ONLY)


NO_HEADER: Final = Header(datetime(spec.FIRST_YEAR, 1, 1), known=False)  # noqa: DTZ001 - NEM time
"""Stands in where the lenient profile takes records without a 100 record: its DateTime is older
than any other, so that a version that falls back to it never wins over one that has a date."""


def check_100(record: Record) -> Header | None:
    """Examine a 100 record; the header where it is usable."""
    record.check_length(1, len(spec.FIELDS_100))
    version = record.at(1)
    if version.upper() != "NEM12":
        message = f"VersionHeader is '{text.shown(version)}', not NEM12"
        if version.upper() == "NEM13":
            message = "NEM13 (accumulation data) is not interval data"
        record.refuse("version", message, Level.FILE, place=1)
        return None
    stamp, sender, receiver = record.at(2), record.at(3), record.at(4)
    created = parse_datetime(stamp)
    if created is None:
        message = f"header DateTime '{text.shown(stamp)}' is not a valid date (CCYYMMDDhhmm)"
        if _SPREADSHEET.fullmatch(stamp):
            message += "; was the file saved by a spreadsheet?"
        record.refuse("header-date", message, Level.FILE, place=2)
    elif len(stamp) != 12:
        message = f"header DateTime '{stamp}' has {len(stamp)} digits instead of 12"
        record.warn("header-date", message, place=2)
    if not (sender and receiver):
        empty = [place for place in (3, 4) if not record.at(place)]
        names = " and ".join(map(record.name, empty))
        message = f"{names} {'is' if len(empty) == 1 else 'are'} empty"
        record.warn("participant", message, place=empty[0])
    return None if created is None else Header(created, sender, receiver)


def check_900(record: Record) -> None:
    """Examine a 900 record, which is its indicator and nothing else."""
    record.check_length(1, 1)
