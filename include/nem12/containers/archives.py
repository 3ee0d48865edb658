"""Archives: zip with any number of members, and gzip, which has one.

A format is one class and its entry in `FORMATS`. That is enough for a drop to be recognised by its
content, opened, searched by `purge`, and picked up as soon as it is complete. A member that cannot
be read gives a reason and does not affect the others. Names of members are data, never paths.
"""

import gzip
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Final, Protocol, TypeVar

from nem12.mdff import text
from nem12.mdff.stamps import NEM_TIME
from nem12.settings import GZIP_CHECK_BYTES, MAX_EXPANDED_BYTES, MAX_EXPANSION_RATIO, MIB

T = TypeVar("T")

RATIO_FLOOR: Final = 64 * MIB
"""Below this size a high compression ratio does no harm."""

_CHUNK: Final = MIB

LITTER_FOLDER: Final = "__macosx"
LITTER: Final = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
"""Files that macOS and Windows add to an archive."""

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
    """An archive that expands to more than any real delivery."""


class Expanding:
    """The expanded content of an archive, bounded whatever the archive's headers say.

    Args:
        packed: Bytes of the archive.

    Attributes:
        stream: The member that is read now.
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


class Member(Protocol):
    """A file in an archive."""

    @property
    def name(self) -> str:
        """Its name in the archive; empty in a format without names."""

    @property
    def size(self) -> int:
        """Expected size in bytes, expanded."""

    @property
    def modified_at(self) -> datetime | None:
        """Its modification time, if the archive has one."""

    @property
    def delivered(self) -> bool:
        """Whether it is a delivered file: not a folder, and not made by an operating system."""

    def opened(self) -> BinaryIO:
        """Its content, from the beginning.

        Raises:
            DamagedError: It is encrypted, packed by an unusual method, or not where it should be.
        """

    def packed(self) -> Iterator[bytes] | None:
        """Its packed bytes, none if they cannot be found.

        None in a format of one member, whose packed bytes are the archive itself.
        """


class Format(Protocol):
    """A way in which files are packed."""

    def begins(self, beginning: bytes) -> bool:
        """Whether a file that begins so is of this format."""

    def recognises(self, stream: BinaryIO, beginning: bytes) -> bool:
        """Whether a file looks like this format; moves the stream."""

    def opened(self, stream: BinaryIO, size: int) -> AbstractContextManager[Sequence[Member]]:
        """The members of an archive of this size, in their order.

        Raises:
            DamagedError: Their list cannot be read.
        """

    def ends(self, stream: BinaryIO, size: int) -> bool:
        """Whether an archive of this size (bytes) is complete, as far as a quick look shows."""


@dataclass(frozen=True, slots=True)
class _ZipMember:
    """A member of a zip archive.

    Attributes:
        stream: Of the archive.
        archive_size: Its size in bytes, to bound offsets that zipfile would follow anywhere.
    """

    stream: BinaryIO
    archive: zipfile.ZipFile
    info: zipfile.ZipInfo
    archive_size: int

    @property
    def name(self) -> str:
        return self.info.filename

    @property
    def size(self) -> int:
        return self.info.file_size

    @property
    def modified_at(self) -> datetime | None:
        try:
            # An archive names no zone.
            return datetime(*self.info.date_time, tzinfo=NEM_TIME)
        except ValueError:
            return None

    @property
    def delivered(self) -> bool:
        return not self._is_folder() and not is_litter(self.name)

    def opened(self) -> BinaryIO:
        info = self.info
        if info.flag_bits & _ENCRYPTED:
            raise DamagedError("it is encrypted, ask for it without a password")
        if info.compress_type not in _METHODS:
            method = _NAMES_OF_METHODS.get(info.compress_type, f"number {info.compress_type}")
            message = f"it is compressed by an unusual method ({method}), pack it as usual"
            raise DamagedError(message)
        if not 0 <= info.header_offset < self.archive_size:
            raise DamagedError("the archive is damaged")
        return _reading(lambda: self.archive.open(info))  # type: ignore[return-value]

    def packed(self) -> Iterator[bytes]:
        info, stream = self.info, self.stream
        if not 0 <= info.header_offset <= self.archive_size - _LOCAL_HEADER.size:
            return
        stream.seek(info.header_offset)
        magic, name, extra = _LOCAL_HEADER.unpack(stream.read(_LOCAL_HEADER.size))
        # The lengths in a damaged header mean nothing.
        at = stream.tell() + (name + extra if magic == _ZIP_MEMBER else 0)
        left = info.compress_size
        while left > 0:
            # zipfile reads from the same stream and moves its position.
            stream.seek(at)
            data = stream.read(min(left, _CHUNK))
            if not data:
                return
            yield data
            at += len(data)
            left -= len(data)

    def _is_folder(self) -> bool:
        # Not `is_dir`, which fails where a member has no name.
        if self.name.endswith("/"):
            return True
        marked = self.name.endswith("\\") or bool(self.info.external_attr & _FOLDER)
        return marked and not self.size


_ZIP_MEMBER, _ZIP_END, _ZIP64_END = b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x07"
_ZIP_BEGINNINGS: Final = (_ZIP_MEMBER, _ZIP_END, b"PK\x07\x08" + _ZIP_MEMBER)

_ZIP_TAIL_BYTES: Final = 22 + 65_535
"""The record that ends a zip archive, and the longest comment in it."""

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


class _Zip:
    """Zip: a directory at its end lists any number of members."""

    def begins(self, beginning: bytes) -> bool:
        return beginning.startswith(_ZIP_BEGINNINGS)

    def recognises(self, stream: BinaryIO, beginning: bytes) -> bool:
        # A self-extracting archive begins with a program; no text ends like an archive.
        return self.begins(beginning) or (b"\0" in beginning and zipfile.is_zipfile(stream))

    @contextmanager
    def opened(self, stream: BinaryIO, size: int) -> Iterator[Sequence[Member]]:
        with _reading(lambda: zipfile.ZipFile(stream)) as archive:
            yield [_ZipMember(stream, archive, info, size) for info in archive.infolist()]

    def ends(self, stream: BinaryIO, size: int) -> bool:
        """Whether its end record is at the end, after everything that it points to."""
        stream.seek(max(0, size - _ZIP_TAIL_BYTES))
        tail = stream.read(_ZIP_TAIL_BYTES)
        at = tail.rfind(_ZIP_END)
        while at >= 0:
            record = tail[at : at + 22]
            comment = int.from_bytes(record[20:22], "little")
            if len(record) == 22 and at + 22 + comment == len(tail):
                directory = int.from_bytes(record[12:16], "little")
                before = size - len(tail) + at
                return directory <= before or _ZIP64_END in tail[max(0, at - 20) : at]
            at = tail.rfind(_ZIP_END, 0, at)
        return False


@dataclass(frozen=True, slots=True)
class _GzipMember:
    """The content of a gzip file; damage shows when it is read."""

    stream: BinaryIO
    archive_size: int
    name: str = ""
    modified_at: datetime | None = None
    delivered: bool = True

    @property
    def size(self) -> int:
        # Meter data compresses about 10-fold; the size that gzip states is modulo 4 GiB.
        return self.archive_size * 10

    def opened(self) -> BinaryIO:
        self.stream.seek(0)
        return gzip.GzipFile(fileobj=self.stream, mode="rb")  # type: ignore[return-value]

    def packed(self) -> None:
        return None


_GZIP_BEGINNING: Final = b"\x1f\x8b"


class _Gzip:
    """Gzip: one file; several that follow each other are one."""

    def begins(self, beginning: bytes) -> bool:
        return beginning.startswith(_GZIP_BEGINNING)

    def recognises(self, stream: BinaryIO, beginning: bytes) -> bool:  # noqa: ARG002 - the protocol's
        return self.begins(beginning)

    @contextmanager
    def opened(self, stream: BinaryIO, size: int) -> Iterator[Sequence[Member]]:
        yield [_GzipMember(stream, size)]

    def ends(self, stream: BinaryIO, size: int) -> bool:
        """Whether all of it expands with the right checksum; False for a large one, untried."""
        if size > GZIP_CHECK_BYTES:
            return False
        expanded = 0
        stream.seek(0)
        member = zlib.decompressobj(wbits=31)
        while data := stream.read(_CHUNK):
            while data:
                if member.eof:
                    if not data.startswith(_GZIP_BEGINNING[:1]):
                        return not (data + stream.read(_CHUNK)).strip(b"\0")
                    member = zlib.decompressobj(wbits=31)
                try:
                    piece = member.decompress(data, GZIP_CHECK_BYTES + 1 - expanded)
                except zlib.error:
                    return False
                expanded += len(piece)
                if expanded > GZIP_CHECK_BYTES:
                    return False
                data = member.unused_data if member.eof else member.unconsumed_tail
        return member.eof


FORMATS: Final[tuple[Format, ...]] = (_Zip(), _Gzip())
"""Those that are opened."""


def begun(beginning: bytes) -> Format | None:
    """The format of an archive that begins so; None for any other file."""
    return next((each for each in FORMATS if each.begins(beginning)), None)


def format_of(stream: BinaryIO, beginning: bytes) -> Format | None:
    """The format of an archive; None for any other file.

    Args:
        stream: Of the file; at its beginning afterwards.
        beginning: Its first bytes.
    """
    packing = next((each for each in FORMATS if each.recognises(stream, beginning)), None)
    stream.seek(0)
    return packing


def is_litter(name: str) -> bool:
    """Whether an operating system made this file beside those of a person, such as `.DS_Store`."""
    parts = name.replace("\\", "/").lower().split("/")
    last = parts[-1]
    return LITTER_FOLDER in parts[:-1] or last in LITTER or last.startswith(_LITTER_PREFIX)


def _reading(read: Callable[[], T]) -> T:
    """The result of `read`, with the libraries' many errors for damage as DamagedError."""
    try:
        return read()
    except EOFError:
        raise DamagedError("it is cut off, ask for it again") from None
    except _BROKEN as error:
        checksum = "CRC" in str(error)
        what = "its checksum is wrong" if checksum else "the archive is damaged or cut off"
        raise DamagedError(f"{what}, ask for it again") from None
