"""A file that gets its name when it is whole, and never in the place of another."""

import errno
import os
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Final

from nem12 import untrusted
from nem12.storage.bucket import Bucket
from nem12.storage.folder import named, sync

if TYPE_CHECKING:
    from upath import UPath

_NO_LINKS: Final = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS)
"""Errors of a hard link on a file system that has none."""


class AddedFile:
    """A new file in a folder of this machine.

    Args:
        folder: Where it will be.
        beside: Its name in this folder until it is whole.

    Raises:
        NotAFolderError: Something else is in the place of the folder.
        OSError: It cannot be written there.
    """

    def __init__(self, folder: Path, beside: str) -> None:
        self._folder: Final = folder
        self._beside: Final = folder / beside
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with untrusted.entered(folder) as entered:
            self._out: Final = os.fdopen(os.open(beside, flags, 0o666, dir_fd=entered), "wb")

    def write(self, data: bytes) -> None:
        """Append to it."""
        with named(self._beside):
            self._out.write(data)

    def publish(self, name: str) -> Path:
        """Sync it and give it its name.

        Raises:
            FileExistsError: Another file has this name; a further one can be tried.
        """
        with named(self._beside):
            self._out.flush()
            os.fsync(self._out.fileno())
        with untrusted.entered(self._folder) as entered:
            try:
                # Unlike a rename, a link never replaces what is there.
                os.link(
                    self._beside.name,
                    name,
                    src_dir_fd=entered,
                    dst_dir_fd=entered,
                    follow_symlinks=False,
                )
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                _rename_unless_taken(self._beside.name, name, entered)
        self.discard()
        sync(self._folder)
        return self._folder / name

    def discard(self) -> None:
        """Close it, and remove what has no name of its own; nothing if that is done."""
        with suppress(OSError):
            self._out.close()
        untrusted.remove(self._beside)


class AddedObject:
    """The same in a bucket: written on this machine, put in one piece."""

    def __init__(self, folder: "UPath") -> None:
        self._folder: Final = folder
        self._out: Final = NamedTemporaryFile()  # noqa: SIM115 - closed by `discard`

    def write(self, data: bytes) -> None:
        """Append to it."""
        self._out.write(data)

    def publish(self, name: str) -> "UPath":
        """Put it under its name.

        Raises:
            FileExistsError: Another object has this name.
        """
        place = self._folder / name
        if Bucket(place).exists:
            raise FileExistsError(name)
        self._out.flush()
        place.fs.put_file(self._out.name, place.path)
        self.discard()
        return place

    def discard(self) -> None:
        """Remove what was written on this machine."""
        self._out.close()


def _rename_unless_taken(beside: str, name: str, folder: int) -> None:
    # A file that gets the name at the same moment is lost: this file system has no better way.
    with suppress(FileNotFoundError):
        os.stat(name, dir_fd=folder, follow_symlinks=False)
        raise FileExistsError(name)
    os.rename(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
