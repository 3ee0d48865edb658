"""Realistic NEM12 files from a seed: the sample set, test data, and gigabytes for measurements.

    python -m nem12.generate samples samples
    python -m nem12.generate big /tmp/big.csv --mib 1024 --interval 5

The same seed makes the same bytes on every machine and Python version. Energy is counted in whole
thousandths of the channel's unit (Wh for kWh, VArh for kVArh); curves are integer tables, so no
rounding of binary fractions can differ. The only source of chance is `Random.random`, the one
method whose sequence Python promises to keep.
"""

import argparse
import gzip
import io
import itertools
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from random import Random
from typing import BinaryIO, Final

from nem12.errors import UsageError

NEM_TIME: Final = timezone(timedelta(hours=10))  # the market's clock has no daylight saving
INTERVALS: Final = (5, 15, 30)  # minutes; the only lengths the format allows
SENDER: Final = "EXAMPLEMDP"
RECEIVER: Final = "RETAILCO"

Values = tuple[int, ...]
"""The energy of each interval of one day, in thousandths of the channel's unit."""

Curve = Callable[[date, int, Random], Values]
"""Makes one day's values from its date, the interval length in minutes, and chance."""

_DAY_MINUTES: Final = 1440
_UNITS: Final = {"E": "kWh", "B": "kWh", "Q": "kVArh", "K": "kVArh"}
_NMI_PREFIXES: Final = ("4103", "6305", "2002", "3120")  # NSW, Vic, SA, Qld allocations
_SITES: Final = 4_000_000  # different NMIs that a seed gives: six free digits of four prefixes
_NMI_SPREAD: Final = 611_953  # coprime to a million: consecutive numbers never meet in one NMI


@dataclass(frozen=True)
class Channel:
    """What a 200 record says: one register of one meter.

    Attributes:
        nmi: Ten characters, without check digit.
        suffix: NMISuffix, such as `E1`; must be one of the pairs of `configuration`.
        configuration: Every suffix of the site in pairs, such as `E1B1`.
        uom: Unit as written into the file.
        interval_minutes: 5, 15 or 30.
        serial: MeterSerialNumber, at most 12 characters.
        register: RegisterID.
        stream: MDMDataStreamIdentifier, or empty.
        next_read: NextScheduledReadDate, or None for a meter that is read remotely.
    """

    nmi: str
    suffix: str = "E1"
    configuration: str = "E1"
    uom: str = "kWh"
    interval_minutes: int = 30
    serial: str = "210038461"
    register: str = "01"
    stream: str = "N1"
    next_read: date | None = None

    def __post_init__(self) -> None:
        if self.interval_minutes not in INTERVALS:
            raise UsageError(f"{self.interval_minutes} is no interval length: take 5, 15 or 30.")

    @property
    def intervals(self) -> int:
        """Number of values in a day: 288, 96 or 48."""
        return _DAY_MINUTES // self.interval_minutes


@dataclass(frozen=True)
class Quality:
    """QualityMethod with the reason that goes with it, as a 300 or a 400 record writes them."""

    method: str
    reason: str = ""
    description: str = ""


ACTUAL: Final = Quality("A")
OUTAGE: Final = Quality("A", "79", "Power outage")
ESTIMATED: Final = Quality("E52")
SUBSTITUTED: Final = Quality("S14", "32")
FINAL: Final = Quality("F51", "13")
EXPLAINED: Final = Quality("F51", "0", "Meter board replaced; read by hand")
VARIED: Final = Quality("V")


@dataclass(frozen=True)
class Event:
    """A 400 record: intervals `start` to `end` (1-based, both included) have this quality."""

    start: int
    end: int
    quality: Quality


@dataclass(frozen=True)
class ManualRead:
    """A 500 record: a reading of the register's dial, made or tried by a person."""

    trans_code: str
    service_order: str
    read_at: datetime
    index_read: str


