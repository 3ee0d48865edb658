"""From bytes to lines to fields. The format has no quoting: every comma separates (S 3.3)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

from nem12.mdff.limits import MAX_LINE_BYTES, MIB

BLANKS: Final = " \t"

BOM: Final = b"\xef\xbb\xbf"
END_OF_TEXT: Final = b"\x1a"
"""Ctrl-Z, with which DOS ends a text, or fills the last block of one."""

WHITE_SPACE: Final = b" \t\r\n\x0b\x0c"
NO_CONTENT: Final = WHITE_SPACE + b"," + END_OF_TEXT
"""Bytes of a line without a record, besides byte order marks."""

_STRAY: Final = re.compile(rb"(?:\xef\xbb\xbf|\x1a)*+")
_SHORT: Final = 32
"""Bytes of a line that may be the same as many others."""

_LONE_CR: Final = re.compile(rb"\r(?!\n)")

_MOST_FIELDS: Final = 2000
"""Kept of an overlong line: a day of one-minute intervals, which a portal may send, has 1,447."""

_MANY_BLANKS: Final = re.compile(rb"([ \t]{256})[ \t]++")
_LONG_FIELD: Final = re.compile(rb"([^,]{1027})[^,]++")
_WHOLE_CHARACTERS: Final = re.compile(rb"([^,]{1024}[\x80-\xbf]{0,3}+)[^,]++")
"""A field beyond any of its limits; in the end it is cut behind a whole UTF-8 character."""


class Readable(Protocol):
    """What bytes can be read from."""

    def read(self, size: int = ..., /) -> bytes:
        """Up to `size` bytes; none at the end."""


def whole_lines(stream: Readable, offset: int = 0, end: int | None = None) -> Iterator[
    tuple[int, bytes]
]:  # fmt: skip
    """Read a byte range in pieces that end where a line ends.

    Lines end in CR LF, LF or CR. A line longer than MAX_LINE_BYTES is given condensed, so that
    memory stays bounded whatever the input.

    Args:
        stream: Positioned at `offset`.
        offset: Of the first byte in the file.
        end: Offset to stop at; to the end of the file without it.

    Yields:
        Offset of the piece, and its bytes.
    """
    carry = b""
    left_out = 0
    position = offset
    while chunk := stream.read(MIB if end is None else min(MIB, end - position)):
        position += len(chunk)
        piece = carry + chunk
        start = position - len(piece) - left_out
        # A CR at the end may be half of a CR LF: it is not looked at before the next chunk.
        cut = max(piece.rfind(b"\n"), piece.rfind(b"\r", 0, len(piece) - 1)) + 1
        if cut:
            yield from _bounded(start, piece[:cut], left_out)
            piece, left_out = piece[cut:], 0
        carry = _kept(piece)
        left_out += len(piece) - len(carry)
    if carry:
        yield from _bounded(position - len(carry) - left_out, carry, left_out)


def _kept(begun: bytes) -> bytes:
    """What to keep of a line that goes on; condensed once more when it ends, to the same."""
    if len(begun) <= MAX_LINE_BYTES + 2:
        return begun
    return _shortened(begun.removesuffix(b"\r")) + (b"\r" if begun.endswith(b"\r") else b"")


def _bounded(start: int, piece: bytes, left_out: int) -> Iterator[tuple[int, bytes]]:
    """A piece, its first line apart and condensed where it is overlong; no other line can be.

    Args:
        start: Where the piece begins in the file.
        piece: Whole lines.
        left_out: Bytes of its first line that are not in it.
    """
    length = _first_length(piece)
    if length + left_out <= MAX_LINE_BYTES:
        yield start, piece
        return
    rest = piece[length:]
    rest = rest[2 if rest.startswith(b"\r\n") else 1 :]
    yield start, _condensed(piece[:length]) + piece[length : len(piece) - len(rest)]
    if rest:
        yield start + len(piece) - len(rest) + left_out, rest


def _first_length(piece: bytes) -> int:
    """Bytes of the first line without its end."""
    newline = piece.find(b"\n")
    length = newline if newline >= 0 else len(piece)
    carriage_return = piece.find(b"\r", 0, length)
    return carriage_return if carriage_return >= 0 else length


def _condensed(line: bytes) -> bytes:
    """An overlong line as short as it can be judged like the whole: a field by what it begins with.

    Of fields beyond any record only whether one of them holds something is told.
    """
    return _WHOLE_CHARACTERS.sub(rb"\1", _shortened(line))


def _shortened(line: bytes) -> bytes:
    """The same whether a line is shortened as a whole or again with each piece that follows."""
    fields = _MANY_BLANKS.sub(rb"\1", line).split(b",", _MOST_FIELDS)
    if len(fields) > _MOST_FIELDS:
        fields[-1] = b"+" if fields[-1].strip(NO_CONTENT) else b""
    return _LONG_FIELD.sub(rb"\1", b",".join(fields))


@dataclass(frozen=True, slots=True)
class LineEnds:
    """How the lines of a piece end.

    Attributes:
        lf: LFs, those of CR LFs too.
        cr: CRs, those of CR LFs too.
        lone_cr: CRs without an LF after them.
    """

    lf: int
    cr: int
    lone_cr: int

    @property
    def lines(self) -> int:
        """CR LF, LF and CR each end one line."""
        return self.lf + self.lone_cr

    @property
    def as_specified(self) -> bool:
        """Whether all of them are CR LF (S 3.3)."""
        return self.lf == self.cr and not self.lone_cr


def line_ends(piece: bytes) -> LineEnds:
    """Count the line ends of a piece."""
    # Each scan looks for one byte: counting pairs of bytes takes three times as long.
    lone_cr = sum(1 for _ in _LONE_CR.finditer(piece))
    return LineEnds(piece.count(b"\n"), piece.count(b"\r"), lone_cr)


def line_around(piece: bytes, at: int) -> tuple[bytes, int]:
    """The line of a piece that contains a byte, and the place of its field, from 0."""
    begin = max(piece.rfind(b"\n", 0, at), piece.rfind(b"\r", 0, at)) + 1
    raw = piece[begin : at + _first_length(piece[at:])]
    return raw, raw.count(b",", 0, at - begin)


def count_lines(piece: bytes) -> int:
    """Line ends in a piece: CR LF, LF and CR each count once."""
    return line_ends(piece).lines


def is_blank(line: bytes) -> bool:
    """Whether a line holds no record; a spreadsheet's line of commas counts as blank too."""
    # Most lines begin with a digit: looking at that is faster.
    return not line[:1].isalnum() and not line.replace(BOM, b"").strip(NO_CONTENT)


