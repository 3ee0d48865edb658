"""What lies in the landing folder: which names are drops, and when a drop is complete."""

import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from nem12 import storage, untrusted
from nem12.errors import TerminalError
from nem12.ignored import BEGINNING, why_ignored
from nem12.settings import INCOMPLETE_HOURS, Home
from nem12.storage import Place
from nem12.untrusted import LEAVING, PROFILE_FOLDERS, NotAFolderError, Seen

PARTIAL_SUFFIXES: Final = (".part", ".tmp", ".filepart", ".crdownload")
"""What copying tools and browsers call a file that is still on its way."""


@dataclass(frozen=True, slots=True)
class Drop:
    """A file in the landing folder, told apart from any other content under the same name.

    Attributes:
        uri: `file://` URI, percent-encoded: a name may hold any bytes; or that of a bucket.
        size: Bytes.
        mtime_ns: Time of its last change.
        identity: Device and inode; in a bucket the entity tag.
        profile: By the folder it lies in.
    """

    uri: str
    size: int
    mtime_ns: int
    identity: str
    profile: str

    @property
    def path(self) -> Place:
        """Where it lies."""
        return uri_path(self.uri)

    @property
    def seen(self) -> Seen | None:
        """What the file is to be when it is opened; None in a bucket."""
        if not self.uri.startswith("file:"):
            return None
        return self.size, self.mtime_ns, int(self.identity.partition(":")[2])


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something in the landing folder that is not a drop.

    Attributes:
        path: Where it lies.
        reason: Why it is left alone.
    """

    path: Place
    reason: str


def uri_path(uri: str) -> Place:
    """Where a URI of the ledger leads; that of a local file byte for byte."""
    return storage.place(uri)


def landed(home: Home) -> Iterator[Drop | Ignored]:
    """Everything in the landing folder and its profiles' folders; no other folder is entered."""
    yield from _in_folder(home.landing, "standard")
    for profile in PROFILE_FOLDERS:
        # What else is called so is listed with the landing folder.
        with suppress(NotAFolderError):
            yield from _in_folder(home.landing / profile, profile)


def drops(home: Home) -> list[Drop]:
    """The drops, in the order of their names."""
    found = (item for item in landed(home) if isinstance(item, Drop))
    return sorted(found, key=lambda drop: drop.uri)


def overdue(home: Home) -> Iterator[Ignored]:
    """What lies in the landing folder for long and is not taken: somebody should know."""
    oldest = time.time() - INCOMPLETE_HOURS * 3600
    for folder in (home.landing, *(home.landing / name for name in PROFILE_FOLDERS)):
        with suppress(NotAFolderError):
            for path, changed in _all_in(folder):
                if path.name != LEAVING and is_partial(path.name) and changed < oldest:
                    yield Ignored(path, f"called a partial upload for {INCOMPLETE_HOURS} h")
    yield from (item for item in landed(home) if isinstance(item, Ignored))


def look(path: Place, profile: str) -> Drop | Ignored | None:
    """A drop as it is now; None if it is gone."""
    if not isinstance(path, Path):
        blob = storage.blob(path)
        return _taken(_of_blob(blob, profile)) if blob else None
    try:
        # Not following links: one that leads out of the landing folder must not be read.
        status = untrusted.status_of(path)
    except FileNotFoundError:
        return None
    except NotAFolderError as error:
        return Ignored(path, str(error))
    return _as_listed(path, status, profile)


def _as_listed(path: Path, status: os.stat_result, profile: str) -> Drop | Ignored | None:
    """What an entry of a folder is, by its status; not that of what a link leads to."""
    if not stat.S_ISREG(status.st_mode):
        return Ignored(path, _kind(status.st_mode))
    if not untrusted.is_readable(path):
        return Ignored(path, "not readable") if os.path.lexists(path) else None
    identity = f"{status.st_dev}:{status.st_ino}"
    return _taken(Drop(path.as_uri(), status.st_size, status.st_mtime_ns, identity, profile))


def _taken(drop: Drop) -> Drop | Ignored:
    """A drop, unless it is called like something else and does not begin as meter data."""
    try:
        reason = _why_ignored(drop)
    except (OSError, TerminalError):
        return drop  # gone, or not to be read: whoever reads it next says so
    return Ignored(drop.path, reason) if reason else drop


