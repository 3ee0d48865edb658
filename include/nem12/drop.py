"""The drops in the landing folder: which names are drops, and when a drop is complete."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from nem12 import storage
from nem12.errors import TerminalError
from nem12.ignored import BEGINNING, why_ignored
from nem12.mdff.profiles import PROFILE_FOLDERS, ProfileName
from nem12.settings import INCOMPLETE_HOURS, Home
from nem12.storage import Entry, Kind, Place
from nem12.untrusted import LEAVING, NotAFolderError, Seen

PARTIAL_SUFFIXES: Final = (".part", ".tmp", ".filepart", ".crdownload")
"""Names that copying tools and browsers give to unfinished files."""


@dataclass(frozen=True, slots=True)
class Drop:
    """A file in the landing folder, distinguished from other content under the same name.

    Attributes:
        uri: `file://` URI, percent-encoded: a name may hold any bytes; or that of a bucket.
        size: Bytes.
        mtime_ns: Time of its last change.
        identity: Device and inode; in a bucket the entity tag.
        profile: From the folder that it is in.
    """

    uri: str
    size: int
    mtime_ns: int
    identity: str
    profile: str

    @property
    def path(self) -> Place:
        """Its path."""
        return uri_path(self.uri)

    @property
    def seen(self) -> Seen | None:
        """The file that must be found when it is opened; None in a bucket."""
        if not self.uri.startswith("file:"):
            return None
        return self.size, self.mtime_ns, int(self.identity.partition(":")[2])


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something in the landing folder that is not a drop.

    Attributes:
        path: Its path.
        reason: Why it is ignored.
    """

    path: Place
    reason: str


def uri_path(uri: str) -> Place:
    """The path of a URI of the ledger; for a local file byte for byte."""
    return storage.place(uri)


def landed(home: Home) -> Iterator[Drop | Ignored]:
    """Everything in the landing folder and the folders of profiles; others are not searched."""
    yield from _in_folder(home.landing, ProfileName.STANDARD)
    for profile in PROFILE_FOLDERS:
        # A file of this name is listed with the landing folder.
        with suppress(NotAFolderError):
            yield from _in_folder(home.landing / profile, profile)


def drops(home: Home) -> list[Drop]:
    """The drops, in the order of their names."""
    items = (item for item in landed(home) if isinstance(item, Drop))
    return sorted(items, key=lambda drop: drop.uri)


def overdue(home: Home) -> Iterator[Ignored]:
    """Entries that are in the landing folder for long and will not be loaded, to be reported."""
    oldest = time.time() - INCOMPLETE_HOURS * 3600
    for folder in (home.landing, *(home.landing / name for name in PROFILE_FOLDERS)):
        with suppress(NotAFolderError):
            for entry in storage.listed(folder):
                name = entry.place.name
                if name != LEAVING and is_partial(name) and entry.changed < oldest:
                    yield Ignored(
                        entry.place,
                        f"its name has been that of a partial upload for {INCOMPLETE_HOURS} h",
                    )
    yield from (item for item in landed(home) if isinstance(item, Ignored))


def look(path: Place, profile: str) -> Drop | Ignored | None:
    """A drop as it is now; None if it is gone."""
    try:
        entry = storage.entry(path)
    except NotAFolderError as error:
        return Ignored(path, str(error))
    return _as_listed(entry, profile) if entry else None


_NO_FILE: Final = {
    Kind.FOLDER: "a folder; only strict/ and lenient/ are searched",
    Kind.LINK: "a symbolic link; not followed",
    Kind.OTHER: "not a regular file",
}


def _as_listed(entry: Entry, profile: str) -> Drop | Ignored | None:
    """The drop or ignored entry of a folder; None if it is gone."""
    if entry.kind in _NO_FILE:
        return Ignored(entry.place, _NO_FILE[entry.kind])
    if not storage.is_readable(entry.place):
        return Ignored(entry.place, "not readable") if storage.exists(entry.place) else None
    return _taken(_drop(entry, profile))


def _taken(drop: Drop) -> Drop | Ignored:
    """A drop, unless it is named like another kind of file and does not begin as meter data."""
    try:
        reason = _why_ignored(drop)
    except (OSError, TerminalError):
        return drop  # gone or unreadable: the next step that reads it says so
    return Ignored(drop.path, reason) if reason else drop


@lru_cache(maxsize=4096)
def _why_ignored(drop: Drop) -> str | None:
    """Cached for each content: the landing folder is listed up to four times a second."""
    path = drop.path
    # A bucket refuses to give a range of an empty file.
    size = min(drop.size, BEGINNING)
    return why_ignored(path.name, lambda: storage.beginning(path, size) if size else b"")


def unchanged(seen: list[Drop]) -> list[Drop]:
    """The drops that are still there unchanged."""
    # List whole folders of a bucket: a request for each of thousands of files takes minutes.
    remote = {drop.path.parent: drop.profile for drop in seen if not storage.local(drop.path)}
    there = {
        _drop(entry, profile)
        for folder, profile in remote.items()
        for entry in storage.listed(folder)
    }
    return [drop for drop in seen if drop in there or look(drop.path, drop.profile) == drop]


def is_partial(name: str) -> bool:
    """Whether a name says that the file is still being written."""
    return name.startswith(".") or name.lower().endswith(PARTIAL_SUFFIXES)


def _in_folder(folder: Place, profile: str) -> Iterator[Drop | Ignored]:
    for entry in storage.listed(folder):
        name = entry.place.name
        folder_of_ours = name in PROFILE_FOLDERS and entry.kind is Kind.FOLDER
        if (profile == ProfileName.STANDARD and folder_of_ours) or is_partial(name):
            continue
        item = _as_listed(entry, profile)
        if isinstance(item, Drop) and entry.names > 1:
            # It may be somebody else's file. Servers that rename by a link remove the old name.
            item = Ignored(
                entry.place, "a file with another name (hard link); copy or move it here"
            )
        if item is not None:
            yield item


def _drop(entry: Entry, profile: str) -> Drop:
    return Drop(entry.uri, entry.size, entry.mtime_ns, entry.identity, profile)


class Settling:
    """Decides which drops have stopped changing, and when a batch of complete ones is claimed.

    Args:
        still_seconds: How long size and time of a drop must not change.
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
        """The drops that have not changed for long enough.

        Args:
            seen: The drops of this listing.
            now: Seconds of a monotonic clock.
        """
        names = {drop.uri for drop in seen}
        # A file that grows is not a new name: it must not hold up the others.
        if names - self._names:
            self._newest = now
        self._names = names
        self._since = {drop: self._since.get(drop, now) for drop in seen}
        return [drop for drop, since in self._since.items() if now - since >= self._still]

    def batch(self, complete: list[Drop], now: float) -> list[Drop]:
        """The drops to claim now; empty while more are arriving.

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
