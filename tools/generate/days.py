"""Sites and their days: who is metered, how good each day is, and when it was delivered."""

import itertools
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Final

from nem12.mdff.stamps import NEM_TIME
from tools.generate.chance import below, seeded
from tools.generate.model import (
    ACTUAL,
    ALL_ACTUAL,
    ESTIMATED,
    FINAL,
    SUBSTITUTED,
    VARIED,
    Channel,
    Curve,
    Day,
    Event,
    ManualRead,
    Mix,
    Quality,
    Values,
)

SITES: Final = 4_000_000  # different NMIs that a seed gives: six free digits of four prefixes
_NMI_PREFIXES: Final = ("4103", "6305", "2002", "3120")  # NSW, Vic, SA, Qld allocations
_NMI_SPREAD: Final = 611_953  # coprime to a million: consecutive numbers never meet in one NMI


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
        values = curve(day, channel.interval_length, seeded(seed, day.toordinal()))
        chance = channel_chance(channel, day, seed)
        kind = mix.kind(below(chance, 100))
        yield day_of_kind(day, values, kind, chance, lag_days)


def channel_chance(channel: Channel, day: date, seed: int) -> Random:
    """What decides everything but the values: those share the chance of the whole site."""
    return seeded(seed, day.toordinal(), int.from_bytes(channel.nmi_suffix.encode()))


def day_of_kind(
    day: date, values: Values, kind: Quality | None, chance: Random, lag_days: int = 1
) -> Day:
    """A day with its stamps, the 400 records if varied, the 500 record if read by hand (None)."""
    update_date_time, msats_load_date_time = _stamps(day, lag_days, chance)
    events = _events(len(values), chance) if kind is VARIED else ()
    reads = (manual_read(day, chance),) if kind is None else ()
    return Day(day, values, update_date_time, msats_load_date_time, kind or ACTUAL, events, reads)


def created_after(last: date, lag_days: int = 1) -> datetime:
    """A header DateTime later than every stamp of days up to `last` with that lag."""
    return datetime.combine(last + timedelta(days=lag_days + 1), time(6, 30), NEM_TIME)


def _stamps(day: date, lag_days: int, chance: Random) -> tuple[datetime, datetime]:
    """UpdateDateTime in a night's run after the day, MSATSLoadDateTime some hours later."""
    night = datetime.combine(day + timedelta(days=lag_days), time(1, 30), NEM_TIME)
    update_date_time = night + timedelta(seconds=below(chance, 4 * 3600))
    lag = timedelta(seconds=3 * 3600 + below(chance, 6 * 3600))
    return update_date_time, update_date_time + lag


def _events(intervals: int, chance: Random) -> tuple[Event, ...]:
    """Two to five 400 records over a whole day: actual and not actual by turns."""
    wanted = 1 + below(chance, 4)
    cuts: set[int] = set()
    while len(cuts) < wanted:
        cuts.add(1 + below(chance, intervals - 1))
    actual = below(chance, 2) == 0
    events = []
    for before, end in itertools.pairwise((0, *sorted(cuts), intervals)):
        other = (ESTIMATED, SUBSTITUTED, FINAL)[below(chance, 3)]
        events.append(Event(before + 1, end, ACTUAL if actual else other))
        actual = not actual
    return tuple(events)


def manual_read(day: date, chance: Random) -> ManualRead:
    """The 500 record of someone who came by between nine and four."""
    morning = datetime.combine(day, time(9), NEM_TIME)
    read_date_time = morning + timedelta(minutes=below(chance, 420))
    order = f"SO{below(chance, 10_000_000):07d}"
    index_read = f"{below(chance, 1_000_000):06d}.{below(chance, 10)}"
    return ManualRead("S", order, read_date_time, index_read)
