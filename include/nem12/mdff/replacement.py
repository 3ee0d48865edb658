"""Which versions of the reads of a register are in force: a pure function of all of them.

A version is replaced by one of the same period with a higher rank, and by one that overlaps it (by
NEM days) with higher stamps. What was replaced stays replaced, even if what replaced it is
itself replaced: the outcome does not depend on the order of delivery.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from nem12.mdff import spec
from nem12.mdff.overlaps import Overlaps
from nem12.mdff.register import RegisterRead
from nem12.mdff.stamps import NEM_TIME


@dataclass(frozen=True, slots=True)
class Version:
    """A delivery of a read.

    Attributes:
        read: What was delivered.
        file_id: Of the file; of equal stamps the higher one wins.
        delivered_at: When the file was delivered, which counts if a stamp is missing.
    """

    read: RegisterRead
    file_id: int
    delivered_at: datetime | None = None

    @property
    def key(self) -> tuple[datetime, datetime]:
        """The period: versions with the same one are of the same read."""
        read = self.read
        return read.previous_register_read_date_time, read.current_register_read_date_time

    @property
    def stamps(self) -> tuple[int, str, str, str]:
        """What decides between overlapping versions; the higher one counts."""
        stamps, header = self.read.stamps, self.read.header
        delivered = (
            f"{self.delivered_at.astimezone(NEM_TIME):%Y%m%d%H%M%S}"[:14]
            if (self.delivered_at is not None)
            else ""
        )
        return (
            -stamps.rank,
            stamps.update_date_time or delivered,
            stamps.msats_load_date_time,
            header.stamp if header.known else delivered,
        )

    @property
    def rank(self) -> tuple[tuple[int, str, str, str], int, int]:
        """The stamps, then hash and line, so that the order of delivery makes no difference."""
        return self.stamps, self.file_id, -self.read.line


def in_force(versions: Iterable[Version]) -> Iterator[Version]:
    """The versions in force, register by register, by period.

    Args:
        versions: Of any registers, in any order; the same one may come again.
    """
    by_register = sorted(versions, key=lambda version: version.read.register)
    for _, of_register in groupby(by_register, lambda version: version.read.register):
        yield from sorted(_in_force(list(of_register)), key=lambda version: version.key)


def _in_force(versions: Sequence[Version]) -> Iterator[Version]:
    """Those of one register, in a time that grows as n log n."""
    highest: dict[tuple[datetime, datetime], Version] = {}
    for version in versions:
        best = highest.setdefault(version.key, version)
        if version.rank > best.rank:
            highest[version.key] = version
    overlaps = Overlaps(spec.FIRST_YEAR, spec.LAST_YEAR)
    by_stamps = sorted(versions, key=lambda version: version.stamps, reverse=True)
    for _, group in groupby(by_stamps, lambda version: version.stamps):
        equal = list(group)
        # Versions with higher stamps are in already: one that overlaps them is replaced.
        for version in equal:
            days = version.read.previous_day, version.read.current_day
            if version is not highest.get(version.key):
                continue
            del highest[version.key]  # it may come again
            if overlaps.with_any(*days) is None:
                yield version
        for version in equal:
            days = version.read.previous_day, version.read.current_day
            overlaps.add(*days, "", version.read.line)
