"""The 200 record: which channel the days that follow belong to (S 4.3)."""

import re
from dataclasses import dataclass
from typing import Final

from nem12.mdff import spec, text
from nem12.mdff.findings import Level
from nem12.mdff.record import Record
from nem12.mdff.stamps import parse_date, year_fault

_NMI: Final = re.compile(rf"[0-9A-Z]{{{spec.NMI_LENGTH}}}[0-9]?", re.ASCII)
"""With or without its check digit."""

_DIGIT: Final = re.compile(r"[0-9]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Channel:
    """A 200 record (S 4.3): one data stream of an NMI, in force until the next 200 record."""

    nmi: str
    nmi_suffix: str
    uom: spec.Unit
    interval_length: int
    register_id: str
    meter_serial_number: str

    @property
    def intervals(self) -> int:
        """Values in a day."""
        return spec.MINUTES_A_DAY // self.interval_length


def check_200(record: Record) -> Channel | None:
    """Examine a 200 record; its channel where it is usable."""
    _leave_out_surplus(record)
    record.check_length(9, len(spec.FIELDS_200), Level.BLOCK)
    nmi = _nmi(record) if len(record.fields) > 1 else None
    nmi_suffix = _suffix(record) if len(record.fields) > 4 else None
    uom = _unit(record) if len(record.fields) > 7 else None
    interval_length = _interval_length(record) if len(record.fields) > 8 else None
    meter_serial_number = record.at(6)
    if len(meter_serial_number) > spec.MAX_SERIAL:
        shown = text.shown(meter_serial_number)
        message = f"MeterSerialNumber '{shown}' is longer than {spec.MAX_SERIAL} characters"
        record.warn("serial", message, place=6)
    _check_next_read(record)
    if record.refused or nmi is None or nmi_suffix is None or uom is None:
        return None
    if interval_length is None:
        return None
    return Channel(nmi, nmi_suffix, uom, interval_length, record.at(3), meter_serial_number)


def _check_next_read(record: Record) -> None:
    given = record.at(9)
    day = parse_date(given)
    fault = "is not a valid date"
    if day is not None:
        fault = year_fault(day.year, spec.FIRST_STAMP_YEAR) or ""
    if given and fault:
        message = f"NextScheduledReadDate '{text.shown(given)}' {fault}; ignored"
        record.warn("next-read", message, place=9)


def _leave_out_surplus(record: Record) -> None:
    """A field that stands before or behind the NMI and shifts all others by one.

    Some portals write the NMI's check digit there, or repeat the VersionHeader. With it left out
    the rest is judged as what it is.
    """
    unit = text.capitals(record.at(8))
    if unit not in spec.UNITS or text.capitals(record.at(7)) in spec.UNITS:
        return
    first, second = text.capitals(record.at(1)), text.capitals(record.at(2))
    if _NMI.fullmatch(first) and _DIGIT.fullmatch(second):
        _check_digit_apart(record, first, second)
    elif _NMI.fullmatch(second) and not _NMI.fullmatch(first):
        message = f"one field too many: '{text.shown(record.at(1))}'"
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


def named(record: Record) -> tuple[str, str]:
    """NMI and NMISuffix of a 200 record as far as they can be read, also of a refused one.

    Each is empty where its field does not look like one: it may hold anything then.
    """
    nmi = text.capitals(record.at(1))
    nmi_suffix = text.capitals(record.at(4))
    return (
        nmi[: spec.NMI_LENGTH] if spec.NMI_LIKE.fullmatch(nmi) else "",
        nmi_suffix if spec.SUFFIX_LIKE.fullmatch(nmi_suffix) else "",
    )


def _nmi(record: Record) -> str | None:
    given = record.fields[1]
    nmi = text.capitals(given)
    if not (nmi.isascii() and nmi.isalnum()) or len(nmi) > spec.NMI_LENGTH + 1:
        message = f"NMI '{text.shown(given)}' is not 10 letters and digits"
        record.refuse("nmi", message, Level.BLOCK, place=1)
        return None
    if len(nmi) < spec.NMI_LENGTH:
        message = f"NMI '{given}' has {len(nmi)} characters instead of 10"
        record.refuse_unless_tolerated("nmi", message, Level.BLOCK, place=1)
    if len(nmi) > spec.NMI_LENGTH:
        nmi, last = nmi[: spec.NMI_LENGTH], nmi[-1]
        if last != spec.nmi_check_digit(nmi):
            message = f"NMI '{given}' has 11 characters, and the last is not its check digit"
            record.refuse("nmi", message, Level.BLOCK, place=1)
            return None
        record.warn("nmi-check-digit", f"NMI '{given}' carries its check digit", place=1)
    if given != given.upper():
        record.warn("nmi-case", f"NMI '{given}' is not in capital letters", place=1)
    if "O" in nmi or "I" in nmi:
        record.warn("nmi-letters", f"NMI '{given}' holds a letter O or I", place=1)
    for pattern, place, early in spec.OUTSIDE_NEM:
        if pattern.fullmatch(nmi):
            message = f"NMI '{given}' is of {place}, outside the market: its times are stored as"
            message += f" NEM time (UTC+10:00), so that instants are {early} early"
            record.warn("outside-nem", message, place=1)
    return nmi


def _suffix(record: Record) -> str | None:
    given, nmi_suffix = record.fields[4], text.capitals(record.fields[4])
    if not spec.SUFFIX.fullmatch(nmi_suffix):
        message = f"NMISuffix '{text.shown(given)}' is not a suffix of the format, such as E1 or B1"
        record.refuse("suffix", message, Level.BLOCK, place=4)
        return None
    configuration = text.capitals(record.fields[2])
    if not configuration or len(configuration) % 2:
        message = f"NMIConfiguration '{text.shown(configuration)}' is not made of pairs"
        record.warn("configuration", message, place=2)
    pairs = {configuration[i : i + 2] for i in range(0, len(configuration), 2)}
    if configuration and nmi_suffix not in pairs:
        message = f"NMISuffix {nmi_suffix} is not in NMIConfiguration '{text.shown(configuration)}'"
        record.refuse("suffix-not-in-configuration", message, Level.BLOCK, place=4)
    return nmi_suffix


def _unit(record: Record) -> spec.Unit | None:
    unit = spec.UNITS.get(text.capitals(record.fields[7]))
    if unit is None:
        allowed = ", ".join(each.delivered for each in spec.UNITS.values())
        message = f"UOM '{text.shown(record.fields[7])}' is unknown; allowed are {allowed}"
        record.refuse("uom", message, Level.BLOCK, place=7)
    return unit


def _interval_length(record: Record) -> int | None:
    given = record.fields[8]
    minutes = int(given) if given.isascii() and given.isdigit() and len(given) <= 4 else 0
    if minutes in spec.INTERVAL_LENGTHS:
        return minutes
    message = f"IntervalLength '{text.shown(given)}' is not 5, 15 or 30"
    if minutes and spec.MINUTES_A_DAY % minutes == 0:
        record.refuse_unless_tolerated("interval-length", message, Level.BLOCK, place=8)
        return minutes
    if "interval-length" in record.profile.tolerated:
        message = f"IntervalLength '{text.shown(given)}' is not a number of minutes"
        message += " that divides a day"
    record.refuse("interval-length", message, Level.BLOCK, place=8)
    return None