@dataclass(frozen=True)
class Day:
    """A 300 record with the 400 and 500 records that belong to it.

    Attributes:
        day: IntervalDate.
        values: One value for each interval, in thousandths of the channel's unit.
        updated: UpdateDateTime in NEM time; the higher one wins over an earlier delivery.
        loaded: MSATSLoadDateTime in NEM time, or None for a stream not sent there.
        quality: Of the whole day; `VARIED` when `events` say it.
        events: 400 records, covering every interval once.
        reads: 500 records.
    """

    day: date
    values: Values
    updated: datetime
    loaded: datetime | None = None
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


# One row a month, January first. Hours are NEM time, so the sun keeps no daylight saving.
_SUNRISE: Final = (294, 324, 354, 380, 402, 420, 420, 402, 366, 322, 288, 278)
_SUNSET: Final = (1150, 1130, 1095, 1050, 1018, 1010, 1022, 1042, 1062, 1086, 1114, 1140)
_SUN_PERCENT: Final = (100, 92, 80, 64, 50, 42, 46, 58, 73, 86, 95, 100)
_HOME_PERCENT: Final = (120, 118, 100, 88, 95, 118, 128, 120, 100, 90, 96, 110)

# Watts at each full hour.
_HOME_WEEKDAY: Final = (250, 220, 210, 200, 200, 260, 520, 900, 780, 480, 380, 360,
                        380, 360, 380, 450, 640, 980, 1400, 1520, 1300, 1000, 650, 380)  # fmt: skip
_HOME_WEEKEND: Final = (280, 240, 220, 210, 200, 220, 320, 520, 820, 980, 900, 850, 880,
                        820, 780, 800, 900, 1150, 1450, 1500, 1300, 1050, 750, 450)  # fmt: skip
_SHOP_WEEKDAY: Final = (7800, 7600, 7500, 7500, 7900, 9200, 14000, 24000, 35000, 40500, 42000,
                        43000, 42500, 43500, 43000, 41000, 36500, 27000, 18000, 13000, 10500,
                        9300, 8600, 8100)  # fmt: skip
_SHOP_WEEKEND: Final = (7600, 7500, 7400, 7400, 7400, 7600, 7900, 8600, 9400, 9900, 10100, 10200,
                        10200, 10100, 9900, 9600, 9200, 8800, 8500, 8300, 8100, 7900, 7800,
                        7700)  # fmt: skip

_APPLIANCES: Final = ((2200, 6), (1900, 45), (2400, 30), (3600, 90))  # watts, minutes


