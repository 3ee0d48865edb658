"""Days as they leave the database: each with all that its records say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from psycopg.rows import class_row

from nem12.errors import UsageError
from nem12.export.sql import statement
from nem12.mdff import spec
from nem12.mdff.day import Event
from nem12.mdff.quality import Quality
from nem12.warehouse.connect import Connection, explained

_FETCHED: Final = 500
"""Days in a round trip: a megabyte of 5-minute data, which hides the trip and is soon written."""

_UNITS: Final = {(unit.stored, unit.exponent): unit for unit in spec.UNITS.values()}


@dataclass(frozen=True, slots=True)
class Selection:
    """Which days.

    Attributes:
        nmis: As stored, without check digit; none means all.
        first: NEM day, included; None for the first there is.
        last: The same for the last.
        as_at: Versions in force at this instant, by the stamps of the sender; None for now.

    Raises:
        UsageError: The span ends before it begins.
    """

    nmis: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None
    as_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.first and self.last and self.last < self.first:
            raise UsageError(f"the span ends on {self.last}, before it begins on {self.first}")

    def values(self) -> dict[str, object]:
        """As the statements take it."""
        return {
            "nmis": list(self.nmis) or None,
            "first": self.first,
            "last": self.last,
            "as_at": self.as_at,
        }


@dataclass(frozen=True, slots=True)
class ExportedDay:
    """One day of a channel.

    Attributes:
        uom: The unit that readings are kept in.
        uom_exponent: Delivered = 10 ** exponent x `uom`.
        interval_values: In the delivered unit, separated by commas, with the digits as delivered.
        event_start_intervals: Where qualities vary: the first interval, 1-based, of each span of
            one quality; the spans cover the day. Else None, as are the other three.
        update_date_time: Of the 300 record, 14 digits in NEM time; None where it had none.
        msats_load_date_time: The same.
        file: Name of the file that delivered it.
        line: Of the 300 record in that file.
    """

    nmi: str
    nmi_suffix: str
    day: date
    interval_minutes: int
    uom: str
    uom_exponent: int
    nmi_configuration: str
    register_id: str
    mdm_data_stream: str
    meter_serial_number: str
    next_scheduled_read_date: str
    interval_values: str
    quality_method: str
    reason_code: int | None
    reason_description: str
    event_start_intervals: Sequence[int] | None
    event_quality_methods: Sequence[str] | None
    event_reason_codes: Sequence[int | None] | None
    event_reason_descriptions: Sequence[str] | None
    update_date_time: str | None
    msats_load_date_time: str | None
    file: str
    line: int

    @property
    def intervals(self) -> int:
        """Readings of the day."""
        return spec.MINUTES_A_DAY // self.interval_minutes

    @property
    def unit(self) -> spec.Unit:
        """The unit of the values as they were delivered."""
        return _UNITS[self.uom, self.uom_exponent]

    def events(self) -> Iterator[Event]:
        """Spans of one quality that cover the day, where qualities vary."""
        if self.event_start_intervals is None:
            return
        starts = self.event_start_intervals
        ends = (*(start - 1 for start in starts[1:]), self.intervals)
        codes = self.event_reason_codes or ()
        descriptions = self.event_reason_descriptions or ()
        qualities = map(Quality, self.event_quality_methods or (), codes, descriptions)
        yield from map(Event, starts, ends, qualities)

    def spans(self) -> Iterator[Event]:
        """The same of any day."""
        if self.event_start_intervals is None:
            yield Event(1, self.intervals, self.quality)
        else:
            yield from self.events()

    @property
    def quality(self) -> Quality:
        """Of the 300 record."""
        return Quality(self.quality_method, self.reason_code, self.reason_description)


def exported_days(connection: Connection, selection: Selection) -> Iterator[ExportedDay]:
    """The days of a selection by NMI, suffix and day, of one snapshot, in constant memory.

    Args:
        connection: A reading one, in a transaction.
        selection: Which.

    Raises:
        MeterError: In place of the driver's errors.
    """
    query = statement("days") if selection.as_at is None else statement("days_as_at")
    with (
        explained(),
        # Of the server's side: each fetch is a statement of its own, bounded in time by itself.
        connection.cursor("nem12_export", row_factory=class_row(ExportedDay)) as cursor,
    ):
        cursor.itersize = _FETCHED
        cursor.execute(query, selection.values())
        yield from cursor


def months(connection: Connection, selection: Selection) -> list[date]:
    """The first days of the months in which days of a selection may lie."""
    with explained():
        return [month for (month,) in connection.execute(statement("months"), selection.values())]


def count_days(connection: Connection, selection: Selection) -> int:
    """How many days of channels a selection has."""
    with explained():
        (row,) = connection.execute(statement("count_days"), selection.values())
    return int(row[0])
