"""The 300 and 400 records: one day of a channel (S 4.4, 4.5)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from nem12.mdff import spec, wording
from nem12.mdff.channel import Channel
from nem12.mdff.exact import small_number, value_fault
from nem12.mdff.findings import Level
from nem12.mdff.header import Header
from nem12.mdff.quality import Quality, check_quality
from nem12.mdff.record import Record
from nem12.mdff.stamps import date_fault, parse_date
from nem12.mdff.transactions import Transaction
from nem12.mdff.versions import Stamps, check_stamps, stamp_of

_VALUES_SHOWN: Final = 2
"""At either end of a day with a wrong number of values: enough to see which end is amiss."""


@dataclass(frozen=True, slots=True)
class Event:
    """A 400 record (S 4.5): the quality of some intervals of its day, 1-based and inclusive."""

    start_interval: int
    end_interval: int
    quality: Quality


@dataclass(slots=True)
class Day:
    """A 300 record with its 400 and 500 records: one day of a channel.

    Attributes:
        line: Of the 300 record.
        header: Of the file, or of the part of a joined file, that delivers it.
        last_line: Of its last 400 or 500 record.
        records: How many of all kinds.
        values: As delivered, separated by commas.
        events: 400 records in the order of the file.
        transactions: Its 500 records in the same order.
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
    transactions: Sequence[Transaction] = ()


def record_text(day: Day) -> str:
    """The 300 record of a day, made again from the day: only its form may differ."""
    quality, stamps = day.quality, day.stamps
    fields = ("300", f"{day.day:%Y%m%d}", day.values, *quality_fields(quality))
    updated = stamps.update_date_time if stamps.rank in (0, 3) else ""
    return ",".join((*fields, updated, stamps.msats_load_date_time))


def event_text(event: Event) -> str:
    """The same for a 400 record."""
    span = str(event.start_interval), str(event.end_interval)
    return ",".join(("400", *span, *quality_fields(event.quality)))


def quality_fields(quality: Quality) -> tuple[str, str, str]:
    """QualityMethod, ReasonCode and ReasonDescription as a record has them."""
    reason = "" if quality.reason_code is None else str(quality.reason_code)
    return quality.quality_method, reason, quality.reason_description


def check_300(record: Record, channel: Channel, header: Header) -> Day | None:
    """Examine a 300 record; its day where nothing refuses it."""
    place = 2 + channel.intervals
    judged_by = judging(header, record, 1, place + 3)
    day = check_date(record, 1, judged_by)
    values = values_of(record.fields, channel.intervals)
    if len(values) != channel.intervals:
        _refuse_count(record, len(values), channel)
        return None
    _check_values(record, values, channel.uom)
    quality = stamps = None
    if record.check_length(place + 1, place + len(spec.FIELDS_300_TAIL)):
        quality = check_quality(record, place, judged_by)
        stamps = check_stamps(record, place + 3, header, judged_by)
    if record.refused or day is None or quality is None or stamps is None:
        return None
    return Day(channel, record.line, day, ",".join(values), quality, stamps, header, record.line)


def judging(header: Header, record: Record, date_place: int, stamp_place: int) -> Header:
    """The header to check a 300 record against: without its DateTime if that cannot be right.

    Args:
        header: Of the file.
        record: Whose profile says whether a header may be wrong.
        date_place: Of the IntervalDate.
        stamp_place: Of the UpdateDateTime.
    """
    if "header-date" not in record.profile.tolerated:
        return header
    day, stamp = parse_date(record.at(date_place)), stamp_of(record.at(stamp_place))
    return replace(header, known=False) if header.is_contradicted(day, stamp or "") else header


def _refuse_count(record: Record, count: int, channel: Channel) -> None:
    """Refuse the record: how many values there are, and where the QualityMethod after them is."""
    proper, place = 2 + channel.intervals, 2 + count
    message = f"{wording.plural(count, 'value')} instead of {channel.intervals}"
    message += f" ({channel.interval_length}-minute data): "
    if place < len(record.fields):
        shown = wording.shown(record.fields[place])
        message += f"QualityMethod '{shown}' is field {place + 1} instead of {proper + 1}"
    else:
        message += "no QualityMethod follows them"
    record.refuse("value-count", message, place=place, excerpt=_counted(record.text, count))


