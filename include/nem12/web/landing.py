"""The content of the landing folder, as far as this api-server can see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from nem12 import storage
from nem12.airflow import buckets
from nem12.drop import Drop, drops, overdue, uri_path
from nem12.errors import MeterError
from nem12.mdff.stamps import NEM_TIME
from nem12.mdff.wording import shown
from nem12.settings import Home, keep_landing
from nem12.tell.report import why
from nem12.warehouse import ledger
from nem12.web.database import reading
from nem12.web.glance import Glance
from nem12.web.sql import run

MOST_FILES: Final = 5_000
"""Most files that are looked up in the ledger; beyond it the page says "more than"."""

MOST_IGNORED: Final = 10
_NAME: Final = 200
_FOLDER: Final = 1_000

_AS_FOR_OTHERS: Final = (
    "set METER_HOME for the api-server as for triggerer and workers, and give it access to that"
    " folder"
)


@dataclass(frozen=True, slots=True)
class Landing:
    """The landing folder.

    Attributes:
        folder: Its path or URI; empty if unknown.
        trouble: Why it cannot be read from here; then there are no counts.
        files: Number of files that no run has claimed.
        more: Whether there are more than were counted.
        oldest_at: Since when the oldest of these has been there.
        ignored: Name and reason of the first ignored entries.
        ignored_count: Number of ignored entries.
    """

    folder: str
    trouble: str = ""
    files: int = 0
    more: bool = False
    oldest_at: datetime | None = None
    ignored: tuple[tuple[str, str], ...] = ()
    ignored_count: int = 0


def _look() -> Landing:
    try:
        with buckets.folders() as home:
            return _look_into(home)
    except MeterError:
        return Landing("", f"the api-server does not know the landing folder: {_AS_FOR_OTHERS}")


def _look_into(home: Home) -> Landing:
    folder = shown(str(home.landing), _FOLDER)
    try:
        return Landing(folder, trouble) if (trouble := unseen(home)) else _counted(home, folder)
    except Exception as error:
        return Landing(folder, f"the landing folder cannot be read: {why(error)}")


def unseen(home: Home) -> str:
    """Why this is not the folder that files are loaded from, or empty."""
    if storage.is_missing(home.landing):
        return f"the api-server does not see the landing folder: {_AS_FOR_OTHERS}"
    with reading() as connection:
        newest = run(connection, "newest_drop")
    if newest:
        place = uri_path(newest[0]["uri"])
        ours = (home.landing, home.archive, home.rejected)
        if not any(storage.relative(place, folder) for folder in ours):
            other = shown(str(place.parent), _FOLDER)
            return f"the newest file landed in another folder, {other}: {_AS_FOR_OTHERS}"
    return ""


def _counted(home: Home, folder: str) -> Landing:
    lying = drops(home)
    if keep_landing():
        # Nearly all of them are done: what waits is new.
        lying.sort(key=lambda drop: drop.mtime_ns, reverse=True)
    with reading() as connection:
        waiting = ledger.free(connection, lying[:MOST_FILES]) if lying else []
    ignored = [(_named(home, item.path), item.reason) for item in overdue(home)]
    return Landing(
        folder,
        files=len(waiting),
        more=len(lying) > MOST_FILES and not keep_landing(),
        oldest_at=_oldest(waiting),
        ignored=tuple(ignored[:MOST_IGNORED]),
        ignored_count=len(ignored),
    )


def _named(home: Home, path: storage.Place) -> str:
    return shown(str(storage.relative(path, home.landing) or path.name), _NAME)


def _oldest(waiting: Sequence[Drop]) -> datetime | None:
    instants = [instant for drop in waiting if (instant := _landed_at(drop)) is not None]
    return datetime.fromtimestamp(min(instants), NEM_TIME) if instants else None


def _landed_at(drop: Drop) -> float | None:
    """When a file arrived there: a copy may keep an older modification time."""
    return storage.arrived_at(drop.path, drop.mtime_ns)


landing: Final = Glance(_look)
"""The folder as of some seconds ago; None if it does not answer."""
