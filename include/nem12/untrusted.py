"""Files and folders that their sender may replace at any moment: by a link, a pipe, a file.

A folder inside the landing folder is opened without following links, and its content by its
descriptor: no name can lead elsewhere between a check and what follows it. Only regular files are
opened, and on request only the one that was seen before. The operator chooses the landing folder
itself: no sender may be able to replace it.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Final

from nem12.errors import TerminalError
from nem12.mdff.profiles import PROFILE_FOLDERS
from nem12.mdff.wording import shown

LEAVING: Final = ".leaving"
"""The folder, beside a drop, from which it is copied to another file system."""


Seen = tuple[int, ...]
"""Size, modification time (ns) and inode of a file: other content has others."""

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC

_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Open without waiting: a pipe may have no writer, and a lease may be held for any time."""

_NO_FILE: Final = (errno.ELOOP, errno.ENXIO, errno.ENODEV)
"""Errors of opening a link, a socket and a device."""


class NotAFileError(TerminalError):
    """It is not a regular file."""


class NotAFolderError(TerminalError):
    """A link or something else is in the place of a folder."""


class ChangedError(TerminalError):
    """A file is not the one that was seen."""


def seen_of(status: os.stat_result) -> Seen:
    """The values that distinguish a file from others."""
    return status.st_size, status.st_mtime_ns, status.st_ino


@contextmanager
def entered(folder: Path) -> Iterator[int]:
    """A descriptor of a folder.

    Raises:
        NotAFolderError: It is a link inside the landing folder, or not a folder.
        OSError: It is gone, or cannot be read.
    """
    descriptor = _open_folder(folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _open_folder(folder: Path) -> int:
    if folder.name not in (*PROFILE_FOLDERS, LEAVING):
        return os.open(folder, _FOLDER)
    with entered(folder.parent) as above:
        try:
            return os.open(folder.name, _FOLDER | os.O_NOFOLLOW, dir_fd=above)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                raise NotAFolderError(f"{folder} is not a folder: remove it") from None
            error.filename = str(folder)
            raise


def listed(folder: Path) -> list[tuple[Path, os.stat_result]]:
    """The entries of a folder by name, each with its status; links are not followed.

    Other processes move files meanwhile: a vanished file is left out, and a vanished folder is
    empty.

    Raises:
        NotAFolderError: As `entered`.
    """
    found = []
    try:
        with entered(folder) as descriptor, os.scandir(descriptor) as entries:
            for entry in entries:
                try:
                    found.append((folder / entry.name, entry.stat(follow_symlinks=False)))
                except OSError as error:
                    if not _vanished(error):
                        raise
    except OSError as error:
        if not _vanished(error):
            raise
    return sorted(found)


def _vanished(error: OSError) -> bool:
    """Whether the error means that a name is gone; on NFS also a stale handle."""
    return error.errno in (errno.ENOENT, errno.ESTALE)


def status_of(path: Path) -> os.stat_result:
    """The status of a file, or of the link in its place."""
    with entered(path.parent) as folder:
        return os.stat(path.name, dir_fd=folder, follow_symlinks=False)


def is_readable(path: Path) -> bool:
    """Whether a file may be read."""
    with entered(path.parent) as folder:
        return os.access(path.name, os.R_OK, dir_fd=folder)


def opened(path: Path, seen: Seen | None = None) -> BufferedReader:
    """Open a regular file at its beginning, never through a link, and without waiting.

    Args:
        path: Of the file.
        seen: The file as it was seen; None for any file.

    Raises:
        ChangedError: It is not the file that was seen.
        NotAFileError: It is not a regular file.
        NotAFolderError: Its folder is not a folder.
        OSError: It is gone, or cannot be read.
    """
    with entered(path.parent) as folder:
        try:
            descriptor = os.open(path.name, _FILE, dir_fd=folder)
        except OSError as error:
            if error.errno in _NO_FILE:
                raise _other(path, seen) from None
            error.filename = str(path)
            raise
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or seen not in (None, seen_of(status)):
        os.close(descriptor)
        raise _other(path, seen)
    return os.fdopen(descriptor, "rb")


def _other(path: Path, seen: Seen | None) -> TerminalError:
    name = shown(path.name, 200)
    if seen is None:
        return NotAFileError(f"{name} is not a regular file")
    return ChangedError(f"{name} changed while it was read")


def rename(source: Path, target: Path) -> None:
    """Rename a file and replace the target; a link is renamed itself."""
    with entered(source.parent) as here, entered(target.parent) as there:
        try:
            os.replace(source.name, target.name, src_dir_fd=here, dst_dir_fd=there)
        except OSError as error:
            error.filename, error.filename2 = str(source), str(target)
            raise


def remove(path: Path) -> None:
    """Remove a file, or a link, if it is there."""
    try:
        with entered(path.parent) as folder:
            os.unlink(path.name, dir_fd=folder)
    except FileNotFoundError:
        return


def make_folder(folder: Path) -> None:
    """Make a private folder in another one, unless the name is in use."""
    with entered(folder.parent) as above:
        try:
            os.mkdir(folder.name, 0o700, dir_fd=above)
        except FileExistsError:
            return


@contextmanager
def written(beside: Path, target: Path) -> Iterator[BinaryIO]:
    """Write a new file, sync it and rename it; an existing target is not touched.

    Args:
        beside: Its name until then, in the same folder.
        target: Its name afterwards.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with entered(target.parent) as folder:
        descriptor = os.open(beside.name, flags, 0o666, dir_fd=folder)
        try:
            with os.fdopen(descriptor, "wb") as out:
                yield out
                out.flush()
                os.fsync(out.fileno())
            os.replace(beside.name, target.name, src_dir_fd=folder, dst_dir_fd=folder)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(beside.name, dir_fd=folder)
