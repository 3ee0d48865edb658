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
"""How long a run waits for drops whose content does not show their end, if there are no others."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Reads and passes the time; tests have their own.

    Attributes:
        sleep: Lets seconds pass.
        now: None for the clock of the database, which is the same for all.
    """

    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime | None] = lambda: None


SYSTEM_CLOCK: Final = Clock()


@dataclass(slots=True)
class Arrivals:
    """Separates complete drops from those that may still grow.

    The content of a drop is read once for each state that did not change for a while.

    Args:
        standstill_seconds: How long a drop must stay unchanged if its content does not show its
            end.
    """

    standstill_seconds: float
    _ended: set[Drop] = field(default_factory=set)

    def complete(
        self, connection: Connection, standing: Sequence[Drop], now: datetime | None = None
    ) -> list[Drop]:
        """The complete ones of some drops that have not changed for a moment.

        Args:
            connection: To the warehouse.
            standing: All drops that have stopped changing; the others are forgotten.
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
    """Lists the landing folder repeatedly, for complete drops that no run has claimed.

    Args:
        settling: Decides when a drop has stopped changing, and when a batch is claimed.
        arrivals: Decides which of the unchanged drops are complete.
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
            seconds: Reading of a monotonic clock.
            now: None for the clock of the database.
        """
        landed = drops(home)
        free = ledger.free(connection, landed) if landed else []
        standing = self._settling.standing(free, seconds)
        complete = self._arrivals.complete(connection, standing, now)
        batch = self._settling.batch(complete, seconds)
        unchecked = bool(
            ledger.unchecked_claims(connection)
            or any(stray_drops(connection, landed))
            or left_for_long(connection, home)
        )
        return batch, unchecked


def complete_now(
    connection: Connection, landed: list[Drop], clock: Clock = SYSTEM_CLOCK
) -> tuple[list[Drop], list[Drop]]:
    """For runs other than the watch: the complete drops, and the others.

    If none is complete, it waits for them for a limited time.
    """
    long_ago = time.time_ns() - settings.CLOCK_DOUBT_SECONDS * 1_000_000_000
    # Even if the clocks differ, these have not changed for long.
    old = [drop for drop in landed if drop.mtime_ns < long_ago]
    lately = [drop for drop in landed if drop.mtime_ns >= long_ago]
    if not lately:
        return old, []
    clock.sleep(settings.SETTLE_SECONDS)
    still = unchanged(landed)
    standing = [drop for drop in still if drop.mtime_ns >= long_ago]
    seconds = settings.standstill_seconds()
    arrivals = Arrivals(seconds)
    complete = arrivals.complete(connection, standing, clock.now())
    if standing and not complete and not old and seconds <= PATIENCE_SECONDS:
        clock.sleep(seconds)
        standing = unchanged(standing)
        complete = arrivals.complete(connection, standing, clock.now())
    taken = {*complete, *(drop for drop in still if drop.mtime_ns < long_ago)}
    return [drop for drop in landed if drop in taken], [d for d in landed if d not in taken]
