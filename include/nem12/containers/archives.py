"""Archives: zip with any number of members, and gzip.

A member that cannot be read says why, and leaves the others alone. What an archive calls its
members is only ever data.
"""

import gzip
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import BinaryIO, Final, TypeVar

from nem12.mdff import text
from nem12.mdff.stamps import NEM_TIME
from nem12.settings import MAX_EXPANDED_BYTES, MAX_EXPANSION_RATIO, MIB

T = TypeVar("T")

ZIP: Final[tuple[bytes, ...]] = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08PK\x03\x04")
GZIP: Final = b"\x1f\x8b"

RATIO_FLOOR: Final = 64 * MIB
"""Below this size a high ratio harms nobody."""

_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The format's archives are zlib's; what else a zip may hold is not worth its risks."""

_NAMES_OF_METHODS: Final = {
    1: "shrink", 6: "implode", 9: "deflate64", 12: "bzip2", 14: "LZMA", 93: "zstd", 94: "MP3",
    95: "xz", 96: "JPEG", 97: "WavPack", 98: "PPMd", 99: "AES encryption",
}  # fmt: skip
_ENCRYPTED: Final = 0x1
_FOLDER: Final = 0x10
"""The attribute of MS-DOS: some writers leave out the slash."""

_LOCAL_HEADER: Final = struct.Struct("<4s22xHH")
_CHUNK: Final = MIB

LITTER_FOLDER: Final = "__macosx"
LITTER: Final = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
"""What macOS and Windows put beside the files of a person."""

_LITTER_PREFIX: Final = "._"
"""Of what macOS keeps of a file beside its content."""

_BROKEN: Final = (
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,  # zipfile's word for what is encrypted
    ValueError,  # a name that says that it is UTF-8 and is not; an offset before the beginning
    OverflowError,
)


class DamagedError(Exception):
    """An archive, or a member of it, that cannot be read; the text says why."""


class LimitError(Exception):
    """An archive that expands to more than anybody delivers."""


class Expanding:
    """A stream of an archive as it expands: bounded, whatever the archive's headers say.

    Args:
        packed: Bytes of the archive.

    Attributes:
        stream: What is read now; members follow each other.
    """

    def __init__(self, packed: int, stream: text.Readable | None = None) -> None:
        self.stream = stream
        self._packed = packed
        self._spent = 0

    def read(self, size: int = -1, /) -> bytes:
        """As of any stream.

        Raises:
            DamagedError: What is read is damaged.
            LimitError: The archive is a bomb.
        """
        stream = self.stream
        data = b"" if stream is None else _reading(lambda: stream.read(size))
        self.spend(len(data))
        return data

    def spend(self, size: int) -> None:
        """Count bytes that were made of the archive."""
        self._spent += size
        if self._spent > MAX_EXPANDED_BYTES:
            raise LimitError(f"the archive expands to more than {MAX_EXPANDED_BYTES // MIB} MiB")
        if self._spent > RATIO_FLOOR and self._spent > MAX_EXPANSION_RATIO * self._packed:
            raise LimitError(f"the archive expands more than {MAX_EXPANSION_RATIO}-fold")


def is_zip(stream: BinaryIO, beginning: bytes) -> bool:
    """Whether this is a zip archive: it begins like one, or is no text and ends like one.

    Args:
        stream: Of the file; at its beginning afterwards.
        beginning: Of it.
    """
    ends_like_one = (
        not beginning.startswith(ZIP) and b"\0" in beginning and zipfile.is_zipfile(stream)
    )
    stream.seek(0)
    return ends_like_one or beginning.startswith(ZIP)


def opened_gzip(stream: BinaryIO) -> BinaryIO:
    """The content of a gzip file; what is wrong with it shows when it is read."""
    return gzip.GzipFile(fileobj=stream, mode="rb")  # type: ignore[return-value]


def opened_zip(stream: BinaryIO) -> zipfile.ZipFile:
    """A zip archive with its directory.

    Raises:
        DamagedError: The directory cannot be read.
    """
    return _reading(lambda: zipfile.ZipFile(stream))


def members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The members of an archive that somebody delivered: no folders, nothing of a system's own."""
    return [
        info for info in archive.infolist() if not _is_folder(info) and not is_litter(info.filename)
    ]


def is_litter(name: str) -> bool:
    """Whether a system made this file for itself, beside those of a person."""
    parts = name.replace("\\", "/").lower().split("/")
    last = parts[-1]
    return LITTER_FOLDER in parts[:-1] or last in LITTER or last.startswith(_LITTER_PREFIX)


def opened_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, size: int) -> BinaryIO:
    """A member, to be read from its beginning.

    Args:
        archive: Its archive.
        info: The member.
        size: Bytes of the archive; zipfile would look for a member anywhere.

    Raises:
        DamagedError: It is encrypted, packed by an unusual method, or not where it should be.
    """
    if info.flag_bits & _ENCRYPTED:
        raise DamagedError("it is encrypted, ask for it without a password")
    if info.compress_type not in _METHODS:
        method = _NAMES_OF_METHODS.get(info.compress_type, f"number {info.compress_type}")
        raise DamagedError(f"it is compressed by an unusual method ({method}), pack it as usual")
    if not 0 <= info.header_offset < size:
        raise DamagedError("the archive is damaged")
    return _reading(lambda: archive.open(info))  # type: ignore[return-value]


def packed_bytes(stream: BinaryIO, info: zipfile.ZipInfo, size: int) -> Iterator[bytes]:
    """The bytes of a member as they lie in the archive; none where they cannot be found.

    Args:
        stream: Of the archive.
        info: The member.
        size: Bytes of the archive.
    """
    if not 0 <= info.header_offset <= size - _LOCAL_HEADER.size:
        return
    stream.seek(info.header_offset)
    magic, name, extra = _LOCAL_HEADER.unpack(stream.read(_LOCAL_HEADER.size))
    # Of a header that is damaged the lengths mean nothing.
    at = stream.tell() + (name + extra if magic == ZIP[0] else 0)
    left = info.compress_size
    while left > 0:
        # zipfile reads from the same stream: its place is nobody's.
        stream.seek(at)
        data = stream.read(min(left, _CHUNK))
        if not data:
            return
        yield data
        at += len(data)
        left -= len(data)


def modified_at(info: zipfile.ZipInfo) -> datetime | None:
    """When a member was changed last; an archive names no zone, it is read as NEM time."""
    try:
        return datetime(*info.date_time, tzinfo=NEM_TIME)
    except ValueError:
        return None


def _is_folder(info: zipfile.ZipInfo) -> bool:
    # Not `is_dir`, which fails where a member has no name.
    if info.filename.endswith("/"):
        return True
    marked = info.filename.endswith("\\") or bool(info.external_attr & _FOLDER)
    return marked and not info.file_size


def _reading(read: Callable[[], T]) -> T:
    """What is read; what the libraries say of damage is theirs, and seldom helps."""
    try:
        return read()
    except EOFError:
        raise DamagedError("it is cut off, ask for it again") from None
    except _BROKEN as error:
        checksum = "CRC" in str(error)
        what = "its checksum is wrong" if checksum else "the archive is damaged or cut off"
        raise DamagedError(f"{what}, ask for it again") from None
