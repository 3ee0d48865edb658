"""The 300, 400 and 500 records: one day of a channel (S 4.4 to 4.6)."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Context, Decimal, Inexact
from typing import Final, NamedTuple

from nem12.mdff import spec, text
from nem12.mdff.channel import Channel
from nem12.mdff.header import Header
from nem12.mdff.record import Record
from nem12.mdff.stamps import interval_date_fault, parse_date, parse_datetime

_UPDATE_GRACE: Final = timedelta(days=1)
"""An UpdateDateTime this much after the header is a clock that is wrong; beyond, it would beat
every later correction for ever."""


@dataclass(frozen=True, slots=True)
class Quality:
    """QualityMethod, ReasonCode and ReasonDescription of a day or an event."""

    method: str
    reason: int | None
    description: str


class Stamps(NamedTuple):
    """What decides between versions of a day (S 4.4): 14 digits each, in NEM time.

    Attributes:
        updated: UpdateDateTime, or the header's DateTime where it is missing.
        missing: Whether it was missing.
        loaded: MSATSLoadDateTime; empty where it is none.
    """

    updated: str
    missing: bool
    loaded: str


@dataclass(frozen=True, slots=True)
class Event:
    """A 400 record (S 4.5): intervals `start` to `end`, 1-based and inclusive, of its day."""

    start: int
    end: int
    quality: Quality


@dataclass(slots=True)
class Day:
    """A 300 record with its 400 records: one day of a channel.

    Attributes:
        line: Of the 300 record.
        header: Of the file, or of the part of a joined file, that delivers it.
        last_line: Of its last 400 or 500 record.
        records: How many of all kinds.
        values: As delivered, separated by commas.
        events: 400 records in the order of the file.
    """

    channel: Channel
    line: int
    day: date
    values: str
    quality: Quality
    stamps: Stamps
    header: Header
    last_line: int
    records: int = 1
    events: list[Event] = field(default_factory=list)


def check_300(record: Record, channel: Channel, header: Header) -> Day | None:
    """Examine a 300 record; its day where nothing refuses it."""
    day = check_date(record, record.at(1), header)
    values = values_of(record.fields, channel.intervals)
    if len(values) != channel.intervals:
        message = f"{text.plural(len(values), 'value')} instead of {channel.intervals}"
        record.refuse("value-count", f"{message} ({channel.interval_minutes}-minute data)")
        return None
    _check_values(record, values, channel.unit)
    quality = stamps = None
    place = 2 + channel.intervals
    if record.check_length(place + 1, place + len(spec.FIELDS_300_TAIL)):
        tail = [record.at(place + i) for i in range(len(spec.FIELDS_300_TAIL))]
        quality = check_quality(record, tail[0], tail[1], tail[2], header)
        stamps = check_stamps(record, tail[3], tail[4], header)
    if record.refused or day is None or quality is None or stamps is None:
        return None
    return Day(channel, record.line, day, ",".join(values), quality, stamps, header, record.line)


def values_of(fields: list[str], intervals: int | None) -> list[str]:
    """The values of a 300 record, also when they are miscounted.

    Args:
        fields: Of the record.
        intervals: Of its channel; None where that is not known.
    """
    if intervals is None:
        place = next((i for i, f in enumerate(fields[2:], 2) if spec.QUALITY.fullmatch(f)), None)
    else:
        place = _quality_place(fields, intervals)
    return fields[2 : len(fields) if place is None else place]


def _quality_place(fields: list[str], intervals: int) -> int | None:
    """Where the QualityMethod of a 300 record stands, also when the values are miscounted.

    What stands at its proper place is taken for it unless it looks like a value, or another field
    is a QualityMethod without doubt. One that only resembles it counts where the record ends as it
    should behind it: elsewhere it is a value that is none.
    """
    proper = intervals + 2
    here = fields[proper] if proper < len(fields) else None
    if here is not None and spec.QUALITY.fullmatch(here):
        return proper
    last = len(fields) - len(spec.FIELDS_300_TAIL)
    for pattern, first in ((spec.QUALITY, 2), (spec.QUALITY_LIKE, max(2, last))):
        places = (i for i, name in enumerate(fields[first:], first) if pattern.fullmatch(name))
        place = next(places, None)
        if place is not None and _decides(place, proper, here):
            return place
    return None if here is None or spec.VALUE.fullmatch(here) else proper


def _decides(place: int, proper: int, here: str | None) -> bool:
    """Whether a field that looks like a QualityMethod outweighs the one at the proper place."""
    if not here:
        # An empty field at the proper place may be a value too many, or a QualityMethod left out:
        # a letter right behind it cannot be a ReasonCode, one further on can be a description.
        return place <= proper + 1
    return place <= proper or spec.VALUE.fullmatch(here) is not None


def _check_values(record: Record, values: list[str], unit: spec.Unit) -> None:
    """The values, one finding a code, named by its first interval."""
    seen: set[str] = set()
    for interval, value in enumerate(values, 1):
        fault = _value_fault(value, unit)
        if fault is None or fault[0] in seen:
            continue
        code, what = fault
        seen.add(code)
        message = f"IntervalValue {interval} {what}"
        if code == "decimals":
            record.warn(code, message)
        else:
            record.refuse(code, message)


def _value_fault(value: str, unit: spec.Unit) -> tuple[str, str] | None:
    if not value:
        return "value-empty", "is empty"
    if not spec.VALUE.fullmatch(value):
        if value[0] == "-" and spec.VALUE.fullmatch(value[1:]):
            return "value-negative", f"'{text.shown(value)}' is negative"
        return "value", f"'{text.shown(value)}' is not a plain decimal number"
    whole, _, decimals = value.partition(".")
    if len(whole.lstrip("0")) > spec.MAX_WHOLE_DIGITS:
        return "value-width", f"'{text.shown(value)}' has more than 15 digits before the point"
    if len(value) > spec.MAX_VALUE:
        return "value", f"'{text.shown(value)}' has more than {spec.MAX_VALUE} characters"
    if len(decimals) > unit.decimals:
        what = f"'{text.shown(value)}' has more than {text.plural(unit.decimals, 'decimal')}"
        return "decimals", f"{what} ({unit.delivered})"
    return None


def check_date(record: Record, given: str, header: Header) -> date | None:
    """Examine an IntervalDate."""
    day = parse_date(given)
    fault = interval_date_fault(day, header.created if header.known else None)
    if fault:
        record.refuse("date", f"IntervalDate '{text.shown(given)}' {fault}")
        return None
    if header.known and day is not None and day > header.created.date():
        record.warn("date-future", f"IntervalDate {given} is after the file's own date")
    return day


def check_quality(
    record: Record, method: str, reason: str, description: str, header: Header
) -> Quality | None:
    """Examine QualityMethod, ReasonCode and ReasonDescription of a 300 or 400 record."""
    if not spec.QUALITY.fullmatch(method):
        record.refuse("quality", f"QualityMethod '{text.shown(method)}' is not one of the format")
        return None
    _check_method(record, method, header)
    code = _check_reason(record, method, reason)
    if code == 0 and not description:
        record.warn("reason-text", "ReasonCode 0 needs a ReasonDescription")
    elif len(description) > spec.MAX_DESCRIPTION:
        message = f"ReasonDescription is longer than {spec.MAX_DESCRIPTION} characters"
        record.warn("reason-text", message)
    return Quality(method, code, description)


def _check_method(record: Record, method: str, header: Header) -> None:
    flag, number = method[0], method[1:]
    if flag == "N" and header.created.date() >= spec.NULL_FLAG_ENDED:
        message = "quality flag N in a file made on or after 1 October 2021"
        record.refuse_unless_tolerated("null-flag", message)
    if flag in spec.METHOD_REQUIRED:
        if not number:
            message = f"QualityMethod {flag} without its method"
            record.refuse_unless_tolerated("method-missing", message)
        elif number not in spec.METHODS:
            record.warn("method-unknown", f"QualityMethod {method}: its method is not known")
    elif number:
        record.warn("method-not-needed", f"QualityMethod {method}: {flag} takes no method")


def _check_reason(record: Record, method: str, reason: str) -> int | None:
    if not reason:
        if method[0] in spec.REASON_REQUIRED:
            message = f"QualityMethod {method} needs a ReasonCode"
            record.refuse_unless_tolerated("reason-missing", message)
        return None
    if not (reason.isascii() and reason.isdigit() and len(reason) <= 3):
        message = f"ReasonCode '{text.shown(reason)}' is not a number of up to three digits"
        record.refuse("reason", message)
        return None
    code = int(reason)
    if method[0] == "V":
        record.warn("reason-with-v", f"ReasonCode {code} with quality V")
    if code in spec.REASONS_OBSOLETE:
        record.warn("reason-obsolete", f"ReasonCode {code} is for historical data only")
    elif code not in spec.REASONS:
        record.warn("reason-unknown", f"ReasonCode {code} is not in the known list")
    return code


def check_stamps(record: Record, updated: str, loaded: str, header: Header) -> Stamps | None:
    """Examine UpdateDateTime and MSATSLoadDateTime of a 300 record."""
    msats = _stamp(loaded)
    if loaded and msats is None:
        message = f"MSATSLoadDateTime '{text.shown(loaded)}' is no date and time"
        record.warn("msats", message)
    elif loaded and len(loaded) != 14:
        record.warn("msats", f"MSATSLoadDateTime '{loaded}' has 12 digits instead of 14")
    if not updated:
        instead = "the header's DateTime stands in for it" if header.known else "any other wins"
        record.warn("update-missing", f"no UpdateDateTime; {instead}")
        return Stamps(header.stamp, True, msats or "")
    stamp = _stamp(updated)
    if stamp is None:
        message = f"UpdateDateTime '{text.shown(updated)}' is no date and time"
        record.refuse("update", message)
        return None
    if len(updated) == 12:
        record.warn("update", f"UpdateDateTime '{updated}' has 12 digits instead of 14")
    _check_ahead(record, stamp, header)
    return Stamps(stamp, False, msats or "")


def _stamp(given: str) -> str | None:
    """A stamp of 12 or 14 digits, made whole; None if it is no date and time."""
    if len(given) not in (12, 14) or parse_datetime(given) is None:
        return None
    return given.ljust(14, "0")


def _check_ahead(record: Record, stamp: str, header: Header) -> None:
    if not header.known or stamp <= header.stamp:
        return
    ahead = parse_datetime(stamp)
    if ahead is not None and ahead - header.created > _UPDATE_GRACE:
        message = f"UpdateDateTime {stamp} is more than a day after the file was made"
        record.refuse("update-future", message)
    else:
        record.warn("update-future", f"UpdateDateTime {stamp} is after the file was made")


def check_400(record: Record, intervals: int, header: Header) -> Event | None:
    """Examine a 400 record; its event where nothing refuses it."""
    if not record.check_length(4, len(spec.FIELDS_400)):
        return None
    quality = check_event_quality(record, record.at(3), record.at(4), record.at(5), header)
    start, end = _interval(record.fields[1]), _interval(record.fields[2])
    if start is None or end is None or not 1 <= start <= end <= intervals:
        span = f"'{text.shown(record.fields[1])}' to '{text.shown(record.fields[2])}'"
        fault = f"are not within 1 to {intervals}"
        if start is None or end is None:
            fault = "are not numbers"
        elif start > end:
            fault = "are not ascending"
        record.refuse("event-range", f"StartInterval to EndInterval, {span}, {fault}")
        return None
    if record.refused or quality is None:
        return None
    return Event(start, end, quality)


def check_event_quality(
    record: Record, method: str, reason: str, description: str, header: Header
) -> Quality | None:
    """Examine the quality of a 400 record: as of a 300 record, but never V."""
    if method[:1] == "V" and spec.QUALITY.fullmatch(method):
        record.refuse("event-v", f"QualityMethod {method} in a 400 record")
        return None
    return check_quality(record, method, reason, description, header)


def _interval(given: str) -> int | None:
    return int(given) if given.isascii() and given.isdigit() and len(given) <= 4 else None


def check_500(record: Record) -> None:
    """Examine a 500 record; its content is not loaded."""
    if not record.check_length(2, len(spec.FIELDS_500)):
        return
    if record.fields[1] not in spec.TRANS_CODES:
        record.warn("trans-code", f"TransCode '{text.shown(record.fields[1])}' is not known")
    read = record.at(3)
    if read and (len(read) != 14 or parse_datetime(read) is None):
        record.warn("read-date", f"ReadDateTime '{text.shown(read)}' is no date and time")


_EXACT: Final = Context(prec=1000, traps=[Inexact])
"""Room for any sum of values of up to MAX_VALUE characters."""


def add(total: Decimal, more: Decimal) -> Decimal:
    """Both together, exactly: the operator would round to 28 digits."""
    return _EXACT.add(total, more)


def exact_sum(values: list[str]) -> Decimal:
    """The sum of values as they stand; zero where one of them is not a value."""
    total = Decimal(0)
    for value in values:
        if len(value) > spec.MAX_VALUE or not spec.VALUE.fullmatch(value):
            return Decimal(0)
        total = add(total, Decimal(value))
    return total
