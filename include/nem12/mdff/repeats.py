"""Days that one file delivers more than once, which only the whole file can show.

After loading, `meter_repeated_days` finds them in SQL; this is for `validate`, without a database.
The first reading of a file only records which days it has, in a temporary database on disk, so that
memory does not grow with the file. A second reading compares the few repeated days.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from nem12.mdff import wording
from nem12.mdff.day import Day
from nem12.mdff.events import spans
from nem12.mdff.exact import canonical
from nem12.mdff.findings import Finding, Level
from nem12.mdff.noted import Noted

Key = tuple[str, str, str]
"""NMI, NMISuffix and day."""

_REPEATED: Final = "SELECT * FROM noted GROUP BY 1, 2, 3 HAVING count(*) > 1"


def day_key(day: Day) -> Key:
    """The key by which a day repeats another: NMI, NMISuffix, IntervalDate."""
    return day.channel.nmi, day.channel.nmi_suffix, day.day.isoformat()


class SeenDays(Noted[Key]):
    """Keeps days and finds those that came more than once."""

    def __init__(self) -> None:
        super().__init__("nmi TEXT", "nmi_suffix TEXT", "day TEXT")

    def repeated(self) -> set[Key]:
        """The days that came more than once."""
        return {(nmi, nmi_suffix, day) for nmi, nmi_suffix, day in self.rows(_REPEATED)}


@dataclass(slots=True)
class Repeated:
    """A finding about a repeated day, with the day itself if it is refused."""

    finding: Finding
    refused: Day | None = None


def judge_repeats(days: Iterable[Day], repeated: set[Key]) -> Iterator[Repeated]:
    """Compare the repeated days of a file, in the order of the file."""
    first_lines: dict[Key, int] = {}
    by_stamps: dict[Key, dict[object, tuple[int, object]]] = defaultdict(dict)
    for day in days:
        key = day_key(day)
        if key not in repeated:
            continue
        if key not in first_lines:
            first_lines[key] = day.line
            by_stamps[key][day.stamps] = day.line, _content(day)
            continue
        same = by_stamps[key].get(day.stamps)
        if same is None:
            by_stamps[key][day.stamps] = day.line, _content(day)
            what = f"again, after line {first_lines[key]}, with other stamps"
            yield Repeated(_finding(Level.WARN, "date-superseded", day, what))
        elif same[1] == _content(day):
            what = f"again, after line {same[0]}, with the same content"
            yield Repeated(_finding(Level.WARN, "date-repeated", day, what))
        else:
            what = f"again with the stamps of line {same[0]} and other values"
            yield Repeated(_finding(Level.RECORD, "date-repeated", day, what), day)


def _content(day: Day) -> object:
    """What makes the readings of a day, in a form that is the same for equal numbers."""
    events = [(event.start_interval, event.quality.quality_method) for event in spans(day)]
    quality = None if events else day.quality.quality_method
    values = [canonical(value) for value in day.values.split(",")]
    return day.channel.interval_length, day.channel.uom, quality, events, values


def _finding(level: Level, code: str, day: Day, what: str) -> Finding:
    last = day.line if level is Level.WARN else day.last_line
    interval_date = f"{day.day:%Y%m%d}"
    message = f"IntervalDate {interval_date} {what}"
    excerpt = wording.marked(("300", interval_date, "…"), 1)
    finding = Finding(level, code, day.line, message, excerpt, day.line, last, field=2)
    return finding.about(day.channel.nmi, day.channel.nmi_suffix, day.day)
