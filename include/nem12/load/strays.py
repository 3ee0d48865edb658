"""Drops that wait for another attempt and are not in the landing folder.

The watch finds files in the landing folder only. A drop whose load failed may be elsewhere: it was
moved and could not be marked, it is a kept file that was to be loaded again, or it is gone.
"""

from collections.abc import Collection, Iterator

from nem12.drop import Drop, Ignored, look
from nem12.errors import TransientError
from nem12.load.keeping import finish
from nem12.settings import Home
from nem12.tell.report import why
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection
from nem12.warehouse.rows import OpenDrop


def stray_drops(connection: Connection, landed: Collection[Drop]) -> Iterator[OpenDrop]:
    """Drops whose wait is over and that were not seen in the landing folder."""
    waiting = ledger.waiting_drops(connection)
    seen = {_key(drop) for drop in landed} if waiting else set()
    for one in waiting:
        # A file that may not be read now is still there, so its drop goes on waiting.
        if _key(one.drop) not in seen and not isinstance(_there(one.drop), Ignored):
            yield one


def gather_strays(connection: Connection, home: Home, landed: Collection[Drop]) -> list[Drop]:
    """Settle strays that were moved or are gone; returns those that can be claimed."""
    left = []
    for one in stray_drops(connection, landed):
        if _there(one.drop) == one.drop:
            left.append(one.drop)
            continue
        try:
            if not finish(connection, home, one):
                ledger.settle_gone(connection, one)
        except TransientError:
            raise
        except Exception as error:
            # Try again after a longer wait, or the watch would do nothing else.
            ledger.postpone(connection, one, f"it cannot be settled: {why(error)}")
    return left


def _there(drop: Drop) -> Drop | Ignored | None:
    return look(drop.path, drop.profile)


def _key(drop: Drop) -> tuple[str, int, int, str]:
    """A drop, regardless of its profile."""
    return drop.uri, drop.size, drop.mtime_ns, drop.identity
