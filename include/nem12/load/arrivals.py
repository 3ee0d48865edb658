"""When a drop is complete: after two seconds without a change, if its content shows its end.

Any other file may still be growing, and a stalled upload must not be loaded in part: it waits
longer. The ledger records since when a file has not changed, so that the watch and every run agree,
whichever of them saw it first.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from nem12 import settings
from nem12.drop import Drop, Settling, drops, unchanged
from nem12.ending import says_that_it_ends
from nem12.load.changed import left_for_long
from nem12.load.strays import stray_drops
from nem12.settings import Home
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection

PATIENCE_SECONDS: Final = 120.0
"""How long a run waits for drops that do not say that they end, where there are no others."""


@dataclass(frozen=True, slots=True)
class Clock:
    """What tells and lets pass the time.

    Attributes:
        sleep: Lets seconds pass.
        now: None for the clock of the database, which is the same for all.
    """

    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime | None] = lambda: None


SYSTEM_CLOCK: Final = Clock()


@dataclass(slots=True)
class Arrivals:
    """Tells complete drops from those that more may come of.

    The content of a drop is looked at once for each state that stood still.

    Args:
        standstill_seconds: How long those must stand still that do not say that they end.
    """

    standstill_seconds: float
    _ended: set[Drop] = field(default_factory=set)

    def complete(
        self, connection: Connection, standing: Sequence[Drop], now: datetime | None = None
    ) -> list[Drop]:
        """Those that are complete of some that stood still for a moment.

        Args:
            connection: To the warehouse.
            standing: As they were seen; all of them, so that others can be forgotten.
            now: None for the clock of the database.
        """
        self._ended.intersection_update(standing)
        open_ended = [drop for drop in standing if drop not in self._ended]
        stood = ledger.standstill(connection, open_ended, now) if open_ended else {}
        for drop in open_ended:
            if drop not in stood and says_that_it_ends(drop):
                self._ended.add(drop)
        new = [drop for drop in open_ended if drop not in stood and drop not in self._ended]
        if new:
            ledger.note_arrivals(connection, new, now)
        return [
            drop
            for drop in standing
            if drop in self._ended or stood.get(drop, 0) >= self.standstill_seconds
        ]


class Watch:
    """Looks at the landing folder again and again, for complete drops that nobody has claimed.

    Args:
        settling: Decides when a drop stands still, and when a batch is taken.
        arrivals: Decides which of those that stand still are complete.
    """

    def __init__(self, settling: Settling, arrivals: Arrivals) -> None:
        self._settling = settling
        self._arrivals = arrivals

    def look(
        self, connection: Connection, home: Home, seconds: float, now: datetime | None = None
    ) -> tuple[list[Drop], bool]:
        """The drops to claim now, and whether claims or strays should be looked at.

        Args:
            connection: To the warehouse.
            home: Where the folders are.
            seconds: Of a clock that only goes forward.
            now: None for the clock of the database.
        """
        found = drops(home)
        free = ledger.free(connection, found) if found else []
        standing = self._settling.standing(free, seconds)
        complete = self._arrivals.complete(connection, standing, now)
        batch = self._settling.batch(complete, seconds)
        unchecked = bool(
            ledger.unchecked_claims(connection)
            or any(stray_drops(connection, found))
            or left_for_long(connection, home)
        )
        return batch, unchecked


def complete_now(
    connection: Connection, found: list[Drop], clock: Clock = SYSTEM_CLOCK
) -> tuple[list[Drop], list[Drop]]:
    """For a run that is not the watch: the drops that are complete, and those that are left.

    Where all of them are left, it waits for them, though not for ever.
    """
    long_ago = time.time_ns() - settings.CLOCK_DOUBT_SECONDS * 1_000_000_000
    # By whatever clock, these stood still for long.
    old = [drop for drop in found if drop.mtime_ns < long_ago]
    lately = [drop for drop in found if drop.mtime_ns >= long_ago]
    if not lately:
        return old, []
    clock.sleep(settings.SETTLE_SECONDS)
    still = unchanged(found)
    standing = [drop for drop in still if drop.mtime_ns >= long_ago]
    seconds = settings.standstill_seconds()
    arrivals = Arrivals(seconds)
    complete = arrivals.complete(connection, standing, clock.now())
    if standing and not complete and not old and seconds <= PATIENCE_SECONDS:
        clock.sleep(seconds)
        standing = unchanged(standing)
        complete = arrivals.complete(connection, standing, clock.now())
    taken = {*complete, *(drop for drop in still if drop.mtime_ns < long_ago)}
    return [drop for drop in found if drop in taken], [d for d in found if d not in taken]
