"""What lies under a name, in a folder or in a bucket."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from upath import UPath

Place: TypeAlias = "Path | UPath"
"""A file or folder, wherever it is."""


class Kind(Enum):
    """What an entry of a folder is; a link is one wherever it leads."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Entry:
    """What lies under a name, as it is now.

    Attributes:
        place: Where it lies.
        uri: The same as the ledger keeps it; `file://` with any bytes percent-encoded.
        size: Bytes.
        mtime_ns: Time of its last change.
        identity: What this content is told from another one by: device and inode, or the tag that
            a bucket gives it.
        names: Hard links.
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
