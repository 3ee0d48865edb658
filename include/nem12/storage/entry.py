"""The entry under a name, in a folder or in a bucket."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from upath import UPath

Place: TypeAlias = "Path | UPath"
"""A file or folder, wherever it is."""


class Kind(Enum):
    """The kind of an entry of a folder; links are not followed."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Entry:
    """The entry under a name, as it is now.

    Attributes:
        place: Its place.
        uri: The same as the ledger keeps it; `file://` with any bytes percent-encoded.
        size: Bytes.
        mtime_ns: Time of its last change.
        identity: Distinguishes this content from others: device and inode, or the entity tag in a
            bucket.
        names: Number of hard links.
    """

    place: Place
    uri: str
    size: int
    mtime_ns: int
    identity: str
    kind: Kind = Kind.FILE
    names: int = 1

    @property
    def changed(self) -> float:
        """Time of its last change, in epoch seconds."""
        return self.mtime_ns / 1e9