@lru_cache(maxsize=4096)
def _why_ignored(drop: Drop) -> str | None:
    """Found out once for each content: the landing folder is looked at every second."""
    path = drop.path
    # Of an empty file in a bucket no range can be asked for.
    size = min(drop.size, BEGINNING)
    return why_ignored(path.name, lambda: storage.beginning(path, size) if size else b"")


def unchanged(seen: list[Drop]) -> list[Drop]:
    """Those that still lie there as they were seen."""
    # Of a bucket whole folders are listed: a question for each file takes minutes for thousands.
    remote = {drop.path.parent: drop.profile for drop in seen if not drop.uri.startswith("file:")}
    there = {
        found
        for folder, profile in remote.items()
        if not isinstance(folder, Path)
        for found in (_of_blob(blob, profile) for blob in storage.blobs(folder))
    }
    return [drop for drop in seen if drop in there or look(drop.path, drop.profile) == drop]


def is_partial(name: str) -> bool:
    """Whether a name says that the file is still being written."""
    return name.startswith(".") or name.lower().endswith(PARTIAL_SUFFIXES)


def _in_folder(folder: Place, profile: str) -> Iterator[Drop | Ignored]:
    if not isinstance(folder, Path):
        blobs = storage.blobs(folder)
        whole = (_of_blob(blob, profile) for blob in blobs if not is_partial(blob.place.name))
        yield from map(_taken, whole)
        return
    for path, status in untrusted.listed(folder):
        folder_of_ours = path.name in PROFILE_FOLDERS and stat.S_ISDIR(status.st_mode)
        if (profile == "standard" and folder_of_ours) or is_partial(path.name):
            continue
        found = _as_listed(path, status, profile)
        if isinstance(found, Drop) and status.st_nlink > 1:
            # It may be somebody else's. Servers that rename by a link take the old name at once.
            found = Ignored(path, "a file with another name (hard link); copy or move it here")
        if found is not None:
            yield found


def _all_in(folder: Place) -> Iterator[tuple[Place, float]]:
    """Everything in a folder, with the time of its last change."""
    if not isinstance(folder, Path):
        yield from ((blob.place, blob.mtime_ns / 1e9) for blob in storage.blobs(folder))
    else:
        yield from ((path, status.st_mtime) for path, status in untrusted.listed(folder))


def _of_blob(blob: storage.Blob, profile: str) -> Drop:
    return Drop(str(blob.place), blob.size, blob.mtime_ns, blob.identity, profile)


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder; only strict/ and lenient/ are entered"
    return "a symbolic link; not followed" if stat.S_ISLNK(mode) else "not a regular file"


class Settling:
    """Decides which drops stand still, and when a batch of complete ones is taken.

    Args:
        still_seconds: How long size and time of a drop must stand still.
        gather_seconds: How long to wait at most while new names keep coming, so that a copy of
            thousands becomes one batch.
    """

    def __init__(self, still_seconds: float, gather_seconds: float) -> None:
        self._still = still_seconds
        self._gather = gather_seconds
        self._since: dict[Drop, float] = {}
        self._names: set[str] = set()
        self._newest = 0.0
        self._first_complete: float | None = None

    def standing(self, seen: list[Drop], now: float) -> list[Drop]:
        """The drops that stood still for long enough.

        Args:
            seen: The drops of this look.
            now: Seconds of a clock that only goes forward.
        """
        names = {drop.uri for drop in seen}
        # One that grows is no new name: it must not hold up the others.
        if names - self._names:
            self._newest = now
        self._names = names
        self._since = {drop: self._since.get(drop, now) for drop in seen}
        return [drop for drop, since in self._since.items() if now - since >= self._still]

    def batch(self, complete: list[Drop], now: float) -> list[Drop]:
        """The drops to take now; empty while it is worth to wait for more.

        Args:
            complete: Those of `standing` that are complete.
            now: As for `standing`.
        """
        if not complete:
            self._first_complete = None
            return []
        if self._first_complete is None:
            self._first_complete = now
        arriving = now - self._newest < self._still
        if arriving and now - self._first_complete < self._gather:
            return []
        return complete
