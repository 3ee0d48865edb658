"""The 300, 400 and 500 records: one day of a channel (S 4.4 to 4.6)."""

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Context, Decimal, Inexact
from typing import Final, NamedTuple

from nem12.mdff import spec, text
from nem12.mdff.channel import Channel
from nem12.mdff.findings import Level
from nem12.mdff.header import Header
from nem12.mdff.record import Record
from nem12.mdff.stamps import interval_date_fault, parse_date, parse_datetime, year_fault

_VALUES_SHOWN: Final = 2
"""At either end of a day with a wrong number of values: enough to see which end is amiss."""


@dataclass(frozen=True, slots=True)
class Quality:
    """QualityMethod, ReasonCode and ReasonDescription of a day or an event."""

    quality_method: str
    reason_code: int | None
    reason_description: str

    @property
    def varies(self) -> bool:
        """Whether 400 records say what the intervals have."""
        return self.quality_method[0] == spec.VARIES.letter


class Stamps(NamedTuple):
    """What decides between versions of a day (S 4.4): 14 digits each, in NEM time.

    Attributes:
        update_date_time: What stands in for it where it is missing.
        rank: The lower one wins, whatever the stamps: 0 for an UpdateDateTime; 1 where it is
            missing and the header's DateTime stands in; 2 where there is no such DateTime either:
            `update_date_time` is empty, and the time of delivery stands in; 3 for an
            UpdateDateTime that is older than the market, as delivered.
        msats_load_date_time: Empty where there is none.
    """

    update_date_time: str
    rank: int
    msats_load_date_time: str


@dataclass(frozen=True, slots=True)
class Event:
    """A 400 record (S 4.5): the quality of some intervals of its day, 1-based and inclusive."""

    start_interval: int
    end_interval: int
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


def record_text(day: Day) -> str:
    """The 300 record of a day as it can be told from the day: only the form may be another."""
    quality, stamps = day.quality, day.stamps
    fields = ("300", f"{day.day:%Y%m%d}", day.values, *_quality_fields(quality))
    updated = stamps.update_date_time if stamps.rank in (0, 3) else ""
    return ",".join((*fields, updated, stamps.msats_load_date_time))


def event_text(event: Event) -> str:
    """The same of a 400 record."""
    span = str(event.start_interval), str(event.end_interval)
    return ",".join(("400", *span, *_quality_fields(event.quality)))


