"""How much is measured: enough for a reliable figure, or less with --quick."""

from dataclasses import dataclass, replace
from typing import Final

from nem12.settings import MIB


@dataclass(frozen=True)
class Sizes:
    """Amounts of data.

    Attributes:
        rounds: Pairs of runs of each comparison; medians are quoted.
        parsed: Readings of a file to parse.
        applied: Readings of a first load: 5-minute data of 92 days, in four months.
        channels: That grow day after day.
        days: Of that growth.
        big_file: Bytes of the file whose memory is measured.
        shown: Readings of the database that the page is asked over.
        asked: Times that each of its routes is asked.
        small_files: Dropped one after the other.
        many_files: Dropped at once.
        channel_days: Of the table that questions are asked of.
    """

    rounds: int
    parsed: int
    applied: int
    channels: int
    days: int
    big_file: int
    shown: int = 20_000_000
    asked: int = 40
    small_files: int = 7
    many_files: int = 5_000
    channel_days: int = 2_000_000


FULL: Final = Sizes(
    rounds=5, parsed=2_000_000, applied=2_000_000, channels=4_000, days=44, big_file=1024 * MIB
)
"""44 days of 4,000 channels with 5-minute data are 50.7 million readings."""

QUICK: Final = Sizes(
    rounds=3,
    parsed=1_000_000,
    applied=200_000,
    channels=1_000,
    days=3,
    big_file=36 * MIB,
    shown=300_000,
    asked=20,
    small_files=2,
    many_files=300,
    channel_days=100_000,
)
"""Three minutes on two idle cores: half of it for Airflow, which has to start, and a file that is
just big enough for two shards."""


def of(readings: int, sizes: Sizes) -> Sizes:
    """The sizes for at most so many readings in each part: to try a part out."""
    days = min(sizes.days, 3)
    return replace(
        sizes,
        parsed=min(readings, sizes.parsed),
        applied=min(readings, sizes.applied),
        channels=max(1, min(sizes.channels, readings // 288 // days)),
        days=days,
        big_file=min(readings * 6, sizes.big_file),
        shown=min(readings, sizes.shown),
        small_files=min(2, sizes.small_files),
        many_files=min(readings // 288, sizes.many_files),
        channel_days=min(readings // 10, sizes.channel_days),
    )
