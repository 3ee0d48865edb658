"""Files as they come: plain, `.gz`, or `.zip` with any number of members.

The content decides what a file is, never its name. Members are expanded beside the staged files
under names of our own: what an archive calls them is only ever data.
"""

import gzip
import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final

from nem12.errors import TerminalError
from nem12.mdff import text
from nem12.mdff.findings import Finding, Level
from nem12.settings import MAX_EXPANDED_BYTES, MAX_EXPANSION_RATIO, MAX_MEMBERS, MIB
from nem12.shard import MeterFile, survey

_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP: Final = b"\x1f\x8b"
_RATIO_FLOOR: Final = 64 * MIB
"""Below this size a high ratio harms nobody."""

_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The format's archives are zlib's; what else a zip may hold is not worth its risks."""

_BROKEN: Final = (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError, NotImplementedError)


class _RefusedError(Exception):
    """An archive, or a member of it, that is not read."""


@dataclass(slots=True)
class _Budget:
    """What is left of an archive's allowance; checked as it expands, whatever its headers say."""

    stream: text.Readable
    packed: int
    spent: int = 0

    def read(self, size: int = -1, /) -> bytes:
        data = self.stream.read(size)
        self.spent += len(data)
        if self.spent > MAX_EXPANDED_BYTES:
            raise _RefusedError(f"the archive expands to more than {MAX_EXPANDED_BYTES // MIB} MiB")
        if self.spent > _RATIO_FLOOR and self.spent > MAX_EXPANSION_RATIO * self.packed:
            raise _RefusedError(f"the archive expands more than {MAX_EXPANSION_RATIO}-fold")
        return data


def unpack(path: Path, name: str, profile: str, scratch: Path) -> Iterator[MeterFile]:
    """The meter files of a drop, each read once.

    Args:
        path: Of the drop.
        name: As delivered.
        profile: To judge its files by.
        scratch: Folder for what has to be expanded; made when needed.

    Raises:
        TerminalError: The drop cannot be read, or is gone.
    """
    try:
        with path.open("rb") as stream:
            magic = stream.read(4)
            stream.seek(0)
            if magic.startswith(_ZIP):
                yield from _zip(path, stream, name, profile, scratch)
            elif magic.startswith(_GZIP):
                yield from _gzip(path, stream, name, profile, scratch)
            else:
                yield survey(stream, str(path), name, profile, path.stat().st_size)
    except FileNotFoundError:
        raise TerminalError(f"{text.shown(name, 200)} is gone") from None
    except PermissionError:
        raise TerminalError(f"{text.shown(name, 200)} may not be read") from None


def sha256(path: Path) -> str:
    """The hash of a delivery as it lies there."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _gzip(
    path: Path, stream: BinaryIO, name: str, profile: str, scratch: Path
) -> Iterator[MeterFile]:
    packed = path.stat().st_size
    try:
        with gzip.open(stream, "rb") as expanded:
            budget = _Budget(expanded, packed)
            yield _member(budget, name, profile, scratch / f"{sha256(path)[:12]}-0", packed * 10)
    except (_RefusedError, *_BROKEN) as error:
        yield _unreadable(path, name, profile, error)


def _zip(
    path: Path, stream: BinaryIO, name: str, profile: str, scratch: Path
) -> Iterator[MeterFile]:
    budget = _Budget(stream, path.stat().st_size)
    prefix = sha256(path)[:12]
    try:
        with zipfile.ZipFile(stream) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if not members:
                raise _RefusedError("the archive is empty")
            if len(members) > MAX_MEMBERS:
                raise _RefusedError(f"the archive has more than {MAX_MEMBERS} members")
            for number, member in enumerate(members):
                if member.flag_bits & 0x1:
                    raise _RefusedError("the archive is encrypted")
                if member.compress_type not in _METHODS:
                    raise _RefusedError("the archive is compressed by an unusual method")
                with archive.open(member) as expanded:
                    budget.stream = expanded
                    inner = f"{name}/{member.filename}"
                    target = scratch / f"{prefix}-{number}"
                    yield _member(budget, inner, profile, target, member.file_size)
    except (_RefusedError, *_BROKEN) as error:
        yield _unreadable(path, name, profile, error)


def _member(stream: text.Readable, name: str, profile: str, target: Path, size: int) -> MeterFile:
    """Expand one member and survey it on the way."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as copy:
        file = survey(stream, str(target), name, profile, size, copy)
    with target.open("rb") as stream_again:
        nested = stream_again.read(4).startswith((*_ZIP, _GZIP))
    if not nested:
        return file
    return _refuse(file, "an archive inside an archive is not opened")


def _unreadable(path: Path, name: str, profile: str, error: BaseException) -> MeterFile:
    with path.open("rb") as stream:
        file = survey(stream, str(path), name, profile, path.stat().st_size)
    return _refuse(file, str(error) or "the archive is damaged")


def _refuse(file: MeterFile, reason: str) -> MeterFile:
    """The file as one that cannot be read; what its bytes look like as records means nothing."""
    message = f"the archive cannot be read: {text.shown(reason, 200)}"
    finding = Finding(Level.FILE, "unreadable", 1, message, "", 1, max(1, file.lines))
    return replace(file, findings=(finding,), warnings={}, header=None, cuts=())
