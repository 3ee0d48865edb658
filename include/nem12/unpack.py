"""Files as they come: plain, `.gz`, aseXML, or `.zip` with any number of members.

The content decides what a file is, never its name. Members are expanded beside the staged files
under names of our own: what an archive calls them is only ever data.
"""

import gzip
import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final
from uuid import uuid4

from nem12.asexml import XmlError, extract
from nem12.errors import TerminalError
from nem12.mdff import text
from nem12.mdff.findings import Finding, Level
from nem12.mdff.header import Header
from nem12.settings import MAX_EXPANDED_BYTES, MAX_EXPANSION_RATIO, MAX_MEMBERS, MIB
from nem12.shard import MeterFile, seen_at, survey

_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP: Final = b"\x1f\x8b"
_RATIO_FLOOR: Final = 64 * MIB
"""Below this size a high ratio harms nobody."""

_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The format's archives are zlib's; what else a zip may hold is not worth its risks."""

_HEADER_BYTES: Final = 64 * 1024
"""Of a file's beginning, where its 100 record stands: that record has 60 bytes."""

_BROKEN: Final = (
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    UnicodeDecodeError,  # the name of a member says that it is UTF-8 and is not
)


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
    # Of its own for each drop: a copy of it may be read at the same time, or may have been.
    own = scratch / uuid4().hex
    try:
        with path.open("rb") as stream:
            magic = stream.read(4)
            stream.seek(0)
            if magic.startswith(_ZIP):
                yield from _zip(path, stream, name, profile, own)
            elif magic.startswith(_GZIP):
                yield from _gzip(path, stream, name, profile, own)
            else:
                yield from _plain(path, name, profile, own / "message")
    except FileNotFoundError:
        raise TerminalError(f"{text.shown(name, 200)} is gone") from None
    except PermissionError:
        raise TerminalError(f"{text.shown(name, 200)} may not be read") from None


def headers(path: Path, profile: str, scratch: Path) -> Iterator[Header]:
    """The 100 record of each file of a drop; files and archives are read no further than that.

    Args:
        path: Of the drop.
        profile: To judge its files by.
        scratch: Folder for what has to be expanded; made when needed.

    Raises:
        TerminalError: The drop cannot be read, or is gone.
    """
    if _begins_with(path, (b"<",)):
        found = (file.header for file in unpack(path, path.name, profile, scratch))
    else:
        found = (_first_header(beginning, profile) for beginning in _beginnings(path))
    yield from (header for header in found if header)


def _first_header(beginning: bytes, profile: str) -> Header | None:
    return survey(BytesIO(beginning), "", "", profile, len(beginning)).header


