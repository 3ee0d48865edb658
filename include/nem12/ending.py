"""Whether the content of a file shows that it is complete; reads its beginning and end only.

A NEM12 file ends with a 900 record, an XML document with the tag that it began with, an archive as
its format defines. Any other file may still be growing.
"""

import re
from typing import BinaryIO, Final

from nem12 import storage, untrusted
from nem12.containers import archives
from nem12.drop import Drop
from nem12.errors import TerminalError

_HEAD_BYTES: Final = 4096
"""Bytes read at the beginning: declaration and comments of an XML message have less."""

_TAIL_BYTES: Final = 4096
"""Bytes read at the end of a file: a 900 record, and what portals append to it."""

_BOMS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")

_RECORD_900: Final = re.compile(rb'[\r\n][ \t]*+"?900"?[ \t,"]*+[\s\x1a]*+\Z')
_ROOT: Final = re.compile(
    # Possessive: a sender's text must not cause backtracking.
    rb"(?>\s*+(?:<\?.*?\?>|<!--.*?-->|<![A-Za-z][^>\[]*+>))*+\s*+<([A-Za-z_][^\s/>]*+)",
    re.DOTALL,
)


def says_that_it_ends(drop: Drop) -> bool:
    """Whether the content of a drop shows its end.

    Never follows a link, waits for a pipe or reads another file than the one that was seen. Objects
    in a bucket are always complete.
    """
    path = storage.local(drop.path)
    if path is None:
        return True
    try:
        with untrusted.opened(path, drop.seen) as stream:
            return ends(stream, drop.size)
    except (OSError, TerminalError):
        return False


def ends(stream: BinaryIO, size: int) -> bool:
    """Whether the content of a stream, of this size and at its beginning, shows its end."""
    head = stream.read(_HEAD_BYTES)
    packing = archives.begun(head)
    if packing:
        return packing.ends(stream, size)
    tail = _tail(stream, size)
    if head.startswith(_BOMS[1:]):
        # UTF-16: without its zeros the ASCII that is searched for remains.
        head, tail = head.replace(b"\0", b""), tail.replace(b"\0", b"")
    for bom in _BOMS:
        head = head.removeprefix(bom)
    if head.lstrip().startswith(b"<"):
        return _xml_ends(head, tail)
    return bool(_RECORD_900.search(tail if size > _TAIL_BYTES else b"\n" + tail))


def _tail(stream: BinaryIO, size: int) -> bytes:
    stream.seek(max(0, size - _TAIL_BYTES))
    return stream.read(_TAIL_BYTES)


def _xml_ends(head: bytes, tail: bytes) -> bool:
    """Whether the document ends with the tag that closes its first element."""
    root = _ROOT.match(head)
    if root is None:
        return False
    closing = rb"</" + re.escape(root[1]) + rb"\s*>[\s\x1a]*\Z"
    return bool(re.search(closing, tail))