def _quality_fields(quality: Quality) -> tuple[str, str, str]:
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
    """What to judge a 300 record by: its header, or one without DateTime where that cannot be.

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
    """Say how many values there are, and where the QualityMethod behind them stands."""
    proper, place = 2 + channel.intervals, 2 + count
    message = f"{text.plural(count, 'value')} instead of {channel.intervals}"
    message += f" ({channel.interval_length}-minute data): "
    if place < len(record.fields):
        found = text.shown(record.fields[place])
        message += f"QualityMethod '{found}' is field {place + 1} instead of {proper + 1}"
    else:
        message += "no QualityMethod follows them"
    record.refuse("value-count", message, place=place, excerpt=_counted(record.text, count))


def _counted(line: str, count: int) -> str:
    """A 300 record with a wrong number of values: its beginning, that number, and its end."""
    fields, place = line.split(","), 2 + count
    most = 2 + 2 * _VALUES_SHOWN
    if place > most:
        left_out = f"… {text.plural(count, 'value')} …"
        fields[2 + _VALUES_SHOWN : place - _VALUES_SHOWN] = [left_out]
        place = most + 1
    return text.marked(fields, place)


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
        level = Level.WARN if code == "decimals" else Level.RECORD
        record.refuse(code, f"IntervalValue {interval} {what}", level, place=1 + interval)


def _value_fault(value: str, unit: spec.Unit) -> tuple[str, str] | None:
    if not value:
        return "value-empty", "is empty"
    if not spec.VALUE.fullmatch(value):
        if value[0] == "-" and spec.VALUE.fullmatch(value[1:]):
            what = "is negative" if value.strip("-0.") else "has a sign, which no value may have"
            return "value-negative", f"'{text.shown(value)}' {what}"
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


def check_date(record: Record, place: int, header: Header) -> date | None:
    """Examine the IntervalDate at this place."""
    given = record.at(place)
    day = parse_date(given)
    fault = interval_date_fault(day, header.date_time if header.known else None)
    if fault:
        record.refuse("date", f"IntervalDate '{text.shown(given)}' {fault}", place=place)
        return None
    if header.known and day is not None and day > header.date_time.date():
        message = f"IntervalDate {given} is after the file's own date"
        record.warn("date-future", message, place=place)
    return day


def check_quality(record: Record, place: int, header: Header) -> Quality | None:
    """Examine QualityMethod, ReasonCode and ReasonDescription of a 300 or 400 record.

    Args:
        record: Takes what is found.
        place: Of the QualityMethod, from 0; the other two follow it.
        header: Tells which flags the format had when the file was made.
    """
    method, description = record.at(place), record.at(place + 2)
    if not spec.QUALITY.fullmatch(method):
        record.refuse("quality", _quality_fault(method), place=place)
        return None
    _check_method(record, place, header)
    code = _check_reason(record, place)
    if code == 0 and not description:
        message = "ReasonCode 0 needs a ReasonDescription"
        record.warn("reason-text", message, place=place + 2)
    elif len(description) > spec.MAX_DESCRIPTION:
        message = f"ReasonDescription is longer than {spec.MAX_DESCRIPTION} characters"
        record.warn("reason-text", message, place=place + 2)
    return Quality(method, code, description)


def _quality_fault(method: str) -> str:
    if not method:
        return "QualityMethod is empty"
    if method[0] in spec.FLAGS:
        what = f"is not a quality flag, for {spec.WITH_METHOD} with a method of two digits"
    else:
        what = f"is unknown; allowed quality flags are {', '.join(sorted(spec.FLAGS))}"
    return f"QualityMethod '{text.shown(method)}' {what}"


def _check_method(record: Record, place: int, header: Header) -> None:
    method = record.at(place)
    flag, number = spec.FLAGS[method[0]], method[1:]
    if flag.ended and header.known and header.date_time.date() >= flag.ended:
        ended = f"{flag.ended.day} {flag.ended:%B %Y}"
        message = f"QualityMethod {method} in a file created on or after {ended}"
        record.refuse_unless_tolerated("null-flag", message, place=place)
    if flag.needs_method:
        if not number:
            message = f"QualityMethod {method} needs a method of two digits"
            record.refuse_unless_tolerated("method-missing", message, place=place)
        elif number not in spec.METHODS:
            message = f"QualityMethod {method}: its method is not in the known list"
            record.warn("method-unknown", message, place=place)
    elif number:
        message = f"QualityMethod {method}: {flag.letter} takes no method"
        record.warn("method-not-needed", message, place=place)


def _check_reason(record: Record, quality_place: int) -> int | None:
    place = quality_place + 1
    method, reason = record.at(quality_place), record.at(place)
    if not reason:
        if spec.FLAGS[method[0]].needs_reason:
            message = f"QualityMethod {method} needs a ReasonCode"
            record.refuse_unless_tolerated("reason-missing", message, place=place)
        return None
    if not (reason.isascii() and reason.isdigit() and len(reason) <= 3):
        message = f"ReasonCode '{text.shown(reason)}' is not a number of up to three digits"
        record.refuse("reason", message, place=place)
        return None
    code = int(reason)
    if method[0] == spec.VARIES.letter:
        record.warn("reason-with-v", f"ReasonCode {code} with quality V", place=place)
    if code in spec.REASONS_OBSOLETE:
        message = f"ReasonCode {code} is for historical data only"
        record.warn("reason-obsolete", message, place=place)
    elif code not in spec.REASONS:
        record.warn("reason-unknown", f"ReasonCode {code} is not in the known list", place=place)
    return code


def check_stamps(record: Record, place: int, header: Header, judged_by: Header) -> Stamps | None:
    """Examine UpdateDateTime and MSATSLoadDateTime of a 300 record.

    Args:
        record: Takes what is found.
        place: Of the UpdateDateTime, from 0; the other one follows it.
        header: Whose DateTime stands in for a missing UpdateDateTime.
        judged_by: Whose DateTime an UpdateDateTime may not be after.
    """
    update_date_time = record.at(place)
    msats = _check_msats(record, place + 1)
    if not update_date_time:
        return _stand_in(record, place, "is empty", header, msats)
    stamp = stamp_of(update_date_time)
    if stamp is None:
        message = f"UpdateDateTime '{text.shown(update_date_time)}' is not a valid date and time"
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
    """The stamps of a day without UpdateDateTime."""
    instead = "the header's DateTime" if header.known else "the time of delivery"
    message = f"UpdateDateTime {what}; {instead} stands in for it"
    record.warn("update-missing", message, place=place)
    return Stamps(header.stamp, 1, msats) if header.known else Stamps("", 2, msats)


def _check_msats(record: Record, place: int) -> str:
    """An MSATSLoadDateTime as 14 digits; empty where it is none."""
    msats_load_date_time = record.at(place)
    msats = stamp_of(msats_load_date_time)
    if msats_load_date_time and msats is None:
        message = (
            f"MSATSLoadDateTime '{text.shown(msats_load_date_time)}' is not a valid date and time"
        )
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


def stamp_of(given: str) -> str | None:
    """A stamp of 12 or 14 digits, made whole; None if it is no date and time."""
    if len(given) not in (12, 14) or parse_datetime(given) is None:
        return None
    return given.ljust(14, "0")


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
    """One of the two, where it names an interval of the day."""
    given = record.fields[place]
    interval = _interval(given)
    if interval is not None and 1 <= interval <= intervals:
        return interval
    fault = "is not a number" if interval is None else f"is not within 1 to {intervals}"
    message = f"{record.name(place)} '{text.shown(given)}' {fault}"
    record.refuse("event-range", message, place=place)
    return None


def check_event_quality(record: Record, place: int, header: Header) -> Quality | None:
    """Examine the quality of a 400 record: as of a 300 record, but never V."""
    method = record.at(place)
    if method[:1] == spec.VARIES.letter and spec.QUALITY.fullmatch(method):
        record.refuse("event-v", f"QualityMethod {method} in a 400 record", place=place)
        return None
    return check_quality(record, place, header)


def _interval(given: str) -> int | None:
    return int(given) if given.isascii() and given.isdigit() and len(given) <= 4 else None


def check_500(record: Record) -> None:
    """Examine a 500 record; its content is not loaded."""
    if not record.check_length(2, len(spec.FIELDS_500)):
        return
    if record.fields[1] not in spec.TRANS_CODES:
        allowed = ", ".join(sorted(spec.TRANS_CODES))
        message = f"TransCode '{text.shown(record.fields[1])}' is unknown; allowed are {allowed}"
        record.warn("trans-code", message, place=1)
    read = record.at(3)
    if read and (len(read) != 14 or parse_datetime(read) is None):
        message = f"ReadDateTime '{text.shown(read)}' is not a valid date and time"
        record.warn("read-date", message, place=3)


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
