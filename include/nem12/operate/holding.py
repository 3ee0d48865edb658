"""Finds files that still hold an NMI, for those who have to remove them."""

from collections.abc import Iterator
from dataclasses import dataclass
from os import SEEK_END
from typing import BinaryIO

from nem12.containers import archives, foreign
from nem12.containers.archives import DamagedError, Expanding, LimitError
from nem12.containers.foreign import BEGINNING
from nem12.errors import TerminalError
from nem12.mdff import text
from nem12.settings import MAX_EXPANDED_BYTES, MIB, Home
from nem12.storage import Place, files_below, opened_in_parts


@dataclass(frozen=True, slots=True)
class Held:
    """A file that contains an NMI, or that could not be searched.

    Attributes:
        path: Of the file.
        why: `holds it`, `is named after it`, or why it could not be read.
    """

    path: Place
    why: str


def files_holding(home: Home, nmi: str) -> Iterator[Held]:
    """Search all files in the folders, archives too, by name and content.

    Called after the NMI was deleted: a file that cannot be read is listed and does not end the
    search.
    """
    unlisted: list[Held] = []

    def note(folder: Place, error: OSError) -> None:
        unlisted.append(Held(folder, f"cannot be listed: {error.strerror}"))

    for folder in (home.landing, home.staging, home.archive, home.rejected):
        for path in files_below(folder, note):
            # Links are skipped: their targets are not ours, or are found in their own folder.
            if path.is_file() and not path.is_symlink():
                try:
                    if _holds(path, nmi.encode()):
                        yield Held(path, "holds it")
                    elif nmi in path.name:
                        yield Held(path, "is named after it")
                except FileNotFoundError:
                    continue  # a load has moved it: its settling leaves the NMI out
                except (DamagedError, LimitError, TerminalError, OSError) as error:
                    yield Held(path, f"cannot be read: {error}")
    yield from unlisted


def _holds(path: Place, nmi: bytes) -> bool:
    """Whether a file contains it.

    Raises:
        DamagedError: The readable part does not contain it, and another part cannot be read.
    """
    with opened_in_parts(path) as stream:
        packing = archives.format_of(stream, stream.read(BEGINNING))
        if packing:
            return _archive_holds(packing, stream, nmi)
        return _found(stream, nmi)


def _archive_holds(packing: archives.Format, stream: BinaryIO, nmi: bytes) -> bool:
    damaged: DamagedError | None = None
    with packing.opened(stream, stream.seek(0, SEEK_END)) as members:
        for member in members:
            if nmi in member.name.encode(errors="replace"):
                return True
            try:
                with member.opened() as expanded:
                    if _found(_unbounded(expanded), nmi):
                        return True
            except DamagedError as error:
                damaged = error
    if damaged:
        raise damaged
    return False


def _unbounded(stream: text.Readable) -> Expanding:
    """Kept archives are searched without a limit of expansion; only damage is reported."""
    return Expanding(MAX_EXPANDED_BYTES, stream)


def _found(stream: text.Readable, nmi: bytes) -> bool:
    """Whether a stream contains it as it is.

    Raises:
        DamagedError: It does not, and it is in a packed format that this package cannot open.
    """
    beginning = end = stream.read(BEGINNING)
    holds = nmi in beginning
    while not holds and (chunk := stream.read(MIB)):
        holds = nmi in end + chunk
        # The NMI may lie across two chunks.
        end = chunk[-len(nmi) :]
    if not holds and (kind := foreign.by_packing(beginning)):
        raise DamagedError(f"it is {kind.what}, look into it by hand")
    return holds