def content_length(piece: bytes) -> int:
    """Where the last line of a piece that is not blank ends, without trailing blanks."""
    # `rstrip` also takes bytes of an incomplete byte order mark.
    stripped = piece.rstrip(NO_CONTENT + BOM)
    rest = piece[len(stripped) :].replace(BOM, b" " * len(BOM))
    return len(stripped) + len(rest.rstrip(NO_CONTENT))


BLANK_LINES: Final = re.compile(rb"(?:[ \t,]*+(?:\r\n|\n|\r))++")
"""A run of lines that hold nothing but blanks and commas: a file may have millions of them."""

LINE: Final = re.compile(rb"[^\r\n]*+(?:\r\n?+|\n|\Z)")
"""A line with its end; matches anywhere."""


def ends_line(line: bytes) -> bool:
    """Whether a line has its line end; only the last one of a file can be without."""
    return line.endswith((b"\n", b"\r"))


def bare(line: bytes) -> tuple[bytes, bytes, bytes]:
    """A line in three parts: what is before its record, the record, what is after it.

    Byte order marks and Ctrl-Zs begin a line where files were joined; Ctrl-Zs end the last one.
    """
    begin = _STRAY.match(line).end()  # type: ignore[union-attr]  # matches any line
    end = len(line.rstrip(END_OF_TEXT))
    return line[:begin], line[begin:end], line[max(begin, end) :]


def decode(line: bytes) -> tuple[str, bool]:
    """The text of a line without its end, and whether it is UTF-8."""
    line = line.rstrip(b"\r\n")
    try:
        return line.decode(), True
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace"), False


def clean(field: str) -> str:
    """A field without the blanks and the one pair of quotation marks around it."""
    field = field.strip(BLANKS)
    if len(field) > 1 and field[0] == field[-1] == '"':
        field = field[1:-1].strip(BLANKS)
    return field


def capitals(field: str) -> str:
    """The field in capital letters if it is ASCII, else unchanged: `ß` would become `SS`."""
    return field.upper() if field.isascii() else field


def split(text: str) -> list[str]:
    """The cleaned fields of a record."""
    return [clean(field) for field in text.split(",")]


def indicator(line: bytes) -> str:
    """The record indicator of a raw line, whatever surrounds it."""
    return _short_indicator(line) if len(line) <= _SHORT else _indicator(line)


def _indicator(line: bytes) -> str:
    _, record, _ = bare(line)
    return clean(record.split(b",", 1)[0].rstrip(b"\r\n").decode("utf-8", "replace"))


_short_indicator = lru_cache(maxsize=4096)(_indicator)
"""A file may consist of nothing but the shortest lines, half a million in a MiB."""


def place_with_spaces(text: str) -> int | None:
    """The place of the first field with blanks around it, from 0."""
    if " " not in text and "\t" not in text:
        return None
    fields = enumerate(text.split(","))
    return next((place for place, field in fields if field != field.strip(BLANKS)), None)


def place_not_utf8(line: bytes) -> int:
    """Which field of a line is the first that is not UTF-8, from 0."""
    try:
        line.decode()
    except UnicodeDecodeError as error:
        return line.count(b",", 0, error.start)
    return 0
