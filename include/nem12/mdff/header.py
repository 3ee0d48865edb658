"""The 100 and 900 records: where a file begins and ends (S 4.2, 4.7)."""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from nem12.mdff import spec, text, wording
from nem12.mdff.findings import Level
from nem12.mdff.record import Record
from nem12.mdff.stamps import parse_datetime, year_fault

_SPREADSHEET: Final = re.compile(r"[0-9.]+E\+?[0-9]+", re.IGNORECASE)

_DIGITS_ONLY: Final = str.maketrans("", "", "-:T")

_UPDATE_GRACE: Final = timedelta(days=1)
"""An UpdateDateTime this much after the header is a clock that is wrong; beyond, it would beat
every later correction for ever."""


@dataclass(frozen=True)
class Header:
    """A 100 record.

    Attributes:
        date_time: DateTime in NEM time, naive.
        from_participant: FromParticipant.
        to_participant: ToParticipant.
        known: False if there is no 100 record, or its DateTime cannot be right; `date_time` is
            then a placeholder, and nothing is compared with it.
        digits: Of the DateTime as delivered: 8, 12 or 14. It is no more precise than these.
    """

    date_time: datetime
    from_participant: str = ""
    to_participant: str = ""
    known: bool = True
    digits: int = 12

    @property
    def stamp(self) -> str:
        """`date_time` as 14 digits, to be compared with the stamps of days."""
        return _stamp(self.date_time)

    @property
    def latest(self) -> str:
        """The highest stamp that is not after the header, which may name only minute or day."""
        return self._end_of(self.date_time) if self.known else f"{spec.LAST_YEAR}1231235959"

    @property
    def latest_tolerated(self) -> str:
        """The highest stamp that is not refused for being after the header."""
        return self._end_of(self.date_time + _UPDATE_GRACE) if self.known else self.latest

    @property
    def last_day(self) -> date:
        """The last IntervalDate that is not refused for being after the header."""
        last = date(spec.LAST_YEAR, 12, 31)
        return min(last, self.date_time.date() + timedelta(spec.DAYS_AHEAD)) if self.known else last

    def is_contradicted(self, day: date | None, stamp: str) -> bool:
        """Whether a day, or the stamp of one, says that the DateTime cannot be.

        Args:
            day: An IntervalDate; None if it is not a date.
            stamp: An UpdateDateTime of 14 digits; empty if there is none.
        """
        late_day = day is not None and self.last_day < day and day.year <= spec.LAST_YEAR
        return late_day or self.latest_tolerated < stamp <= f"{spec.LAST_YEAR + 1}"

    def _end_of(self, date_time: datetime) -> str:
        return f"{_stamp(date_time)[: self.digits]:9<14}"


def _stamp(instant: datetime) -> str:
    # Not strftime, which leaves out the zeros of years before 1000.
    return f"{instant.isoformat():.19}".translate(_DIGITS_ONLY)


NO_HEADER: Final = Header(datetime(spec.FIRST_YEAR, 1, 1), known=False)  # noqa: DTZ001 - NEM time
"""Stands in where the lenient profile takes records without a 100 record; its DateTime counts for
nothing."""


def format_of(record: Record) -> spec.Format | None:
    """The format that a 100 record names; None if it names none that is known."""
    return spec.FORMATS.get(text.capitals(record.at(1)))


def check_100(record: Record) -> Header | None:
    """Check a 100 record; the header if it is usable, else None."""
    record.check_length(1, len(spec.FIELDS_100))
    if format_of(record) is None:
        message = f"VersionHeader is '{wording.shown(record.at(1))}', neither NEM12 nor NEM13"
        record.refuse("version", message, Level.FILE, place=1)
        return None
    stamp, from_participant, to_participant = record.at(2), record.at(3), record.at(4)
    _check_participants(record)
    date_time = parse_datetime(stamp)
    if date_time is None:
        message = f"header DateTime '{wording.shown(stamp)}' is not a valid date (CCYYMMDDhhmm)"
        if _SPREADSHEET.fullmatch(stamp):
            message += "; was the file saved by a spreadsheet?"
        record.refuse("header-date", message, Level.FILE, place=2)
        return None
    if fault := year_fault(date_time.year, spec.FIRST_YEAR):
        message = f"header DateTime '{stamp}' {fault}"
        tolerated = "header-date" in record.profile.tolerated
        if tolerated:
            message += "; the file is read as one without a header date"
        record.refuse_unless_tolerated("header-date", message, Level.FILE, place=2)
        if not tolerated:
            return None
        return replace(NO_HEADER, from_participant=from_participant, to_participant=to_participant)
    if len(stamp) != 12:
        message = f"header DateTime '{stamp}' has {len(stamp)} digits instead of 12"
        record.warn("header-date", message, place=2)
    return Header(date_time, from_participant, to_participant, digits=len(stamp))


def _check_participants(record: Record) -> None:
    faults = {place: fault for place in (3, 4) if (fault := _participant_fault(record, place))}
    if faults:
        record.warn("participant", "; ".join(faults.values()), place=min(faults))


def _participant_fault(record: Record, place: int) -> str:
    delivered, name = record.at(place), record.name(place)
    if not delivered:
        return f"{name} is empty"
    if len(delivered) > spec.MAX_PARTICIPANT:
        shown = wording.shown(delivered)
        return f"{name} '{shown}' is longer than {spec.MAX_PARTICIPANT} characters"
    return ""


def check_900(record: Record) -> None:
    """Examine a 900 record, which is its indicator and nothing else."""
    record.check_length(1, 1)
