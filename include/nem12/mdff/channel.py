"""The 200 record: which channel the days that follow belong to (S 4.3)."""

import re
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Final

from nem12.mdff import spec, text, wording
from nem12.mdff.exact import small_number
from nem12.mdff.findings import Level
from nem12.mdff.identity import (
    check_configuration,
    check_next_read,
    check_nmi,
    check_serial,
    check_uom,
)
from nem12.mdff.record import Record

_NMI: Final = re.compile(rf"[0-9A-Z]{{{spec.NMI_LENGTH}}}[0-9]?", re.ASCII)
"""With or without its check digit."""

_DIGIT: Final = re.compile(r"[0-9]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Channel:
    """A 200 record (S 4.3): one data stream of an NMI, in force until the next 200 record.

    Attributes:
        nmi_configuration: All suffixes of the site, as delivered.
        next_scheduled_read_date: None where there is none that counts.
    """

    nmi: str
    nmi_suffix: str
    uom: spec.Unit
    interval_length: int
    register_id: str
    meter_serial_number: str
    nmi_configuration: str
    mdm_data_stream: str
    next_scheduled_read_date: date | None

    @property
    def record_id(self) -> int:
        """The first 63 bits of a SHA-256 of all fields but NextScheduledReadDate.

        That date changes with every read, the others hardly ever.
        """
        fields = (
            self.nmi, self.nmi_configuration, self.register_id, self.nmi_suffix,
            self.mdm_data_stream, self.meter_serial_number, self.uom.stored,
            str(self.uom.exponent), str(self.interval_length),
        )  # fmt: skip
        # No field contains a comma.
        digest = sha256(",".join(fields).encode(errors="surrogatepass")).digest()
        return int.from_bytes(digest[:8], "big") >> 1

    @property
    def intervals(self) -> int:
        """Values in a day."""
        return spec.MINUTES_A_DAY // self.interval_length


def check_200(record: Record) -> Channel | None:
    """Check a 200 record; its channel if it is usable, else None."""
    _leave_out_surplus(record)
    record.check_length(9, len(spec.FIELDS_200), Level.BLOCK)
    nmi = check_nmi(record, Level.BLOCK) if len(record.fields) > 1 else None
    nmi_suffix = _suffix(record) if len(record.fields) > 4 else None
    uom = check_uom(record, 7, Level.BLOCK) if len(record.fields) > 7 else None
    interval_length = _interval_length(record) if len(record.fields) > 8 else None
    meter_serial_number = check_serial(record)
    next_scheduled_read_date = check_next_read(record, 9)
    if record.refused or nmi is None or nmi_suffix is None or uom is None:
        return None
    if interval_length is None:
        return None
    return Channel(
        nmi,
        nmi_suffix,
        uom,
        interval_length,
        record.at(3),
        meter_serial_number,
        record.at(2),
        record.at(5),
        next_scheduled_read_date,
    )


def _suffix(record: Record) -> str | None:
    delivered, nmi_suffix = record.fields[4], text.capitals(record.fields[4])
    if not spec.SUFFIX.fullmatch(nmi_suffix):
        message = f"NMISuffix '{wording.shown(delivered)}' is not a suffix of the format,"
        message += " such as E1 or B1"
        record.refuse("suffix", message, Level.BLOCK, place=4)
        return None
    check_configuration(record, nmi_suffix, Level.BLOCK)
    return nmi_suffix


def _leave_out_surplus(record: Record) -> None:
    """Leave out a field before or after the NMI that shifts all others by one.

    Some portals write the NMI's check digit there, or repeat the VersionHeader. Without it the
    other fields are at their places and can be checked.
    """
    unit = text.capitals(record.at(8))
    if unit not in spec.UNITS or text.capitals(record.at(7)) in spec.UNITS:
        return
    first, second = text.capitals(record.at(1)), text.capitals(record.at(2))
    if _NMI.fullmatch(first) and _DIGIT.fullmatch(second):
        _check_digit_apart(record, first, second)
    elif _NMI.fullmatch(second) and not _NMI.fullmatch(first):
        message = f"one field too many: '{wording.shown(record.at(1))}'"
        record.refuse("nmi", message, Level.BLOCK, place=1)
        record.leave_out(1)


def _check_digit_apart(record: Record, nmi: str, digit: str) -> None:
    message = f"field 3 '{digit}' is the check digit of NMI '{nmi}' in a field of its own"
    if digit == spec.nmi_check_digit(nmi[: spec.NMI_LENGTH]):
        record.refuse_unless_tolerated("nmi-check-digit", message, Level.BLOCK, place=2)
    else:
        message = f"field 3 '{digit}' is one too many, and is not the check digit of NMI '{nmi}'"
        record.refuse("nmi", message, Level.BLOCK, place=2)
    record.leave_out(2)


def _interval_length(record: Record) -> int | None:
    delivered = record.fields[8]
    minutes = small_number(delivered) or 0
    if minutes in spec.INTERVAL_LENGTHS:
        return minutes
    message = f"IntervalLength '{wording.shown(delivered)}' is not 5, 15 or 30"
    if minutes and spec.MINUTES_A_DAY % minutes == 0:
        record.refuse_unless_tolerated("interval-length", message, Level.BLOCK, place=8)
        return minutes
    if "interval-length" in record.profile.tolerated:
        message = f"IntervalLength '{wording.shown(delivered)}' is not a number of minutes"
        message += " that divides a day"
    record.refuse("interval-length", message, Level.BLOCK, place=8)
    return None