def _counted(line: str, count: int) -> str:
    """A 300 record with a wrong number of values: its beginning, that number, and its end."""
    fields, place = line.split(","), 2 + count
    most = 2 + 2 * _VALUES_SHOWN
    if place > most:
        left_out = f"… {wording.plural(count, 'value')} …"
        fields[2 + _VALUES_SHOWN : place - _VALUES_SHOWN] = [left_out]
        place = most + 1
    return wording.marked(fields, place)


def values_of(fields: list[str], intervals: int | None) -> list[str]:
    """The values of a 300 record, also when they are miscounted.

    Args:
        fields: Of the record.
        intervals: Values in a day of its channel; None if that is not known.
    """
    if intervals is None:
        place = next((i for i, f in enumerate(fields[2:], 2) if spec.QUALITY.fullmatch(f)), None)
    else:
        place = _quality_place(fields, intervals)
    return fields[2 : len(fields) if place is None else place]


def _quality_place(fields: list[str], intervals: int) -> int | None:
    """The place (from 0) of the QualityMethod of a 300 record, even if values are miscounted.

    The field at the proper place is taken for it unless it looks like a value, or another field
    is a QualityMethod without doubt. A field that only resembles one counts if the right number of
    fields follows it: elsewhere it is a faulty value.
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
        fault = value_fault(value, unit)
        if fault is None or fault[0] in seen:
            continue
        code, what = fault
        seen.add(code)
        level = Level.WARN if code == "decimals" else Level.RECORD
        record.refuse(code, f"IntervalValue {interval} {what}", level, place=1 + interval)


def check_date(record: Record, place: int, header: Header) -> date | None:
    """Examine the IntervalDate at this place."""
    delivered = record.at(place)
    day = parse_date(delivered)
    fault = date_fault(day, header.date_time if header.known else None)
    if fault:
        record.refuse("date", f"IntervalDate '{wording.shown(delivered)}' {fault}", place=place)
        return None
    if header.known and day is not None and day > header.date_time.date():
        message = f"IntervalDate {delivered} is after the file's own date"
        record.warn("date-future", message, place=place)
    return day


def check_400(record: Record, intervals: int, header: Header) -> Event | None:
    """Examine a 400 record; its event where nothing refuses it."""
    if not record.check_length(4, len(spec.FIELDS_400)):
        return None
    quality = check_event_quality(record, 3, header)
    span = _check_span(record, intervals)
    if record.refused or quality is None or span is None:
        return None
    return Event(*span, quality)


def _check_span(record: Record, intervals: int) -> tuple[int, int] | None:
    """StartInterval and EndInterval of a 400 record."""
    start = _check_interval(record, 1, intervals)
    end = None if start is None else _check_interval(record, 2, intervals)
    if start is None or end is None:
        return None
    if start > end:
        message = f"EndInterval {end} is before StartInterval {start}"
        record.refuse("event-range", message, place=2)
    return start, end


def _check_interval(record: Record, place: int, intervals: int) -> int | None:
    """StartInterval or EndInterval, if it is an interval of the day, else None."""
    delivered = record.fields[place]
    interval = small_number(delivered)
    if interval is not None and 1 <= interval <= intervals:
        return interval
    fault = "is not a number" if interval is None else f"is not within 1 to {intervals}"
    message = f"{record.name(place)} '{wording.shown(delivered)}' {fault}"
    record.refuse("event-range", message, place=place)
    return None


def check_event_quality(record: Record, place: int, header: Header) -> Quality | None:
    """Examine the quality of a 400 record: as of a 300 record, but never V."""
    method = record.at(place)
    if method[:1] == spec.VARIES.letter and spec.QUALITY.fullmatch(method):
        record.refuse("event-v", f"QualityMethod {method} in a 400 record", place=place)
        return None
    return check_quality(record, place, header)
