"""Which files still hold an NMI: for whoever has to make it forgotten."""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from nem12.mdff.text import Readable
from nem12.settings import MIB, Home
from nem12.storage import Place, files_below

_BROKEN: Final = (
    OSError,
    EOFError,
    zlib.error,
    zipfile.BadZipFile,
    RuntimeError,  # a member that is encrypted
    NotImplementedError,  # or compressed by an unusual method
)


@dataclass(frozen=True, slots=True)
class Held:
    """A file that holds an NMI, or of which nobody can tell.

    Attributes:
        path: Of the file.
        why: `holds it`, `is named after it`, or why it could not be read.
    """

    path: Place
    why: str


def holding(home: Home, nmi: str) -> Iterator[Held]:
    """Search all that lies in the folders, archives too, in name and content.

    Called when the NMI is forgotten already: whatever cannot be read is named, and ends nothing.
    """
    unlisted: list[Held] = []

    def note(folder: Place, error: OSError) -> None:
        unlisted.append(Held(folder, f"cannot be listed: {error.strerror}"))

    for folder in (home.landing, home.staging, home.archive, home.rejected):
        for path in files_below(folder, note):
            # Without regard to links: what they lead to is not ours, or found where it lies.
            if path.is_file() and not path.is_symlink():
                try:
                    if _holds(path, nmi.encode()):
                        yield Held(path, "holds it")
                    elif nmi in path.name:
                        yield Held(path, "is named after it")
                except FileNotFoundError:
                    continue  # a load has moved it on: what it settles is kept out
                except _BROKEN as error:
                    yield Held(path, f"cannot be read: {error}")
    yield from unlisted


def _holds(path: Place, wanted: bytes) -> bool:
    with path.open("rb") as stream:
        magic = stream.read(2)
        stream.seek(0)
        if magic == b"\x1f\x8b":
            with gzip.open(stream) as expanded:
                return _found(expanded, wanted)
        if magic == b"PK":
            with zipfile.ZipFile(stream) as archive:
                return any(_member_holds(archive, member, wanted) for member in archive.infolist())
        return _found(stream, wanted)


def _member_holds(archive: zipfile.ZipFile, member: zipfile.ZipInfo, wanted: bytes) -> bool:
    if wanted in member.filename.encode(errors="replace"):
        return True
    with archive.open(member) as expanded:
        return _found(expanded, wanted)


def _found(stream: Readable, wanted: bytes) -> bool:
    end = b""
    while chunk := stream.read(MIB):
        if wanted in end + chunk:
            return True
        # What is wanted may lie across two chunks.
        end = chunk[-len(wanted) :]
    return False
