"""The fields of 200 and 250 records that name and describe a meter (S 4.3, 5.3)."""

import re
from datetime import date

from nem12.mdff import spec, text, wording
from nem12.mdff.findings import Level
from nem12.mdff.record import Record
from nem12.mdff.stamps import parse_date, year_fault

_NMI, _CONFIGURATION, _SUFFIX, _SERIAL = 1, 2, 4, 6
"""Places of these fields, from 0."""


def named(record: Record, like: re.Pattern[str] = spec.SUFFIX_LIKE) -> tuple[str, str]:
    """NMI and NMISuffix as far as they can be read, also of a refused record.

    Each is empty where its field does not look like one: it may hold anything then.

    Args:
        record: A 200 or 250 record.
        like: The pattern of a suffix of such a record.
    """
    nmi = text.capitals(record.at(_NMI))
    nmi_suffix = text.capitals(record.at(_SUFFIX))
    return (
        nmi[: spec.NMI_LENGTH] if spec.NMI_LIKE.fullmatch(nmi) else "",
        nmi_suffix if like.fullmatch(nmi_suffix) else "",
    )


def check_nmi(record: Record, level: Level) -> str | None:
    """Check the NMI; in capital letters and without check digit if it is one, else None.

    Args:
        record: Receives the findings.
        level: How much a fault refuses.
    """
    delivered = record.at(_NMI)
    nmi = text.capitals(delivered)
    if not (nmi.isascii() and nmi.isalnum()) or len(nmi) > spec.NMI_LENGTH + 1:
        message = f"NMI '{wording.shown(delivered)}' is not 10 letters and digits"
        record.refuse("nmi", message, level, place=_NMI)
        return None
    if len(nmi) < spec.NMI_LENGTH:
        message = f"NMI '{delivered}' has {len(nmi)} characters instead of 10"
        record.refuse_unless_tolerated("nmi", message, level, place=_NMI)
    if len(nmi) > spec.NMI_LENGTH:
        nmi, last = nmi[: spec.NMI_LENGTH], nmi[-1]
        if last != spec.nmi_check_digit(nmi):
            message = f"NMI '{delivered}' has 11 characters, and the last is not its check digit"
            record.refuse("nmi", message, level, place=_NMI)
            return None
        record.warn("nmi-check-digit", f"NMI '{delivered}' carries its check digit", place=_NMI)
    _warn_of_nmi(record, delivered, nmi)
    return nmi


def _warn_of_nmi(record: Record, delivered: str, nmi: str) -> None:
    if delivered != delivered.upper():
        record.warn("nmi-case", f"NMI '{delivered}' is not in capital letters", place=_NMI)
    if "O" in nmi or "I" in nmi:
        record.warn("nmi-letters", f"NMI '{delivered}' holds a letter O or I", place=_NMI)
    for pattern, where, early in spec.OUTSIDE_NEM:
        if pattern.fullmatch(nmi):
            message = f"NMI '{delivered}' is of {where}, outside the market: its times are stored"
            message += f" as NEM time (UTC+10:00), so that instants are {early} early"
            record.warn("outside-nem", message, place=_NMI)


def check_configuration(record: Record, nmi_suffix: str, level: Level) -> None:
    """Examine whether the NMIConfiguration is made of pairs, and the suffix is one of them."""
    configuration = text.capitals(record.at(_CONFIGURATION))
    if not configuration or len(configuration) % 2:
        message = f"NMIConfiguration '{wording.shown(configuration)}' is not made of pairs"
        record.warn("configuration", message, place=_CONFIGURATION)
    pairs = {configuration[i : i + 2] for i in range(0, len(configuration), 2)}
    if configuration and nmi_suffix not in pairs:
        message = (
            f"NMISuffix {nmi_suffix} is not in NMIConfiguration '{wording.shown(configuration)}'"
        )
        record.refuse("suffix-not-in-configuration", message, level, place=_SUFFIX)


def check_serial(record: Record) -> str:
    """Examine the length of the MeterSerialNumber."""
    meter_serial_number = record.at(_SERIAL)
    if len(meter_serial_number) > spec.MAX_SERIAL:
        shown = wording.shown(meter_serial_number)
        message = f"MeterSerialNumber '{shown}' is longer than {spec.MAX_SERIAL} characters"
        record.warn("serial", message, place=_SERIAL)
    return meter_serial_number


def check_uom(record: Record, place: int, level: Level) -> spec.Unit | None:
    """Examine the UOM at this place; its unit where the format knows it."""
    uom = spec.UNITS.get(text.capitals(record.at(place)))
    if uom is None:
        allowed = ", ".join(each.delivered for each in spec.UNITS.values())
        message = f"UOM '{wording.shown(record.at(place))}' is unknown; allowed are {allowed}"
        record.refuse("uom", message, level, place=place)
    return uom


def check_next_read(record: Record, place: int) -> date | None:
    """Check the NextScheduledReadDate at this place; None if it is empty or ignored."""
    delivered = record.at(place)
    day = parse_date(delivered)
    fault = "is not a valid date"
    if day is not None:
        fault = year_fault(day.year, spec.FIRST_STAMP_YEAR) or ""
    if delivered and fault:
        message = f"NextScheduledReadDate '{wording.shown(delivered)}' {fault}; ignored"
        record.warn("next-read", message, place=place)
        return None
    return day
