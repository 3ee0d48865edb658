"""Files that changed after they were read, because their writer was not done.

A file that differs from what was read becomes a new drop. If it is the same file with more content,
the readings of its earlier part are withdrawn when the complete file is settled.
"""

import hashlib
import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from nem12 import storage, untrusted
from nem12.drop import Drop, look, uri_path
from nem12.errors import TransientError
from nem12.load.keeping import delivered_name, is_unchanged, put_changed_back
from nem12.mdff.profiles import PROFILE_FOLDERS, ProfileName
from nem12.mdff.wording import shown
from nem12.settings import KEPT_CHECK_DAYS, MIB, Home, standstill_seconds
from nem12.storage import Place
from nem12.tell.report import why
from nem12.untrusted import LEAVING, NotAFolderError, Seen
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection
from nem12.warehouse.rows import KeptDrop, LeftDrop, SmallerDrop

log = logging.getLogger(__name__)

_LEFT: Final = re.compile(r"([0-9]{1,18})-")
"""The beginning of the name of such a drop: its id."""

_CLOCKS_APART: Final = timedelta(minutes=1)
"""Largest difference between the clocks of the bucket and of the database."""


def put_back_changed(connection: Connection, home: Home, days: float = KEPT_CHECK_DAYS) -> int:
    """Compare the files kept in the last days with what was read; put back those that differ.

    Returns:
        How many files were put back.
    """
    count = 0
    for kept_drop in ledger.kept_lately(connection, days):
        place = uri_path(kept_drop.kept_at)
        # The watch notices changes of files that stay in the landing folder.
        if storage.relative(place, home.landing) is None:
            with _alone(place):
                count += _put_back_if_changed(connection, home, kept_drop, place)
    return count


def _put_back_if_changed(
    connection: Connection, home: Home, kept_drop: KeptDrop, place: Place
) -> bool:
    drop = kept_drop.drop
    drop_now = look(place, drop.profile)
    if not isinstance(drop_now, Drop):
        return False  # taken away by a person
    if not storage.local(place) and drop_now.size == drop.size:
        changed_at = drop_now.mtime_ns / 1e9
        if changed_at <= (kept_drop.settled_at + _CLOCKS_APART).timestamp():
            return False
    if is_unchanged(drop, kept_drop.sha256, place):
        return False
    name = delivered_name(home, drop.uri, kept_drop.sha256)
    message = put_changed_back(home, place, name, drop.profile)
    ledger.not_kept_any_more(connection, kept_drop.kept_at, message)
    log.warning("%s: %s", shown(place.name, 200), message)
    return True


@dataclass(frozen=True, slots=True)
class Left:
    """A drop that was copied to where it is kept and is not removed from the landing folder yet.

    Attributes:
        path: Where it lies.
        known: Its row in the ledger; None if it is unknown.
    """

    path: Path
    known: LeftDrop | None


def left_for_long(connection: Connection, home: Home) -> list[Left]:
    """The drops that were copied to another file system and have not changed since."""
    listed = (path for folder in _folders(home) for path in _lying(folder))
    paths = {int(match[1]): path for path in listed if (match := _LEFT.match(path.name))}
    if not paths:
        return []
    all_known = ledger.left_drops(connection, list(paths))
    long = standstill_seconds()
    return [
        Left(path, known)
        for drop_id, path in paths.items()
        # A drop that the ledger does not know is from a ledger that was lost.
        if (known := all_known.get(drop_id)) is None or (known.seconds or 0) >= long
    ]


def clear_left(connection: Connection, home: Home) -> None:
    """Remove drops that are kept elsewhere and have not changed; put back those that have."""
    for left in left_for_long(connection, home):
        with _alone(left.path):
            if _is_kept(left):
                untrusted.remove(left.path)
            else:
                message = put_changed_back(home, left.path, *_came_by(home, left))
                log.warning("%s: %s", shown(left.path.name, 200), message)
            with suppress(OSError):
                left.path.parent.rmdir()


