"""Whether the DateTime of a 100 record can be right, by the days that follow it.

Some exports write a constant there, or the first day of their period. If the profile allows it,
records that contradict such a header are checked without it. That the header is wrong is one
finding about the file, made by the whole-file pass, however many shards the file has.
"""

from typing import Final

from nem12.mdff import spec, text, wording
from nem12.mdff.day import values_of
from nem12.mdff.findings import Finding
from nem12.mdff.header import Header
from nem12.mdff.record import Record
from nem12.mdff.stamps import parse_date
from nem12.mdff.versions import stamp_of

_SHORTEST: Final = len("300,20240310")
"""A record that says when it is; a file may have millions of shorter ones."""

_AROUND: Final = b' \t,"\r\n'


class Doubt:
    """Looks for a 300 record that contradicts a header.

    Args:
        record: The 100 record.
        header: The same.
    """

    def __init__(self, record: Record, header: Header) -> None:
        self._record = record
        self._header = header
        self._last_day = f"{header.last_day:%Y%m%d}".encode()
        self._latest = header.latest_tolerated.encode()

    def look(self, line: int, lines: bytes) -> Finding | None:
        """The warning about the header, where one of the 300 records among some lines asks for it.

        Args:
            line: Number of the first of them.
            lines: Whole ones, separated by LF.
        """
        for number, raw in enumerate(lines.split(b"\n"), line):
            if raw.startswith(b"300,") and self._is_suspect(raw):
                finding = self.judge(number, raw)
                if finding is not None:
                    return finding
        return None

    def _is_suspect(self, raw: bytes) -> bool:
        """Whether a record has to be looked at closely; nearly none has."""
        day = raw[4:12]
        if day > self._last_day or not day.isdigit():
            return True
        # UpdateDateTime is the last field, or the last but one before MSATSLoadDateTime.
        tail = raw.rstrip(_AROUND).rsplit(b",", 2)
        return any(self._latest < each.strip(_AROUND) < b"9" for each in tail[-2:])

    def judge(self, line: int, raw: bytes) -> Finding | None:
        """The warning about the header, where this 300 record contradicts it."""
        if len(raw) < _SHORTEST:
            return None
        _, record, _ = text.bare(raw)
        fields = text.split(text.decode(record)[0])
        # Whatever the channel: the values end where the first QualityMethod stands.
        place = 2 + len(values_of(fields, None)) + spec.FIELDS_300_TAIL.index("UpdateDateTime")
        if any(fields[place + 2 :]):
            # With a field too many it is unclear which field is which.
            return None
        day = parse_date(fields[1]) if len(fields) > 1 else None
        update_date_time = fields[place] if place < len(fields) else ""
        if self._header.is_contradicted(day, ""):
            what = f"IntervalDate {fields[1]} of line {line} is more than {spec.DAYS_AHEAD} days"
        elif self._header.is_contradicted(None, stamp_of(update_date_time) or ""):
            what = f"UpdateDateTime {update_date_time} of line {line} is more than a day"
        else:
            return None
        date_time = wording.shown(self._record.at(2))
        message = f"header DateTime '{date_time}' cannot be right: {what} after it"
        self._record.warn("header-date", f"{message}; such records are checked without it", place=2)
        return self._record.findings[-1]
