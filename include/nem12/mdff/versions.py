"""UpdateDateTime and MSATSLoadDateTime: what decides between versions (S 4.4, 5.3)."""

from typing import NamedTuple

from nem12.mdff import spec, wording
from nem12.mdff.header import Header
from nem12.mdff.record import Record
from nem12.mdff.stamps import parse_datetime, year_fault


class Stamps(NamedTuple):
    """What decides between versions of a day or a read: 14 digits each, in NEM time.

    Attributes:
        update_date_time: UpdateDateTime, or what replaces a missing one.
        rank: The lower one wins, whatever the stamps: 0 for an UpdateDateTime; 1 if the header's
            DateTime replaces a missing one; 2 if there is no such DateTime either: then
            `update_date_time` is empty, and the time of delivery counts; 3 for an UpdateDateTime
            that is older than the market, as delivered.
        msats_load_date_time: Empty if there is none.
    """

    update_date_time: str
    rank: int
    msats_load_date_time: str


def check_stamps(record: Record, place: int, header: Header, judged_by: Header) -> Stamps | None:
    """Examine UpdateDateTime and MSATSLoadDateTime of a 300 or 250 record.

    Args:
        record: Receives the findings.
        place: Of the UpdateDateTime, from 0; the other one follows it.
        header: Its DateTime replaces a missing UpdateDateTime.
        judged_by: Whose DateTime an UpdateDateTime may not be after.
    """
    update_date_time = record.at(place)
    msats = _check_msats(record, place + 1)
    if not update_date_time:
        return _stand_in(record, place, "is empty", header, msats)
    stamp = stamp_of(update_date_time)
    if stamp is None:
        message = f"UpdateDateTime '{wording.shown(update_date_time)}' is not a valid date and time"
        record.refuse("update", message, place=place)
        return None
    if len(update_date_time) == 12:
        message = f"UpdateDateTime '{update_date_time}' has 12 digits instead of 14"
        record.warn("update", message, place=place)
    year = int(stamp[:4])
    if year < spec.FIRST_STAMP_YEAR:
        what = f"{stamp} is before {spec.FIRST_STAMP_YEAR} and taken as missing"
        return _stand_in(record, place, what, header, msats)
    if year < spec.FIRST_YEAR:
        message = f"UpdateDateTime {stamp} is before {spec.FIRST_YEAR}; any other version wins"
        record.warn("update-missing", message, place=place)
        return Stamps(stamp, 3, msats)
    _check_ahead(record, place, stamp, judged_by)
    return Stamps(stamp, 0, msats)


def _stand_in(record: Record, place: int, what: str, header: Header, msats: str) -> Stamps:
    """The stamps of a day or read without UpdateDateTime."""
    instead = "the header's DateTime" if header.known else "the time of delivery"
    message = f"UpdateDateTime {what}; {instead} stands in for it"
    record.warn("update-missing", message, place=place)
    return Stamps(header.stamp, 1, msats) if header.known else Stamps("", 2, msats)


def _check_msats(record: Record, place: int) -> str:
    """An MSATSLoadDateTime as 14 digits; empty if it is not valid."""
    msats_load_date_time = record.at(place)
    msats = stamp_of(msats_load_date_time)
    if msats_load_date_time and msats is None:
        given = wording.shown(msats_load_date_time)
        message = f"MSATSLoadDateTime '{given}' is not a valid date and time"
        record.warn("msats", message, place=place)
    elif msats and (fault := year_fault(int(msats[:4]), spec.FIRST_STAMP_YEAR)):
        record.warn(
            "msats", f"MSATSLoadDateTime {msats_load_date_time} {fault}; ignored", place=place
        )
        return ""
    elif msats_load_date_time and len(msats_load_date_time) != 14:
        message = f"MSATSLoadDateTime '{msats_load_date_time}' has 12 digits instead of 14"
        record.warn("msats", message, place=place)
    return msats or ""


def stamp_of(delivered: str) -> str | None:
    """A stamp of 12 or 14 digits as 14; None if it is not a date and time."""
    if len(delivered) not in (12, 14) or parse_datetime(delivered) is None:
        return None
    return delivered.ljust(14, "0")


def _check_ahead(record: Record, place: int, stamp: str, header: Header) -> None:
    if stamp <= header.latest:
        return
    fault = year_fault(int(stamp[:4]), spec.FIRST_YEAR)
    if stamp > header.latest_tolerated:
        fault = fault or "is more than a day after the file was created"
    if fault:
        record.refuse("update-future", f"UpdateDateTime {stamp} {fault}", place=place)
    else:
        message = f"UpdateDateTime {stamp} is after the file was created"
        record.warn("update-future", message, place=place)
