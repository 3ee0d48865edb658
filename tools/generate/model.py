"""What a NEM12 file consists of, as values: channels, days, their qualities and events."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from random import Random
from typing import Final

from nem12.errors import UsageError
from nem12.mdff.spec import INTERVAL_LENGTHS, MINUTES_A_DAY

FROM_PARTICIPANT: Final = "EXAMPLEMDP"
TO_PARTICIPANT: Final = "RETAILCO"

Values = tuple[int, ...]
"""The energy of each interval of one day, in thousandths of the channel's unit."""

Curve = Callable[[date, int, Random], Values]
"""Makes one day's values from its date, the interval length in minutes, and chance."""


@dataclass(frozen=True)
class Channel:
    """What a 200 record says: one register of one meter.

    Attributes:
        nmi: Ten characters, without check digit.
        nmi_suffix: Such as `E1`; must be one of the pairs of `nmi_configuration`.
        nmi_configuration: Every suffix of the site in pairs, such as `E1B1`.
        uom: Unit as written into the file.
        interval_length: 5, 15 or 30.
        meter_serial_number: At most 12 characters.
        mdm_data_stream_identifier: Such as `N1`, or empty.
        next_scheduled_read_date: None for a meter that is read remotely.
    """

    nmi: str
    nmi_suffix: str = "E1"
    nmi_configuration: str = "E1"
    uom: str = "kWh"
    interval_length: int = 30
    meter_serial_number: str = "210038461"
    register_id: str = "01"
    mdm_data_stream_identifier: str = "N1"
    next_scheduled_read_date: date | None = None

    def __post_init__(self) -> None:
        if self.interval_length not in INTERVAL_LENGTHS:
            lengths = ", ".join(map(str, INTERVAL_LENGTHS))
            raise UsageError(f"{self.interval_length} is no interval length: take {lengths}.")

    @property
    def intervals(self) -> int:
        """Number of values in a day: 288, 96 or 48."""
        return MINUTES_A_DAY // self.interval_length


@dataclass(frozen=True)
class Quality:
    """QualityMethod with the reason that goes with it, as a 300 or a 400 record writes them."""

    quality_method: str
    reason_code: str = ""
    reason_description: str = ""


ACTUAL: Final = Quality("A")
OUTAGE: Final = Quality("A", "79", "Power outage")
ESTIMATED: Final = Quality("E52")
SUBSTITUTED: Final = Quality("S14", "32")
FINAL: Final = Quality("F51", "13")
EXPLAINED: Final = Quality("F51", "0", "Meter board replaced; read by hand")
VARIED: Final = Quality("V")


@dataclass(frozen=True)
class Event:
    """A 400 record: the quality of some intervals, 1-based, both ends included."""

    start_interval: int
    end_interval: int
    quality: Quality


@dataclass(frozen=True)
class ManualRead:
    """A 500 record: a reading of the register's dial, made or tried by a person."""

    trans_code: str
    ret_service_order: str
    read_date_time: datetime
    index_read: str


@dataclass(frozen=True)
class Day:
    """A 300 record with the 400 and 500 records that belong to it.

    Attributes:
        day: IntervalDate.
        values: One value for each interval, in thousandths of the channel's unit.
        update_date_time: In NEM time; the higher one wins over an earlier delivery.
        msats_load_date_time: In NEM time, or None for a stream not sent there.
        quality: Of the whole day; `VARIED` when `events` say it.
        events: 400 records, covering every interval once.
        reads: 500 records.
    """

    day: date
    values: Values
    update_date_time: datetime
    msats_load_date_time: datetime | None = None
    quality: Quality = ACTUAL
    events: tuple[Event, ...] = ()
    reads: tuple[ManualRead, ...] = ()


@dataclass(frozen=True)
class Mix:
    """How many of a hundred days are not simply actual; the rest is A.

    Attributes:
        varied: V with several 400 records.
        estimated: E52 for the whole day.
        substituted: S14 with a reason for the whole day.
        final: F51 with a reason for the whole day.
        read_by_hand: Actual, followed by a 500 record.
    """

    varied: int = 2
    estimated: int = 2
    substituted: int = 1
    final: int = 1
    read_by_hand: int = 1

    def __post_init__(self) -> None:
        shares = (self.varied, self.estimated, self.substituted, self.final, self.read_by_hand)
        if min(shares) < 0 or sum(shares) > 100:
            raise UsageError("The shares of a mix must be 0 or more, and 100 at most together.")

    def kind(self, percentile: int) -> Quality | None:
        """The quality of the day at 0 to 99 of a hundred; None stands for a read by hand."""
        kinds = (
            (self.varied, VARIED),
            (self.estimated, ESTIMATED),
            (self.substituted, SUBSTITUTED),
            (self.final, FINAL),
            (self.read_by_hand, None),
        )
        bound = 0
        for share, quality in kinds:
            bound += share
            if percentile < bound:
                return quality
        return ACTUAL


ALL_ACTUAL: Final = Mix(0, 0, 0, 0, 0)
MOSTLY_ACTUAL: Final = Mix()
MOSTLY_VARIED: Final = Mix(varied=80)
