"""Does the content of a file say that it ends? Its beginning and its end are read, no more.

A NEM12 file ends with a 900 record, an archive with its directory, an XML document with the tag
that it began with. Of anything else nobody can tell whether more is to come.
"""

import re
import zlib
from pathlib import Path
from typing import BinaryIO, Final

from nem12 import untrusted
from nem12.drop import Drop
from nem12.errors import TerminalError
from nem12.settings import GZIP_CHECK_BYTES, MIB

_HEAD_BYTES: Final = 4096
"""Of a beginning: declaration and comments of an XML message have less."""

_TAIL_BYTES: Final = 4096
"""Of an end: a 900 record, with what portals append to it."""

_ZIP_TAIL_BYTES: Final = 22 + 65_535
"""The record that ends a zip archive, and the longest comment in it."""

_BOMS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_ZIP_MEMBER, _ZIP_DIRECTORY, _ZIP_END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_ZIP64_END: Final = b"PK\x06\x07"
_GZIP: Final = b"\x1f\x8b"

_RECORD_900: Final = re.compile(rb'[\r\n][ \t]*+"?900"?[ \t,"]*+[\s\x1a]*+\Z')
_ROOT: Final = re.compile(
    # Possessive: what a sender writes must not make it try again and again.
    rb"(?>\s*+(?:<\?.*?\?>|<!--.*?-->|<![A-Za-z][^>\[]*+>))*+\s*+<([A-Za-z_][^\s/>]*+)",
    re.DOTALL,
)


def says_that_it_ends(drop: Drop) -> bool:
    """Whether the content of a drop ends as its kind ends.

    Never follows a link, waits for a pipe or reads another file than the one that was seen. What a
    bucket shows is whole.
    """
    path = drop.path
    if not isinstance(path, Path):
        return True
    try:
        with untrusted.opened(path, drop.seen) as stream:
            return ends(stream, drop.size)
    except (OSError, TerminalError):
        return False


def ends(stream: BinaryIO, size: int) -> bool:
    """Whether content of this size, in a stream at its beginning, ends as its kind ends."""
    head = stream.read(_HEAD_BYTES)
    if head.startswith((_ZIP_MEMBER, _ZIP_END)):
        return _zip_ends(_tail(stream, size, _ZIP_TAIL_BYTES), size)
    if head.startswith(_GZIP):
        stream.seek(0)
        return size <= GZIP_CHECK_BYTES and _gzip_ends(stream)
    tail = _tail(stream, size, _TAIL_BYTES)
    if head.startswith(_BOMS[1:]):
        # UTF-16: what is asked for is ASCII.
        head, tail = head.replace(b"\0", b""), tail.replace(b"\0", b"")
    for bom in _BOMS:
        head = head.removeprefix(bom)
    if head.lstrip().startswith(b"<"):
        return _xml_ends(head, tail)
    return bool(_RECORD_900.search(tail if size > _TAIL_BYTES else b"\n" + tail))


def _tail(stream: BinaryIO, size: int, most: int) -> bytes:
    stream.seek(max(0, size - most))
    return stream.read(most)


def _zip_ends(tail: bytes, size: int) -> bool:
    """Whether the record that ends an archive stands at its end, behind what it points to."""
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


def _gzip_ends(stream: BinaryIO) -> bool:
    """Whether all of it expands and its checksums are right; of a big one that is not tried."""
    expanded = 0
    member = zlib.decompressobj(wbits=31)
    while data := stream.read(MIB):
        while data:
            if member.eof:
                if not data.startswith(_GZIP[:1]):
                    return not (data + stream.read(MIB)).strip(b"\0")
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


def _xml_ends(head: bytes, tail: bytes) -> bool:
    """Whether the document ends with the tag that closes its first element."""
    root = _ROOT.match(head)
    if root is None:
        return False
    closing = rb"</" + re.escape(root[1]) + rb"\s*>[\s\x1a]*\Z"
    return bool(re.search(closing, tail))
