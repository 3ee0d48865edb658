"""Files of any size in constant memory, put together from a stock of ready pieces of days."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from random import Random
from typing import BinaryIO, Final

from nem12.errors import UsageError
from tools.generate.chance import seeded
from tools.generate.curves import CURVES, is_weekend
from tools.generate.days import SITES, channel_chance, created_after, day_of_kind, nmi
from tools.generate.model import MOSTLY_ACTUAL, Channel, Mix
from tools.generate.records import (
    channel_record,
    day_start,
    day_tail,
    end_record,
    header_record,
    values_text,
)

_UNITS: Final = {"E": "kWh", "B": "kWh", "Q": "kVArh", "K": "kVArh"}
_VARIANTS: Final = 16  # of each quarter of a day
_ENDINGS: Final = 100  # of each day: one for each percentile of the mix
_CHOICES: Final = _VARIANTS**4 * _ENDINGS


@dataclass(frozen=True)
class Bulk:
    """The shape of a big file: site after site, each with all its channels and days.

    Attributes:
        size: Bytes to reach; the file ends with the first record at or beyond it.
        interval_length: 5, 15 or 30.
        first: The first IntervalDate of every channel.
        days: Days of each channel.
        suffixes: The channels of each site; their first letter chooses curve and unit.
        sites: The file ends after so many, whatever its size.
        mix: Qualities; `MOSTLY_VARIED` makes a file heavy in 400 records.
        seed: Chooses everything else.
    """

    size: int
    interval_length: int = 5
    first: date = date(2025, 1, 1)
    days: int = 92
    suffixes: tuple[str, ...] = ("E1",)
    sites: int = SITES
    mix: Mix = MOSTLY_ACTUAL
    seed: int = 1

    def __post_init__(self) -> None:
        if self.size < 1 or self.days < 1:
            raise UsageError("A big file needs a size and at least one day of each channel.")
        unknown = [nmi_suffix for nmi_suffix in self.suffixes if nmi_suffix[:1] not in CURVES]
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
    stock = {nmi_suffix: _stock(bulk, nmi_suffix) for nmi_suffix in bulk.suffixes}
    chance = seeded(bulk.seed, 0)
    for number, nmi_suffix in product(range(bulk.sites), bulk.suffixes):
        size += out.write(channel_record(_bulk_channel(bulk, number, nmi_suffix)))
        size += _write_stocked(out, stock[nmi_suffix], bulk.size - size, chance)
        if size >= bulk.size:
            break
    return size + out.write(end_record())


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


def _stock(bulk: Bulk, nmi_suffix: str) -> list[_StockedDay]:
    """Everything a channel's days are put together from; dates of a kind share their quarters."""
    quarters: dict[tuple[int, bool], list[list[bytes]]] = {}
    channel = _bulk_channel(bulk, 0, nmi_suffix)
    stock = []
    for offset in range(bulk.days):
        day = bulk.first + timedelta(days=offset)
        kind = (day.month, is_weekend(day))
        if kind not in quarters:
            quarters[kind] = _quarters(channel, day, bulk.seed)
        endings = _endings(channel, day, bulk)
        stock.append(_StockedDay(day_start(day), quarters[kind], endings))
    return stock


def _quarters(channel: Channel, day: date, seed: int) -> list[list[bytes]]:
    """Four lists of `_VARIANTS` quarter days, as text with a comma after each value."""
    curve = CURVES[channel.nmi_suffix[0]]
    length = channel.intervals // 4
    made = [
        curve(day, channel.interval_length, seeded(seed, day.toordinal(), variant))
        for variant in range(_VARIANTS)
    ]
    return [
        [values_text(values[begin : begin + length]) for values in made]
        for begin in range(0, channel.intervals, length)
    ]


def _endings(channel: Channel, day: date, bulk: Bulk) -> list[bytes]:
    """What follows the values of a day, once for each percentile of the mix."""
    chance = channel_chance(channel, day, bulk.seed)
    blank = (0,) * channel.intervals
    return [
        day_tail(day_of_kind(day, blank, bulk.mix.kind(percentile), chance))
        for percentile in range(_ENDINGS)
    ]


def _bulk_channel(bulk: Bulk, number: int, nmi_suffix: str) -> Channel:
    return Channel(
        nmi=nmi(number, bulk.seed),
        nmi_suffix=nmi_suffix,
        nmi_configuration="".join(bulk.suffixes),
        uom=_UNITS[nmi_suffix[0]],
        interval_length=bulk.interval_length,
        meter_serial_number=f"{210_000_000 + number}",
        register_id=f"{bulk.suffixes.index(nmi_suffix) + 1:02d}",
        mdm_data_stream_identifier=_stream(nmi_suffix),
    )


def _stream(nmi_suffix: str) -> str:
    return "N1" if nmi_suffix[0] in "EB" else nmi_suffix