def household(day: date, interval_minutes: int, chance: Random) -> Values:
    """Consumption of a home in Wh: morning and evening peaks, slower weekends, seasons."""
    hourly = _HOME_WEEKEND if _is_weekend(day) else _HOME_WEEKDAY
    percent = _HOME_PERCENT[day.month - 1] * (80 + _below(chance, 41))
    runs = [_appliance_run(chance) for _ in range(2 + _below(chance, 4))]
    values = []
    for start in range(0, _DAY_MINUTES, interval_minutes):
        watts = _between_hours(hourly, start) * percent * (75 + _below(chance, 51)) // 1_000_000
        watt_minutes = watts * interval_minutes
        for begin, end, power in runs:
            overlap = min(end, start + interval_minutes) - max(begin, start)
            watt_minutes += power * max(overlap, 0)
        values.append(watt_minutes // 60)
    return tuple(values)


def solar_generation(day: date, interval_minutes: int, chance: Random) -> Values:
    """Output of a 5 kW roof in Wh: zero at night, a bell by day, lower in winter and in cloud."""
    rise, fall = _SUNRISE[day.month - 1], _SUNSET[day.month - 1]
    peak = 50 * _SUN_PERCENT[day.month - 1] * (35 + _below(chance, 66)) // 100
    values = []
    for start in range(0, _DAY_MINUTES, interval_minutes):
        flicker = 82 + _below(chance, 19)
        middle = start + interval_minutes // 2
        bell = max((middle - rise) * (fall - middle), 0) * 4
        watts = peak * bell * flicker // ((fall - rise) ** 2 * 100)
        values.append(watts * interval_minutes // 60)
    return tuple(values)


def solar_home_e1(day: date, interval_minutes: int, chance: Random) -> Values:
    """What a solar home takes from the grid, in Wh; the same chance as `solar_home_b1`."""
    return _net_metered(day, interval_minutes, chance)[0]


def solar_home_b1(day: date, interval_minutes: int, chance: Random) -> Values:
    """What a solar home sends into the grid, in Wh; the same chance as `solar_home_e1`."""
    return _net_metered(day, interval_minutes, chance)[1]


def business_e1(day: date, interval_minutes: int, chance: Random) -> Values:
    """Consumption of a small business in Wh: office hours, a base load at night and weekends."""
    hourly = _SHOP_WEEKEND if _is_weekend(day) else _SHOP_WEEKDAY
    percent = 90 + _below(chance, 21)
    return tuple(
        _between_hours(hourly, start) * percent * (94 + _below(chance, 13)) // 10_000
        * interval_minutes // 60
        for start in range(0, _DAY_MINUTES, interval_minutes)
    )  # fmt: skip


def business_q1(day: date, interval_minutes: int, chance: Random) -> Values:
    """Reactive energy in VArh that goes with `business_e1` of the same chance."""
    active = business_e1(day, interval_minutes, chance)
    return tuple(value * (38 + _below(chance, 13)) // 100 for value in active)


CURVES: Final[dict[str, Curve]] = {"E": household, "B": solar_home_b1, "Q": business_q1}
"""The curve of a channel in a big file, by the first letter of its NMISuffix."""


def nmi(number: int, seed: int = 1) -> str:
    """A ten-digit NMI; different for each of the first four million numbers of a seed."""
    # The second term moves on to the next prefix when the six digits begin to repeat.
    prefix = _NMI_PREFIXES[(number + number // 1_000_000) % len(_NMI_PREFIXES)]
    return f"{prefix}{(number * _NMI_SPREAD + seed * 7_919 + 35_613) % 1_000_000:06d}"


def days(
    channel: Channel,
    curve: Curve,
    first: date,
    count: int,
    *,
    seed: int = 1,
    mix: Mix = ALL_ACTUAL,
    lag_days: int = 1,
) -> Iterator[Day]:
    """The days of one channel, in ascending order.

    Channels of one site take the same seed: they then share the weather and the appliances.

    Args:
        channel: Whose days; gives the interval length.
        curve: Makes the values.
        first: The first IntervalDate.
        count: How many days.
        seed: Chooses values, qualities and stamps.
        mix: How many days are not simply actual.
        lag_days: UpdateDateTime falls that many days after the IntervalDate.
    """
    for offset in range(count):
        day = first + timedelta(days=offset)
        values = curve(day, channel.interval_minutes, _chance(seed, day.toordinal()))
        chance = _chance(seed, day.toordinal(), int.from_bytes(channel.suffix.encode()))
        kind = mix.kind(_below(chance, 100))
        made = Day(day, values, *_stamps(day, lag_days, chance), quality=kind or ACTUAL)
        yield _with_details(made, kind, chance)


def created_after(last: date, lag_days: int = 1) -> datetime:
    """A header DateTime later than every stamp of days up to `last` with that lag."""
    return datetime.combine(last + timedelta(days=lag_days + 1), time(6, 30), NEM_TIME)


def header_record(created: datetime, sender: str = SENDER, receiver: str = RECEIVER) -> bytes:
    """The 100 record with its line end."""
    return _line("100", "NEM12", f"{created:%Y%m%d%H%M}", sender, receiver)


def channel_record(channel: Channel) -> bytes:
    """The 200 record with its line end."""
    next_read = f"{channel.next_read:%Y%m%d}" if channel.next_read else ""
    identity = (channel.nmi, channel.configuration, channel.register, channel.suffix)
    meter = (channel.stream, channel.serial, channel.uom, str(channel.interval_minutes))
    return _line("200", *identity, *meter, next_read)


def day_records(day: Day) -> bytes:
    """The 300 record of a day with its 400 and 500 records, each with its line end."""
    return b"300,%s,%s%s" % (f"{day.day:%Y%m%d}".encode(), _values(day.values), _day_tail(day))


def end_record() -> bytes:
    """The 900 record with its line end."""
    return _line("900")


def write(
    out: BinaryIO,
    created: datetime,
    blocks: Iterable[tuple[Channel, Iterable[Day]]],
    sender: str = SENDER,
    receiver: str = RECEIVER,
) -> int:
    """Write one complete file, record by record, and return its size in bytes.

    Args:
        out: Where to; only ever appended to, so memory stays constant.
        created: Header DateTime in NEM time; later than every stamp of the days.
        blocks: For each 200 record its channel and its days in ascending order.
        sender: FromParticipant.
        receiver: ToParticipant.
    """
    size = out.write(header_record(created, sender, receiver))
    for channel, channel_days in blocks:
        size += out.write(channel_record(channel))
        for day in channel_days:
            size += out.write(day_records(day))
    return size + out.write(end_record())


def file_bytes(created: datetime, blocks: Iterable[tuple[Channel, Iterable[Day]]]) -> bytes:
    """A whole file as bytes, for tests and samples."""
    out = io.BytesIO()
    write(out, created, blocks)
    return out.getvalue()


@dataclass(frozen=True)
class Bulk:
    """The shape of a big file: site after site, each with all its channels and days.

    Attributes:
        size: Bytes to reach; the file ends with the first record at or beyond it.
        interval_minutes: 5, 15 or 30.
        first: The first IntervalDate of every channel.
        days: Days of each channel.
        suffixes: The channels of each site; their first letter chooses curve and unit.
        mix: Qualities; `MOSTLY_VARIED` makes a file heavy in 400 records.
        seed: Chooses everything else.
    """

    size: int
    interval_minutes: int = 5
    first: date = date(2025, 1, 1)
    days: int = 92
    suffixes: tuple[str, ...] = ("E1",)
    mix: Mix = MOSTLY_ACTUAL
    seed: int = 1

    def __post_init__(self) -> None:
        if self.size < 1 or self.days < 1:
            raise UsageError("A big file needs a size and at least one day of each channel.")
        unknown = [suffix for suffix in self.suffixes if suffix[:1] not in CURVES]
        if unknown or not self.suffixes:
            raise UsageError(f"No curve for the suffixes {unknown}: take E, B or Q with a number.")


def write_bulk(out: BinaryIO, bulk: Bulk) -> int:
    """Write a big file in constant memory and return its size in bytes.

    A day is put together from four quarters and an ending, each taken by chance from a stock made
    beforehand: 65,536 different days for each month, day type and channel, without formatting
    a single number on the way.
    """
    last = bulk.first + timedelta(days=bulk.days - 1)
    size = out.write(header_record(created_after(last)))
    stock = {suffix: _stock(bulk, suffix) for suffix in bulk.suffixes}
    chance = _chance(bulk.seed, 0)
    for number, suffix in ((site, each) for site in range(_SITES) for each in bulk.suffixes):
        size += out.write(channel_record(_bulk_channel(bulk, number, suffix)))
        size += _write_stocked(out, stock[suffix], bulk.size - size, chance)
        if size >= bulk.size:
            break
    return size + out.write(end_record())


_VARIANTS: Final = 16  # of each quarter of a day
_ENDINGS: Final = 100  # of each day: one for each percentile of the mix
_CHOICES: Final = _VARIANTS**4 * _ENDINGS


@dataclass(frozen=True)
class _StockedDay:
    """One date of one channel, ready to be put together."""

    start: bytes  # `300,` and the date
    quarters: list[list[bytes]]  # four times `_VARIANTS`: values, each followed by a comma
    endings: list[bytes]  # `_ENDINGS` times the quality, the stamps, and the 400s and 500s


def _write_stocked(out: BinaryIO, stock: list[_StockedDay], room: int, chance: Random) -> int:
    """Write days in order until the stock ends or `room` bytes are used up."""
    pieces: list[bytes] = []
    size = 0
    draw = chance.random  # looked up once: this loop decides the rate
    for day in stock:
        first, second, third, fourth = day.quarters
        pick = int(draw() * _CHOICES)
        record = b"".join((
            day.start,
            first[pick & 15],
            second[pick >> 4 & 15],
            third[pick >> 8 & 15],
            fourth[pick >> 12 & 15],
            day.endings[pick >> 16],
        ))  # fmt: skip
        pieces.append(record)
        size += len(record)
        if size >= room:
            break
    out.write(b"".join(pieces))
    return size


def _stock(bulk: Bulk, suffix: str) -> list[_StockedDay]:
    """Everything a channel's days are put together from; dates of a kind share their quarters."""
    quarters: dict[tuple[int, bool], list[list[bytes]]] = {}
    channel = _bulk_channel(bulk, 0, suffix)
    stock = []
    for offset in range(bulk.days):
        day = bulk.first + timedelta(days=offset)
        kind = (day.month, _is_weekend(day))
        if kind not in quarters:
            quarters[kind] = _quarters(channel, day, bulk.seed)
        endings = _endings(channel, day, bulk)
        stock.append(_StockedDay(f"300,{day:%Y%m%d},".encode(), quarters[kind], endings))
    return stock


def _quarters(channel: Channel, day: date, seed: int) -> list[list[bytes]]:
    """Four lists of `_VARIANTS` quarter days, as text with a comma after each value."""
    curve = CURVES[channel.suffix[0]]
    length = channel.intervals // 4
    made = [
        curve(day, channel.interval_minutes, _chance(seed, day.toordinal(), variant))
        for variant in range(_VARIANTS)
    ]
    return [
        [_values(values[begin : begin + length]) for values in made]
        for begin in range(0, channel.intervals, length)
    ]


def _endings(channel: Channel, day: date, bulk: Bulk) -> list[bytes]:
    """What follows the values of a day, once for each percentile of the mix."""
    chance = _chance(bulk.seed, day.toordinal(), int.from_bytes(channel.suffix.encode()))
    blank = (0,) * channel.intervals
    endings = []
    for percentile in range(_ENDINGS):
        kind = bulk.mix.kind(percentile)
        made = Day(day, blank, *_stamps(day, 1, chance), quality=kind or ACTUAL)
        endings.append(_day_tail(_with_details(made, kind, chance)))
    return endings


def _bulk_channel(bulk: Bulk, number: int, suffix: str) -> Channel:
    return Channel(
        nmi=nmi(number, bulk.seed),
        suffix=suffix,
        configuration="".join(bulk.suffixes),
        uom=_UNITS[suffix[0]],
        interval_minutes=bulk.interval_minutes,
        serial=f"{210_000_000 + number}",
        register=f"{bulk.suffixes.index(suffix) + 1:02d}",
        stream=_stream(suffix),
    )


def _stream(suffix: str) -> str:
    return "N1" if suffix[0] in "EB" else suffix


def _chance(*parts: int) -> Random:
    """A sequence of its own for each combination of small whole numbers."""
    seed = 0
    for part in parts:
        seed = seed * 10_000_000 + part
    return Random(seed)  # noqa: S311 - test data; a seed that can be repeated is the point


def _below(chance: Random, bound: int) -> int:
    """A whole number from 0 to `bound` - 1, by the one method that stays the same for ever."""
    return int(chance.random() * bound)


def _is_weekend(day: date) -> bool:
    return day.weekday() >= 5


def _between_hours(hourly: tuple[int, ...], minute: int) -> int:
    """The table's value at a minute of the day, on a straight line between full hours."""
    hour, past = divmod(minute, 60)
    return (hourly[hour] * (60 - past) + hourly[(hour + 1) % 24] * past) // 60


def _appliance_run(chance: Random) -> tuple[int, int, int]:
    """When an appliance runs, from and to in minutes of the day, and its watts."""
    watts, minutes = _APPLIANCES[_below(chance, len(_APPLIANCES))]
    begin = 360 + _below(chance, 960)
    return begin, begin + minutes, watts


def _net_metered(day: date, interval_minutes: int, chance: Random) -> tuple[Values, Values]:
    """Consumption less generation, parted into what is taken (E1) and what is sent (B1)."""
    used = household(day, interval_minutes, chance)
    made = solar_generation(day, interval_minutes, chance)
    net = [use - sun for use, sun in zip(used, made, strict=True)]
    return tuple(max(value, 0) for value in net), tuple(max(-value, 0) for value in net)


def _stamps(day: date, lag_days: int, chance: Random) -> tuple[datetime, datetime]:
    """UpdateDateTime in a night's run after the day, MSATSLoadDateTime some hours later."""
    night = datetime.combine(day + timedelta(days=lag_days), time(1, 30), NEM_TIME)
    updated = night + timedelta(seconds=_below(chance, 4 * 3600))
    return updated, updated + timedelta(seconds=3 * 3600 + _below(chance, 6 * 3600))


def _with_details(day: Day, kind: Quality | None, chance: Random) -> Day:
    """The day with the 400 records of a V day, or the 500 record of one read by hand."""
    if kind is VARIED:
        return replace(day, events=_events(len(day.values), chance))
    if kind is None:
        return replace(day, reads=(_manual_read(day.day, chance),))
    return day


def _events(intervals: int, chance: Random) -> tuple[Event, ...]:
    """Two to five 400 records over a whole day: actual and not actual by turns."""
    wanted = 1 + _below(chance, 4)
    cuts: set[int] = set()
    while len(cuts) < wanted:
        cuts.add(1 + _below(chance, intervals - 1))
    actual = _below(chance, 2) == 0
    events = []
    for before, end in itertools.pairwise((0, *sorted(cuts), intervals)):
        other = (ESTIMATED, SUBSTITUTED, FINAL)[_below(chance, 3)]
        events.append(Event(before + 1, end, ACTUAL if actual else other))
        actual = not actual
    return tuple(events)


def _manual_read(day: date, chance: Random) -> ManualRead:
    read_at = datetime.combine(day, time(9), NEM_TIME) + timedelta(minutes=_below(chance, 420))
    order = f"SO{_below(chance, 10_000_000):07d}"
    return ManualRead("S", order, read_at, f"{_below(chance, 1_000_000):06d}.{_below(chance, 10)}")


def _line(*fields: str) -> bytes:
    return (",".join(fields) + "\r\n").encode("ascii")


def _values(values: Values) -> bytes:
    """Each value with three decimals and a comma after it."""
    return b"".join(b"%d.%03d," % divmod(value, 1000) for value in values)


def _day_tail(day: Day) -> bytes:
    """A 300 record from its QualityMethod on, and the 400 and 500 records after it."""
    loaded = _seconds(day.loaded) if day.loaded else ""
    lines = [_line(*_quality(day.quality), _seconds(day.updated), loaded)]
    lines += [
        _line("400", str(event.start), str(event.end), *_quality(event.quality))
        for event in day.events
    ]
    for read in day.reads:
        stamp = _seconds(read.read_at)
        lines.append(_line("500", read.trans_code, read.service_order, stamp, read.index_read))
    return b"".join(lines)


def _quality(quality: Quality) -> tuple[str, str, str]:
    return quality.method, quality.reason, quality.description


def _seconds(moment: datetime) -> str:
    return f"{moment:%Y%m%d%H%M%S}"


# The Sunday of this week ends daylight saving: a day with 48 half hours like any other.
_MONDAY: Final = date(2025, 3, 31)
_HOME: Final = Channel(nmi(1), serial="210038461")
_STAMP_OF_MEMBERS: Final = (2025, 4, 8, 6, 30, 0)  # in archives: a fixed one, for fixed bytes


def sample_files() -> dict[str, bytes]:
    """The committed sample set: file name to content."""
    return {
        "accumulation_nem13.csv": _accumulation(),
        "business_15min.csv": _business(),
        "faulty_records.csv": _faulty_records(),
        "household_30min.csv": _household(),
        "household_correction.csv": _household_correction(),
        "month_30min.csv.gz": _gzipped(_month()),
        "solar_home_5min.csv": _solar_home(),
        "substitutions.csv": _substitutions(),
        "truncated.csv": _truncated(),
        "two_sites.zip": _zipped({
            "site_a.csv": _single_site(11, household, 30),
            "site_b.csv": _single_site(12, business_e1, 15),
        }),
    }  # fmt: skip


def write_samples(folder: Path) -> list[Path]:
    """Write the sample set into a folder, made if missing; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, content in sample_files().items():
        path = folder / name
        path.write_bytes(content)
        paths.append(path)
    return paths


def _week(*channels: tuple[Channel, Curve], count: int = 7, seed: int) -> bytes:
    """A file with the same days of each channel, all of them actual."""
    blocks = [(channel, days(channel, curve, _MONDAY, count, seed=seed))
              for channel, curve in channels]  # fmt: skip
    return file_bytes(created_after(_MONDAY + timedelta(days=count - 1)), blocks)


def _household() -> bytes:
    """A week of which Wednesday and Thursday wait for better data."""
    week = list(days(_HOME, household, _MONDAY, 7, seed=1))
    for place in (2, 3):
        rough = tuple(value * 9 // 10 for value in week[place].values)
        week[place] = replace(week[place], values=rough, quality=SUBSTITUTED)
    return file_bytes(created_after(week[-1].day), [(_HOME, week)])


def _household_correction() -> bytes:
    """The two substituted days of `_household` again, actual and with their own values."""
    late = 12
    found = list(days(_HOME, household, _MONDAY + timedelta(days=2), 2, seed=1, lag_days=late))
    return file_bytes(created_after(found[-1].day, late), [(_HOME, found)])


def _solar_home() -> bytes:
    used = Channel(nmi(2), "E1", "E1B1", "kWh", 5, "SMA7204418", "01", "N1")
    sent = replace(used, suffix="B1", register="02")
    return _week((used, solar_home_e1), (sent, solar_home_b1), count=3, seed=2)


def _business() -> bytes:
    active = Channel(nmi(3), "E1", "E1Q1", "kWh", 15, "EDMI60115527", "01", "N1")
    reactive = replace(active, suffix="Q1", uom="kVArh", register="02", stream="Q1")
    return _week((active, business_e1), (reactive, business_q1), seed=3)


def _substitutions() -> bytes:
    """Ten days with every kind of quality, two of them read by hand."""
    channel = Channel(nmi(4), serial="210067093", next_read=date(2025, 7, 1))
    made = list(days(channel, household, _MONDAY, 10, seed=4))
    outage = (Event(1, 27, ACTUAL), Event(28, 31, OUTAGE), Event(32, 48, ACTUAL))
    dark = tuple(0 if 28 <= place <= 31 else value for place, value in enumerate(made[5].values, 1))
    chance = _chance(4)
    made[1] = replace(made[1], quality=ESTIMATED)
    made[2] = replace(made[2], quality=SUBSTITUTED)
    made[3] = replace(made[3], quality=FINAL)
    made[4] = replace(made[4], quality=VARIED, events=_turns(48, ESTIMATED, ACTUAL, SUBSTITUTED))
    made[5] = replace(made[5], quality=VARIED, events=outage, values=dark)
    made[6] = replace(made[6], quality=EXPLAINED, reads=(_manual_read(made[6].day, chance),))
    made[7] = replace(made[7], quality=VARIED, events=_turns(48, ACTUAL, FINAL, ACTUAL, ESTIMATED))
    made[9] = replace(made[9], reads=(_manual_read(made[9].day, chance),))
    return file_bytes(created_after(made[-1].day), [(channel, made)])


def _turns(intervals: int, *qualities: Quality) -> tuple[Event, ...]:
    """400 records of equal length over a whole day, in the given order."""
    length = intervals // len(qualities)
    return tuple(
        Event(place * length + 1, (place + 1) * length, quality)
        for place, quality in enumerate(qualities)
    )


def _month() -> bytes:
    channel = Channel(nmi(5), serial="210091250")
    first = date(2025, 3, 1)
    month = days(channel, household, first, 31, seed=5, mix=MOSTLY_ACTUAL)
    return file_bytes(created_after(date(2025, 3, 31)), [(channel, month)])


def _single_site(number: int, curve: Curve, interval_minutes: int) -> bytes:
    channel = Channel(
        nmi(number), interval_minutes=interval_minutes, serial=f"{210_100_000 + number}"
    )
    return _week((channel, curve), seed=number)


def _faulty_records() -> bytes:
    """A good week, then Wednesday loses a value and Friday's first one becomes negative."""
    channel = Channel(nmi(6), serial="210055518")
    lines = _week((channel, household), seed=6).split(b"\r\n")
    short, negative = 4, 6  # places in the file: 100, 200, then Monday to Sunday
    fields = lines[short].split(b",")
    lines[short] = b",".join(fields[:20] + fields[21:])
    lines[negative] = lines[negative].replace(b"0404,", b"0404,-", 1)
    return b"\r\n".join(lines)


def _truncated() -> bytes:
    """A good week that stops in the middle of Saturday, as a broken transfer does."""
    channel = Channel(nmi(7), serial="210071164")
    content = _week((channel, household), seed=7)
    return content[: content.index(b"300,20250405") + 150]


def _accumulation() -> bytes:
    """NEM13: quarterly reads of a dial, which are not interval data."""
    before = ("20241219101500", "A", "", "")
    after = ("20250320094200", "A", "", "")
    lines = [_line("100", "NEM13", "202503210630", SENDER, RECEIVER)]
    for number, previous, current in ((8, 41207, 42466), (9, 7730, 8912)):
        meter = (nmi(number), "11", "1", "11", "", f"{880_400 + number}", "E")
        reads = (f"{previous:06d}", *before, f"{current:06d}", *after)
        last = (str(current - previous), "kWh", "20250619", "20250320180000", "20250321021500")
        lines += [_line("250", *meter, *reads, *last), _line("550", "N", "", "N", "")]
    return b"".join([*lines, end_record()])


def _zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            member = zipfile.ZipInfo(name, _STAMP_OF_MEMBERS)
            member.create_system = 3  # else Windows would write another byte here
            member.external_attr = 0o644 << 16
            archive.writestr(member, content, zipfile.ZIP_DEFLATED, 9)
    return out.getvalue()


def _gzipped(content: bytes) -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=out, mtime=0) as packed:
        packed.write(content)
    return out.getvalue()


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m nem12.generate", description="Make NEM12 files."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    samples = commands.add_parser("samples", help="write the sample set into a folder")
    samples.add_argument("folder", type=Path)
    big = commands.add_parser("big", help="write one big file")
    big.add_argument("file", type=Path)
    big.add_argument("--mib", type=int, default=100, help="size in MiB (default 100)")
    big.add_argument("--interval", type=int, choices=INTERVALS, default=5, help="minutes")
    big.add_argument("--days", type=int, default=Bulk.days, help="days of each channel")
    big.add_argument("--suffixes", default="E1", help="channels of a site, such as E1,B1")
    big.add_argument("--varied", type=int, default=2, help="percent of V days (default 2)")
    big.add_argument("--seed", type=int, default=1)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns its exit status."""
    arguments = _arguments(argv)
    if arguments.command == "samples":
        for path in write_samples(arguments.folder):
            sys.stdout.write(f"{path}\n")
        return 0
    try:
        bulk = Bulk(
            size=arguments.mib << 20,
            interval_minutes=arguments.interval,
            days=arguments.days,
            suffixes=tuple(arguments.suffixes.split(",")),
            mix=Mix(varied=arguments.varied),
            seed=arguments.seed,
        )
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    with arguments.file.open("wb") as out:
        size = write_bulk(out, bulk)
    sys.stdout.write(f"{arguments.file}: {size} bytes\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
