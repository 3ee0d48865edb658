"""The 400 records of a day together: do they cover it, in order, once? (S 4.4, 4.5)."""

from dataclasses import dataclass

from nem12.mdff.day import Day, Event


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of the 400 records of a day.

    Attributes:
        code: Finding code.
        event: Index of the 400 record at fault; None for the 300 record.
        message: A sentence.
    """

    code: str
    event: int | None
    message: str


def check_events(day: Day) -> Fault | None:
    """The first thing wrong with the coverage of a day by its 400 records.

    Find overlaps, and gaps under V; another flag covers intervals without a 400 record.
    """
    events = day.events
    whole = day.quality.varies
    if whole and not events:
        return Fault("v-without-400", None, "QualityMethod V without 400 records")
    covered = 0
    for place, event in enumerate(events):
        if event.start_interval <= covered:
            message = f"StartInterval {event.start_interval} is within the 400 record before,"
            message += f" which ends at {covered}"
            return Fault("event-overlap", place, message)
        if whole and event.start_interval > covered + 1:
            missing = _not_covered(covered + 1, event.start_interval - 1)
            message = f"StartInterval {event.start_interval}: {missing}"
            return Fault("event-gap", place, message)
        covered = event.end_interval
    if whole and covered < day.channel.intervals:
        message = _not_covered(covered + 1, day.channel.intervals)
        return Fault("event-gap", None, message)
    return None


def _not_covered(first: int, last: int) -> str:
    if first == last:
        return f"interval {first} is not covered by any 400 record"
    return f"intervals {first} to {last} are not covered by any 400 record"


def spans(day: Day) -> list[Event]:
    """The qualities of a day as events that cover all of it; empty if the day has only one."""
    covered = 0
    result: list[Event] = []
    for event in day.events:
        if event.start_interval > covered + 1:
            result.append(Event(covered + 1, event.start_interval - 1, day.quality))
        result.append(event)
        covered = event.end_interval
    if result and covered < day.channel.intervals:
        result.append(Event(covered + 1, day.channel.intervals, day.quality))
    return result
