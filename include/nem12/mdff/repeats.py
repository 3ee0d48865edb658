"""Days that one file delivers more than once, which only the whole file can show.

After loading, `meter_repeated_days` finds them in SQL; this is for `validate`, without a database.
The first reading of a file only records which days it has, in a temporary database on disk, so that
memory does not grow with the file. A second reading compares the few repeated days.
"""

import errno
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from nem12.mdff import text
from nem12.mdff.day import Day
from nem12.mdff.events import spans
from nem12.mdff.findings import Finding, Level

Key = tuple[str, str, str]
"""NMI, suffix and day."""

_NOTED: Final = 1000
"""Days that are written to the temporary database at once."""


def day_key(day: Day) -> Key:
    """What a day is a repetition of."""
    return day.channel.nmi, day.channel.nmi_suffix, day.day.isoformat()


class SeenDays:
    """Notes days and tells which came more than once."""

    def __init__(self) -> None:
        # An empty name is a database on disk that SQLite makes and removes by itself.
        self._database = sqlite3.connect("")
        self._database.execute("CREATE TABLE seen (nmi TEXT, nmi_suffix TEXT, day TEXT)")
        self._waiting: list[Key] = []

    def note(self, day: Key) -> None:
        """A day of the file."""
        self._waiting.append(day)
        if len(self._waiting) >= _NOTED:
            self._write()

    def repeated(self) -> set[Key]:
        """The days that came more than once."""
        self._write()
        with _as_of_the_system():
            return set(
                self._database.execute("SELECT * FROM seen GROUP BY 1, 2, 3 HAVING count(*) > 1")
            )

    def close(self) -> None:
        """Remove the temporary database."""
        self._database.close()

    def _write(self) -> None:
        with _as_of_the_system():
            self._database.executemany(
                "INSERT INTO seen (nmi, nmi_suffix, day) VALUES (?, ?, ?)", self._waiting
            )
        self._waiting = []


@contextmanager
def _as_of_the_system() -> Iterator[None]:
    """Say like any other file what the temporary database is refused."""
    try:
        yield
    except sqlite3.OperationalError as error:
        full = error.sqlite_errorcode == sqlite3.SQLITE_FULL
        number = errno.ENOSPC if full else errno.EIO
        place = "SQLite's temporary database (in SQLITE_TMPDIR, if set)"
        raise OSError(number, str(error), place) from None


@dataclass(slots=True)
class Repeated:
    """A finding about a repeated day, and the day itself where it is refused."""

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
    """What makes readings: equal as numbers, not as text."""
    events = [(event.start_interval, event.quality.quality_method) for event in spans(day)]
    quality = None if events else day.quality.quality_method
    values = [_canonical(value) for value in day.values.split(",")]
    return day.channel.interval_length, day.channel.uom, quality, events, values


def _canonical(value: str) -> tuple[str, str]:
    whole, _, decimals = value.partition(".")
    return whole.lstrip("0"), decimals.rstrip("0")


def _finding(level: Level, code: str, day: Day, what: str) -> Finding:
    last = day.line if level is Level.WARN else day.last_line
    given = f"{day.day:%Y%m%d}"
    message, excerpt = f"IntervalDate {given} {what}", text.marked(("300", given, "…"), 1)
    found = Finding(level, code, day.line, message, excerpt, day.line, last, field=2)
    return found.about(day.channel.nmi, day.channel.nmi_suffix, day.day)
