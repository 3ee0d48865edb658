"""Where a loaded drop is kept, and how it is moved there.

Its sender may still write to it: the kept file is compared with what was read, and becomes a new
drop if it differs.
"""

from datetime import datetime
from pathlib import Path
from typing import Final

from nem12 import storage, untrusted
from nem12.drop import Drop, look, uri_path
from nem12.mdff.profiles import ProfileName
from nem12.mdff.stamps import NEM_TIME
from nem12.mdff.wording import shown
from nem12.settings import Home, keep_landing
from nem12.states import Outcome
from nem12.storage import Place
from nem12.tell.report import REPORT_SUFFIX
from nem12.untrusted import LEAVING
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection
from nem12.warehouse.rows import FileSummary, OpenDrop

_NAME_BYTES: Final = 200
"""Bytes of the delivered name in the archive: with hash and suffixes below the 255 that file
systems allow."""

_LANDED_NAME_BYTES: Final = 240
"""Bytes of the name of a file that is put back; a number precedes a name that is in use."""

LOST: Final = "loaded, but removed or replaced by its sender before it could be archived"


def place_of(home: Home, drop: Drop, sha256: str, outcome: Outcome, claimed_at: datetime) -> Place:
    """Where a drop is kept: the same place however often it is settled.

    Args:
        home: Where the folders are.
        drop: As it was claimed.
        sha256: Of the drop; its name begins with it from now on, so that equal names do not clash.
        outcome: A refused drop is kept in the rejected folder.
        claimed_at: Its month in NEM time is the folder of the archive.
    """
    path = drop.path
    if keep_landing() or storage.relative(path, home.archive):
        return path
    name = storage.shortened(path.name, _NAME_BYTES)
    prefix = _prefix(sha256)
    # A file from `rejected/` has the prefix already.
    kept = name if name.startswith(prefix) else f"{prefix}{name}"
    if outcome is Outcome.REFUSED:
        return home.rejected / kept
    month = claimed_at.astimezone(NEM_TIME)
    return home.archive / f"{month:%Y}" / f"{month:%m}" / kept


def report_place(
    home: Home, file: FileSummary, kept_at: Place, outcome: Outcome, *, alone: bool
) -> Place:
    """Where the report of a file is: beside the drop, or in the rejected folder.

    It depends only on where the drop is: a later caller may have other settings.

    Args:
        home: Where the folders are.
        file: Of the ledger.
        kept_at: Where its drop is kept.
        outcome: Of the file.
        alone: It is the only file in its drop: the report is named after the drop.
    """
    landed = storage.relative(kept_at, home.landing) is not None
    beside = not landed and (alone or outcome is not Outcome.REFUSED)
    folder = kept_at.parent if beside else home.rejected
    if alone and not landed:
        return folder / f"{kept_at.name}{REPORT_SUFFIX}"
    name = storage.shortened(Path(file.name).name, _NAME_BYTES)
    return folder / f"{_prefix(file.sha256)}{name}{REPORT_SUFFIX}"


def below_home(home: Home, place: Place) -> str:
    """Where a drop is, as people name it: `archive/2024/05/name`, `rejected/name`."""
    for name in ("archive", "rejected", "landing"):
        below = storage.relative(place, getattr(home, name))
        if below is not None:
            return f"{name}/{below}"
    return place.name


def delivered_name(home: Home, uri: str, sha256: str) -> str:
    """The delivered name of a drop that may be in its kept place."""
    path = uri_path(uri)
    if storage.relative(path, home.landing):
        return path.name
    return path.name.removeprefix(_prefix(sha256))


def keep(home: Home, claimed: OpenDrop, sha256: str, target: Place) -> str:
    """Move a drop to where it is kept; does nothing if it is there.

    If another file has its name in the landing folder now, that file is another drop and stays.

    Args:
        home: Where the folders are.
        claimed: As it was claimed.
        sha256: Of what was read.
        target: Where it is kept.

    Returns:
        Empty, or why it is not kept.
    """
    source = claimed.drop.path
    if target == source:
        return "" if _is_there(claimed.drop) else LOST
    if _is_there(claimed.drop):
        _make_room(home, claimed, sha256, target)
        if not storage.local(source):
            return _keep_object(claimed.drop, sha256, target)
        if not storage.renamed(source, target):
            _leave(claimed)
    if _has_left(claimed):
        problem = _copy(home, claimed, sha256, target)
    else:
        problem = _compare(home, claimed, sha256, target)
    # In the landing folder a file named like a report is a drop of its own.
    if not problem and not storage.relative(source, home.landing):
        storage.remove(source.with_name(f"{source.name}{REPORT_SUFFIX}"))
    return problem


