"""Files in folders of this machine, or in buckets that a URI such as `s3://…` names.

Both do what follows, each in its own way: `Folder` and `Bucket`. Another file store that
universal-pathlib knows needs no more than its credentials.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, BinaryIO, Final, cast
from urllib.parse import unquote_to_bytes, urlsplit

from nem12 import untrusted
from nem12.storage.adding import AddedFile, AddedObject
from nem12.storage.bucket import Bucket
from nem12.storage.entry import Entry, Kind, Place
from nem12.storage.folder import Folder, named, shortened, sync

__all__ = ["Entry", "Kind", "Place", "named", "shortened"]

_COPIED_BYTES: Final = 1024 * 1024
"""Bytes that are copied at a time."""

_credentials: ContextVar[Mapping[str, Any]] = ContextVar("_credentials", default={})  # noqa: B039 - never changed


@contextmanager
def credentials(options: Mapping[str, Any]) -> Iterator[None]:
    """Credentials for buckets inside this block; without it those of the environment.

    Args:
        options: As fsspec takes them, such as `key` and `secret`.
    """
    before = _credentials.set(options)
    try:
        yield
    finally:
        _credentials.reset(before)


def place(text: str) -> Place:
    """The place of a name: a path, a `file://` URI, or the URI of a bucket."""
    if "://" not in text:
        return Path(text).expanduser().resolve()
    if text.startswith("file://"):
        return Path(os.fsdecode(unquote_to_bytes(urlsplit(text).path)))
    from upath import UPath  # only for buckets: it takes as long to import as all the rest

    # A cached listing would show an earlier state of the folder.
    return cast("Place", UPath(text, use_listings_cache=False, **_credentials.get()))


def _at(item: Place) -> Folder | Bucket:
    return Folder(item) if isinstance(item, Path) else Bucket(item)


def local(item: Place) -> Path | None:
    """The path of a file or folder of this machine; None in a bucket."""
    return _at(item).local


def relative(item: Place, folder: Place) -> PurePath | None:
    """The path below a folder; None if it is not below it."""
    path, above = local(item), local(folder)
    if path and above:
        return path.relative_to(above) if path.is_relative_to(above) else None
    prefix = f"{folder}".rstrip("/") + "/"
    return PurePosixPath(str(item)[len(prefix) :]) if str(item).startswith(prefix) else None


def entry(item: Place) -> Entry | None:
    """The entry that is there now, or None.

    Raises:
        NotAFolderError: Something else is in the place of its folder.
    """
    return _at(item).entry


def listed(folder: Place) -> Iterator[Entry]:
    """The entries of a folder in the order of their names; in a bucket only files.

    Raises:
        NotAFolderError: Something else is in its place.
    """
    return _at(folder).listed()


def is_readable(item: Place) -> bool:
    """Whether a file may be read."""
    return _at(item).is_readable


def is_missing(folder: Place) -> bool:
    """Whether there is no such folder on this machine."""
    return _at(folder).is_missing


def exists(item: Place) -> bool:
    """Whether there is a file of that name, or a link, wherever that leads."""
    return _at(item).exists


def arrived_at(item: Place, mtime_ns: int) -> float | None:
    """When a file arrived there (epoch seconds); None if it is gone.

    Args:
        item: The file.
        mtime_ns: Its modification time, which a copy may have kept.
    """
    return _at(item).arrived_at(mtime_ns)


def files_below(
    folder: Place, unlisted: Callable[[Path, OSError], None] | None = None
) -> Iterator[Place]:
    """The files in a folder and in the folders below it; a link counts as a file.

    Args:
        folder: May be missing.
        unlisted: Receives each folder that cannot be listed, and why; without it the error is
            raised.
    """
    return _at(folder).files_below(unlisted)


def folders(parent: Place) -> Sequence[tuple[Place, float]]:
    """The folders in a folder, each with the time (epoch seconds) of its last change."""
    return _at(parent).folders()


def fetched(item: Place, to: Path) -> Path:
    """The file on this machine: itself, or the copy that is made of it.

    Raises:
        FileNotFoundError: It is gone.
    """
    return _at(item).fetched(to)


def opened(item: Place) -> BinaryIO:
    """A file, to be read from its beginning; a bucket's is fetched before.

    Raises:
        FileNotFoundError: It is gone.
    """
    return _at(item).opened()


def opened_in_parts(item: Place) -> BinaryIO:
    """A file of which a range is read; from a bucket only that is fetched.

    Raises:
        FileNotFoundError: It is gone.
    """
    return _at(item).opened_in_parts()


def beginning(item: Place, size: int) -> bytes:
    """The first bytes of a file, without following links and without waiting.

    Raises:
        OSError: It is gone, or is not a file that may be read.
    """
    return _at(item).beginning(size)


def read_text(item: Place) -> str:
    """The text of a small file.

    Raises:
        FileNotFoundError: It is gone.
    """
    return _at(item).read_text()


def writing(target: Place) -> AbstractContextManager[BinaryIO]:
    """Write a file completely or not at all: beside, synced, renamed; into a bucket in one request.

    Others may write the same file at the same time.
    """
    return _at(target).writing()


def added(folder: Place, beside: str) -> AddedFile | AddedObject:
    """A new file, to be written piece by piece; it gets a name of its own when it is whole.

    Args:
        folder: Where it will be.
        beside: Its name in this folder until then; a bucket never has a part of it.

    Raises:
        NotAFolderError: Something else is in the place of the folder.
        OSError: It cannot be written there.
    """
    at = _at(folder)
    return AddedFile(at.path, beside) if isinstance(at, Folder) else AddedObject(at.place)


def write_text(target: Place, text: str) -> None:
    """Write a file completely or not at all."""
    with writing(target) as out:
        out.write(text.encode())


def note(target: Place, text: str) -> None:
    """Write a small file that only has to outlive this process."""
    _at(target).note(text)


def append_lines(target: Place, lines: Iterable[str]) -> None:
    """Append lines and sync them; other processes may append at the same time."""
    _at(target).append_lines(lines)


def appended(target: Place) -> Iterator[str]:
    """What was appended, in texts of whole lines; only the last line may be incomplete."""
    return _at(target).appended()


def remove(item: Place) -> None:
    """Remove a file, if it is there."""
    _at(item).remove()


def remove_folder(folder: Place) -> None:
    """Remove one of our folders with its content, if it exists."""
    _at(folder).remove_folder()


def renamed(source: Place, target: Place) -> bool:
    """Rename a file; False if the target is on another file system, or either is in a bucket."""
    here, there = _at(source), _at(target)
    return isinstance(here, Folder) and isinstance(there, Folder) and here.renamed(there.path)


def move(source: Place, target: Place) -> None:
    """Move a file; the target never has a part of it."""
    if not renamed(source, target):
        # A process that dies in between leaves both, and the next one moves again.
        transfer(source, target)
        remove(source)


def transfer(source: Place, target: Place) -> None:
    """Copy a file; between buckets without transferring it to this machine."""
    here, there = _at(source), _at(target)
    if isinstance(here, Bucket) and isinstance(there, Bucket):
        here.place.fs.cp_file(here.place.path, there.place.path)
    else:
        copy(source, target)


def shared(folder: Place, files: Mapping[str, Path]) -> dict[str, str]:
    """Places where every worker can read these files: in a bucket they are uploaded to it.

    Args:
        folder: That workers read.
        files: Of this machine, each by the name it is to have.

    Returns:
        Path or URI of each.
    """
    return _at(folder).shared(files)


class _OtherContentError(Exception):
    """A file is not the one that was to be copied."""


def copy(source: Place, target: Place, sha256: str = "") -> None:
    """Copy a file and sync it; between folders its times are kept.

    Its mode is not copied: a sender must not decide who can read our file.

    Args:
        source: Its sender may write to it meanwhile.
        target: Not touched if the copy fails.
        sha256: The hash that the copy must have; empty for any.
    """
    hashed = hashlib.sha256()
    folder = local(target.parent)
    with opened_in_parts(source) as data, writing(target) as out:
        while piece := data.read(_COPIED_BYTES):
            hashed.update(piece)
            out.write(piece)
        if sha256 and hashed.hexdigest() != sha256:
            raise _OtherContentError
        if folder and local(source):
            out.flush()
            status = os.fstat(data.fileno())
            os.utime(out.fileno(), ns=(status.st_atime_ns, status.st_mtime_ns))
    if folder:
        sync(folder)


def copied(source: Path, target: Place, sha256: str) -> bool:
    """Copy a file with this hash; False if its hash differs."""
    try:
        copy(source, target, sha256)
    except _OtherContentError:
        return False
    return True


def digest(item: Place) -> str:
    """The SHA-256 of a file.

    Raises:
        FileNotFoundError: It is gone.
    """
    path = local(item)
    with untrusted.opened(path) if path else opened(item) as stream:
        return hashlib.file_digest(cast("Any", stream), "sha256").hexdigest()