def _beginnings(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as stream:
            magic = stream.read(4)
            stream.seek(0)
            if magic.startswith(_ZIP):
                with zipfile.ZipFile(stream) as archive:
                    members = archive.infolist()[:MAX_MEMBERS]
                    for member in members if _lie_inside(members, path) else ():
                        with archive.open(member) as expanded:
                            yield expanded.read(_HEADER_BYTES)
            elif magic.startswith(_GZIP):
                with gzip.open(stream, "rb") as expanded:
                    yield expanded.read(_HEADER_BYTES)
            else:
                yield stream.read(_HEADER_BYTES)
    except (RuntimeError, *_BROKEN):  # zipfile's word for a member that is encrypted
        return


def sha256(path: Path) -> str:
    """The hash of a delivery as it lies there."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _gzip(path: Path, stream: BinaryIO, name: str, profile: str, own: Path) -> Iterator[MeterFile]:
    packed = path.stat().st_size
    try:
        with gzip.open(stream, "rb") as expanded:
            budget = _Budget(expanded, packed)
            yield from _member(budget, name, profile, own / "member", packed * 10)
    except (_RefusedError, *_BROKEN) as error:
        yield _unreadable(path, name, profile, error)


def _zip(path: Path, stream: BinaryIO, name: str, profile: str, own: Path) -> Iterator[MeterFile]:
    budget = _Budget(stream, path.stat().st_size)
    try:
        with zipfile.ZipFile(stream) as archive:
            # Not `is_dir`, which fails where a member has no name.
            members = [m for m in archive.infolist() if not m.filename.endswith("/")]
            if not members:
                raise _RefusedError("the archive is empty")
            if len(members) > MAX_MEMBERS:
                raise _RefusedError(f"the archive has more than {MAX_MEMBERS} members")
            if not _lie_inside(members, path):
                raise _RefusedError("the archive is damaged")
            names: set[str] = set()
            for number, member in enumerate(members):
                if member.flag_bits & 0x1:
                    raise _RefusedError("the archive is encrypted")
                if member.compress_type not in _METHODS:
                    raise _RefusedError("the archive is compressed by an unusual method")
                with archive.open(member) as expanded:
                    budget.stream = expanded
                    inner = f"{name}/{member.filename}"
                    # An archive may hold a name twice: each is a file of its own.
                    inner = f"{inner} ({number})" if inner in names else inner
                    names.add(inner)
                    target = own / f"member-{number}"
                    yield from _member(budget, inner, profile, target, member.file_size)
    except (_RefusedError, *_BROKEN) as error:
        yield _unreadable(path, name, profile, error)


def _lie_inside(members: list[zipfile.ZipInfo], path: Path) -> bool:
    """Whether all members lie in the archive: zipfile would look for them anywhere."""
    size = path.stat().st_size
    return all(0 <= member.header_offset < size for member in members)


def _member(
    stream: text.Readable, name: str, profile: str, target: Path, size: int
) -> Iterator[MeterFile]:
    """Expand one member and survey it on the way."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as copy:
        file = survey(stream, str(target), name, profile, size, copy)
    file = replace(file, seen=seen_at(file.path))
    if _begins_with(target, (*_ZIP, _GZIP)):
        yield _refuse(file, "an archive inside an archive is not opened")
    elif file.refused:
        yield from _plain(target, name, profile, target)
    else:
        yield file


def _plain(path: Path, name: str, profile: str, beside: Path) -> Iterator[MeterFile]:
    """A file that is no archive: the records themselves, or an XML message around them.

    The blocks of a message are written beside a path of that name.
    """
    if _begins_with(path, (b"<",)):
        blocks: list[Path] = []

        def open_block(number: int) -> BinaryIO:
            if number >= MAX_MEMBERS:
                raise _RefusedError(f"the message has more than {MAX_MEMBERS} blocks")
            beside.parent.mkdir(parents=True, exist_ok=True)
            blocks.append(beside.with_name(f"{beside.name}-block-{number}"))
            return blocks[-1].open("wb")

        try:
            with path.open("rb") as stream:
                extract(stream, open_block)
        except _RefusedError as error:
            yield _unreadable(path, name, profile, error)
            return
        except XmlError as error:
            if error.is_message:
                yield _unreadable(path, name, profile, error)
                return
        else:
            for number, block in enumerate(blocks, 1):
                inner = f"{name}/CSVIntervalData-{number}"
                yield _surveyed(block, inner, profile)
            return
    yield _surveyed(path, name, profile)


def _surveyed(path: Path, name: str, profile: str) -> MeterFile:
    with path.open("rb") as stream:
        return survey(stream, str(path), name, profile, path.stat().st_size)


def _begins_with(path: Path, magics: tuple[bytes, ...]) -> bool:
    """What a file begins with, a byte order mark and blanks left aside."""
    with path.open("rb") as stream:
        return stream.read(64).removeprefix(text.BOM).lstrip().startswith(magics)


def _unreadable(path: Path, name: str, profile: str, error: BaseException) -> MeterFile:
    # What the libraries say of damage is theirs, and seldom helps.
    said = isinstance(error, (_RefusedError, XmlError))
    return _refuse(_surveyed(path, name, profile), str(error) if said else "the archive is damaged")


def _refuse(file: MeterFile, reason: str) -> MeterFile:
    """The file as one that cannot be read; what its bytes look like as records means nothing."""
    message = f"the file cannot be opened: {text.shown(reason, 200)}"
    finding = Finding(Level.FILE, "unreadable", 1, message, "", 1, max(1, file.lines))
    return replace(file, findings=(finding,), warnings={}, headers=(), cuts=())
