"""Files and folders of this machine."""

import errno
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from nem12 import untrusted
from nem12.storage.entry import Entry, Kind

_NAME_BYTES: Final = 255
"""Most bytes of a name: the limit of file systems."""

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of a write without room."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A file or folder of this machine; the functions of `nem12.storage` say what each act does."""

    path: Path

    @property
    def local(self) -> Path:
        """Its path."""
        return self.path

    @property
    def entry(self) -> Entry | None:
        """The entry that is there now; None if it is gone."""
        try:
            # Not following links: one that leads out of the landing folder must not be read.
            return _entry(self.path, untrusted.status_of(self.path))
        except FileNotFoundError:
            return None

    @property
    def is_readable(self) -> bool:
        """Whether it may be read."""
        return untrusted.is_readable(self.path)

    @property
    def is_missing(self) -> bool:
        """Whether there is no such folder."""
        return not self.path.is_dir()

    @property
    def exists(self) -> bool:
        """Whether something has this name."""
        return os.path.lexists(self.path)

    def arrived_at(self, mtime_ns: int) -> float | None:  # noqa: ARG002 - a copy may keep it
        """When it arrived there."""
        try:
            return self.path.lstat().st_ctime
        except FileNotFoundError:
            return None

    def listed(self) -> Iterator[Entry]:
        """Its entries."""
        return (_entry(path, status) for path, status in untrusted.listed(self.path))

    def files_below(self, unlisted: Callable[[Path, OSError], None] | None) -> Iterator[Path]:
        """The files in it and below."""
        try:
            entries = untrusted.listed(self.path)
        except OSError as error:
            if unlisted is None:
                raise
            unlisted(self.path, error)
            return
        for path, status in entries:
            if stat.S_ISDIR(status.st_mode):
                yield from Folder(path).files_below(unlisted)
            else:
                yield path

    def folders(self) -> list[tuple[Path, float]]:
        """The folders in it."""
        return [
            (path, status.st_mtime)
            for path, status in untrusted.listed(self.path)
            if stat.S_ISDIR(status.st_mode)
        ]

    def fetched(self, to: Path) -> Path:  # noqa: ARG002 - it is here
        """Itself."""
        return self.path

    def opened(self) -> BinaryIO:
        """Its content."""
        return self.path.open("rb")

    def opened_in_parts(self) -> BinaryIO:
        """The same, if it is a regular file."""
        return untrusted.opened(self.path)

    def beginning(self, size: int) -> bytes:
        """Its first bytes."""
        with untrusted.opened(self.path) as stream:
            return stream.read(size)

    def read_text(self) -> str:
        """Its text."""
        return self.path.read_text(encoding="utf-8")

    @contextmanager
    def writing(self) -> Iterator[BinaryIO]:
        """Written beside, synced, renamed."""
        unique = f".{self.path.name}.{os.getpid()}-{time.monotonic_ns()}.part"
        beside = self.path.with_name(shortened(unique, _NAME_BYTES))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with named(self.path), untrusted.written(beside, self.path) as out:
            yield out

    def note(self, text: str) -> None:
        """Not synced: it is for a process that dies, not for a machine that does."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(text)

    def append_lines(self, lines: Iterable[str]) -> None:
        """Each in one piece, so that lines of others do not come between."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = not self.path.exists()
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self.path, flags, 0o666)
        try:
            for line in lines:
                data = f"{line}\n".encode()
                if os.write(descriptor, data) < len(data):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if new:
            sync(self.path.parent)
            sync(self.path.parent.parent)

    def appended(self) -> Iterator[str]:
        """Its text as a whole; none if there is no file."""
        if self.path.is_file():
            yield self.path.read_text(encoding="utf-8", errors="replace")

    def renamed(self, target: Path) -> bool:
        """Rename it; False if the target is on another file system."""
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            untrusted.rename(self.path, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            return False
        return True

    def shared(self, files: Mapping[str, Path]) -> dict[str, str]:
        """Workers see what this machine sees."""
        return {name: str(path) for name, path in files.items()}

    def remove(self) -> None:
        """Remove the file."""
        untrusted.remove(self.path)

    def remove_folder(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.path, ignore_errors=True)


def _entry(path: Path, status: os.stat_result) -> Entry:
    identity = f"{status.st_dev}:{status.st_ino}"
    mtime_ns, names = status.st_mtime_ns, status.st_nlink
    kind = _kind(status.st_mode)
    return Entry(path, path.as_uri(), status.st_size, mtime_ns, identity, kind, names)


def _kind(mode: int) -> Kind:
    if stat.S_ISREG(mode):
        return Kind.FILE
    if stat.S_ISDIR(mode):
        return Kind.FOLDER
    return Kind.LINK if stat.S_ISLNK(mode) else Kind.OTHER


def shortened(name: str, most: int) -> str:
    """A name of at most so many bytes: its end, which is more specific than its beginning."""
    return os.fsdecode(os.fsencode(name)[-most:])


@contextmanager
def named(target: Path) -> Iterator[None]:
    """Add the file or folder to an error about a full disk: the system does not."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno in _FULL:
            error.filename = str(target)
        raise


def sync(folder: Path) -> None:
    """Sync the names in a folder to disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