def finish(connection: Connection, home: Home, claimed: OpenDrop) -> bool:
    """Settle a drop that was recorded, stayed in the landing folder, and was not marked.

    Returns:
        Whether it is done.
    """
    if claimed.kept_at is None or claimed.sha256 is None or _is_there(claimed.drop):
        return False
    target = uri_path(claimed.kept_at)
    if target == claimed.drop.path:
        return False
    if not _has_left(claimed) and not is_unchanged(claimed.drop, claimed.sha256, target):
        return False
    return ledger.settle_moved(connection, claimed, keep(home, claimed, claimed.sha256, target))


def put_back(home: Home, kept: Place, name: str, profile: str) -> Place:
    """Move a file into the landing folder of a profile; the watch never sees a part of it.

    Returns:
        Its path: this name, with a number before it if the name is in use.
    """
    folder = home.landing if profile == ProfileName.STANDARD else home.landing / profile
    free = folder / name
    number = 1
    while storage.exists(free):
        number += 1
        free = folder / f"{number}-{storage.shortened(name, _LANDED_NAME_BYTES)}"
    storage.move(kept, free)
    storage.remove(kept.with_name(f"{kept.name}{REPORT_SUFFIX}"))
    return free


def put_changed_back(home: Home, kept: Place, name: str, profile: str) -> str:
    """Put back a file that differs from what was read; returns a sentence about it."""
    back = put_back(home, kept, name, profile)
    return f"changed after it was read: put back as {shown(back.name, 200)}"


def is_unchanged(drop: Drop, sha256: str, place: Place) -> bool:
    """Whether a file is the drop that was read, whatever its time says."""
    drop_now = look(place, drop.profile)
    if not isinstance(drop_now, Drop) or drop_now.size != drop.size:
        return False
    if drop_now.mtime_ns != drop.mtime_ns or _is_replaced(drop, drop_now):
        return storage.digest(place) == sha256
    return True


def _is_replaced(drop: Drop, drop_now: Drop) -> bool:
    """Whether there is another file, on the same file system: its owner can set any time."""
    device, _, inode = drop.identity.partition(":")
    device_now, _, inode_now = drop_now.identity.partition(":")
    return device == device_now and inode != inode_now


def _prefix(sha256: str) -> str:
    return f"{sha256[:12]}-"


def _is_there(drop: Drop) -> bool:
    return look(drop.path, drop.profile) == drop


def leaving_place(claimed: OpenDrop) -> Path:
    """Where a drop is while it is copied; the name contains its id."""
    path = claimed.drop.path
    name = f"{claimed.drop_id}-{storage.shortened(path.name, _LANDED_NAME_BYTES - 20)}"
    return Path(str(path.parent / LEAVING / name))


def _leave(claimed: OpenDrop) -> None:
    """Hide a drop from the watch, on the file system where it landed."""
    place = leaving_place(claimed)
    untrusted.make_folder(place.parent)
    untrusted.rename(Path(str(claimed.drop.path)), place)


def _has_left(claimed: OpenDrop) -> bool:
    """Whether it is where it was to be copied from."""
    there = storage.local(claimed.drop.path)
    return bool(there) and isinstance(look(leaving_place(claimed), claimed.drop.profile), Drop)


def _make_room(home: Home, claimed: OpenDrop, sha256: str, target: Place) -> None:
    """An equal delivery was kept under this name, and has changed since: it must not be lost."""
    if storage.exists(target) and storage.digest(target) != sha256:
        put_changed_back(home, target, claimed.drop.path.name, claimed.drop.profile)


def _keep_object(drop: Drop, sha256: str, target: Place) -> str:
    """Move a drop out of a bucket; an object that replaces it meanwhile stays."""
    source = drop.path
    storage.transfer(source, target)
    if not _is_there(drop):
        if storage.digest(target) != sha256:
            storage.remove(target)
            return LOST
        return ""
    storage.remove(source)
    return ""


def _copy(home: Home, claimed: OpenDrop, sha256: str, target: Place) -> str:
    """Copy a drop that was taken out of the landing folder; it is removed later, if unchanged."""
    place = leaving_place(claimed)
    if is_unchanged(claimed.drop, sha256, place) and storage.copied(place, target, sha256):
        return ""
    return put_changed_back(home, place, claimed.drop.path.name, claimed.drop.profile)


def _compare(home: Home, claimed: OpenDrop, sha256: str, target: Place) -> str:
    """Whether the moved file is what was read: its writer may not have finished."""
    if not storage.exists(target):
        return LOST
    if is_unchanged(claimed.drop, sha256, target):
        return ""
    return put_changed_back(home, target, claimed.drop.path.name, claimed.drop.profile)