def _is_kept(left: Left) -> bool:
    """Whether the kept file equals the one that is still there."""
    known = left.known
    if known is None or known.kept_at is None:
        return False
    kept = look(uri_path(known.kept_at), known.drop.profile)
    there = isinstance(kept, Drop) and kept.size == known.drop.size
    return there and is_unchanged(known.drop, known.sha256 or "", left.path)


def _came_by(home: Home, left: Left) -> tuple[str, str]:
    """The name that it was delivered by, and its profile."""
    if left.known is not None:
        drop = left.known.drop
        return delivered_name(home, drop.uri, left.known.sha256 or ""), drop.profile
    folder = left.path.parents[1]
    profiles = [name for name in PROFILE_FOLDERS if home.landing / name == folder]
    return left.path.name.partition("-")[2], [*profiles, ProfileName.STANDARD][0]


def _folders(home: Home) -> Iterator[Path]:
    """The folders of drops that were copied."""
    landing = (home.landing, *(home.landing / name for name in PROFILE_FOLDERS))
    for folder in (*landing, home.rejected):
        path = storage.local(folder)
        if path:
            yield path / LEAVING


def _lying(folder: Path) -> list[Path]:
    try:
        return [path for path, _ in untrusted.listed(folder)]
    except NotAFolderError:
        return []  # nothing of ours


def grown(connection: Connection, claim: str) -> dict[int, list[SmallerDrop]]:
    """What was read of the same files on disk before they grew, by ids of drops."""
    smaller_drops: dict[int, list[SmallerDrop]] = {}
    for smaller in ledger.grown_from(connection, claim):
        smaller_drops.setdefault(smaller.drop_id, []).append(smaller)
    return smaller_drops


def prefixes(
    path: Path, candidates: Iterable[SmallerDrop], seen: Seen | None = None
) -> list[SmallerDrop]:
    """Those whose content is the beginning of a file, which must be the one that was seen."""
    by_size = sorted(candidates, key=lambda smaller: smaller.size)
    hashed = hashlib.sha256()
    beginnings: list[SmallerDrop] = []
    with untrusted.opened(path, seen) as stream:
        for smaller in by_size:
            while (left := smaller.size - stream.tell()) > 0:
                piece = stream.read(min(left, MIB))
                if not piece:
                    return beginnings
                hashed.update(piece)
            if hashed.hexdigest() == smaller.sha256:
                beginnings.append(smaller)
    return beginnings


@contextmanager
def _alone(place: Place) -> Iterator[None]:
    """A fault of one file is logged and does not stop the others."""
    try:
        yield
    except TransientError:
        raise
    except Exception as error:
        log.warning("%s is not compared with what was read: %s", shown(str(place), 300), why(error))


@dataclass(frozen=True)
class Difference:
    """A kept file that differs from the ledger.

    Attributes:
        place: Path or URI.
        problem: In a few words.
    """

    place: str
    problem: str


def kept_differences(connection: Connection, landing: "Place | None") -> Iterator[Difference]:
    """Read every file that was settled and compare it with the ledger.

    A later run may have moved a file: it is missing only if it is in none of its places.

    Args:
        connection: To the warehouse.
        landing: The landing folder, if it is known: a file of the same name there is a delivery
            that is not settled yet.
    """
    for content in ledger.kept_content(connection):
        places = [uri_path(uri) for uri in content.places]
        there = [place for place in places if storage.exists(place)]
        landed = zip(places, content.sizes, content.mtimes, content.identities, strict=True)
        newer = {
            str(place)
            for place, *seen in landed
            if landing and storage.relative(place, landing) and _is_another(place, seen)
        }
        for place in there:
            if str(place) in newer:
                continue
            digest = storage.digest(place)
            if digest != content.sha256:
                yield Difference(str(place), f"holds {digest[:12]}…, not {content.sha256[:12]}…")
        if not there and content.loaded:
            yield Difference(str(places[-1]), "is gone; its readings are in the tables")


def _is_another(place: Place, seen: list[object]) -> bool:
    """Whether the file there differs from the one that landed in size, time or identity."""
    drop_now = look(place, ProfileName.STANDARD)
    return (
        isinstance(drop_now, Drop) and [drop_now.size, drop_now.mtime_ns, drop_now.identity] != seen
    )
