"""From bytes to lines to fields. The format has no quoting: every comma separates (S 3.3)."""

from collections.abc import Iterator
from typing import Final, Protocol

from nem12.settings import MAX_LINE_BYTES, MIB

BLANKS: Final = " \t"
_BLANK_LINE: Final = b" \t,\r\n"
EXCERPT: Final = 120
"""Characters of a line that a finding shows: enough to see which record it is."""

BOM: Final = b"\xef\xbb\xbf"


class Readable(Protocol):
    """What bytes can be read from."""

    def read(self, size: int = ..., /) -> bytes:
        """Up to `size` bytes; none at the end."""


def whole_lines(stream: Readable, offset: int = 0, end: int | None = None) -> Iterator[
    tuple[int, bytes]
]:  # fmt: skip
    """Read a byte range in pieces that end where a line ends.

    Lines end in CR LF, LF or CR. Of a line longer than MAX_LINE_BYTES only the beginning is
    given, so that memory stays bounded whatever the input.

    Args:
        stream: Positioned at `offset`.
        offset: Where the first byte lies in the file.
        end: Offset to stop at; to the end of the file without it.

    Yields:
        Offset of the piece, and its bytes.
    """
    carry = b""
    skipping = False
    position = offset
    while chunk := stream.read(MIB if end is None else min(MIB, end - position)):
        position += len(chunk)
        if skipping:
            cut = _line_end(chunk)
            if cut is None:
                continue
            chunk, skipping = chunk[cut:], False
        piece = carry + chunk
        cut = max(piece.rfind(b"\n"), piece.rfind(b"\r", 0, len(piece) - 1)) + 1
        if cut:
            yield position - len(piece), piece[:cut]
            carry = piece[cut:]
        else:
            carry = piece
        if len(carry) > MAX_LINE_BYTES:
            yield position - len(carry), _head(carry) + b"\n"
            carry, skipping = b"", True
    if carry:
        yield position - len(carry), carry


def _head(line: bytes) -> bytes:
    """The beginning of an overlong line, not cut inside a UTF-8 character."""
    return line[:MAX_LINE_BYTES].decode("utf-8", "ignore").encode()


def _line_end(chunk: bytes) -> int | None:
    """Offset after the first line end, or None where the line goes on.

    A CR that ends the chunk is taken for a lone one: what follows an overlong line then begins
    with an LF, a blank line at the worst.
    """
    ends = [at for at in (chunk.find(b"\n"), chunk.find(b"\r")) if at >= 0]
    if not ends:
        return None
    at = min(ends)
    return at + (2 if chunk[at : at + 2] == b"\r\n" else 1)


def count_lines(piece: bytes) -> int:
    """Line ends in a piece: CR LF, LF and CR each count once."""
    return piece.count(b"\n") + piece.count(b"\r") - piece.count(b"\r\n")


def is_blank(line: bytes) -> bool:
    """Nothing but blanks; a spreadsheet's line of commas counts as blank too."""
    return not line.strip(_BLANK_LINE)


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


def split(text: str) -> list[str]:
    """The cleaned fields of a record."""
    return [clean(field) for field in text.split(",")]


def indicator(line: bytes) -> str:
    """The record indicator of a raw line, whatever surrounds it."""
    return clean(line.split(b",", 1)[0].rstrip(b"\r\n").decode("utf-8", "replace"))


def has_spaces(text: str) -> bool:
    """Whether blanks stand around any field."""
    if " " not in text and "\t" not in text:
        return False
    return any(field != field.strip(BLANKS) for field in text.split(","))


def shown(text: str, limit: int = 40) -> str:
    """Text from a file made safe to print in a sentence: bounded, nothing but printables."""
    cut = text[: limit + 1]
    safe = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in cut)
    return safe if len(safe) <= limit else safe[:limit] + "…"


def excerpt(line: bytes) -> str:
    """The beginning of a line for a finding."""
    return shown(decode(line[: 4 * EXCERPT])[0], EXCERPT)
