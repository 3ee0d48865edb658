"""The form of a file as bytes: is it text, in what encoding, how do its lines end? (S 3.3)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from nem12.mdff import spec, text
from nem12.mdff.findings import Level

Report = Callable[[Level, str, int, bytes, str], None]
"""Takes level, code, line, raw line and message."""


@dataclass(slots=True)
class Form:
    """Looks at the pieces of a file and reports each kind of fault once.

    Attributes:
        report: Takes what is found.
        is_text: False once NUL bytes or another encoding were met.
    """

    report: Report
    is_text: bool = True
    _binary: bool = False
    _encoding: bool = False
    _eol: bool = False

    def look(self, line: int, piece: bytes, ends: text.LineEnds) -> None:
        """Look at a piece that begins with this line."""
        if not self._binary and (nul := piece.find(b"\0")) >= 0:
            self._binary, self.is_text = True, False
            where = line + text.count_lines(piece[:nul])
            message = f"line {where} holds a NUL byte (saved as UTF-16, or damaged?)"
            self.report(Level.FILE, "binary", where, b"", message)
        if not self._encoding and not piece.isascii():
            self._check_encoding(line, piece)
        if not self._eol and not ends.as_specified:
            self._check_eol(line, piece)

    def _check_encoding(self, first_line: int, piece: bytes) -> None:
        try:
            piece.decode()
        except UnicodeDecodeError:
            for line, raw in _lines(first_line, piece):
                if _undecodable(raw):
                    self._encoding, self.is_text = True, False
                    message = "the text is not UTF-8 (saved as UTF-16 or in another code page?)"
                    self.report(Level.FILE, "encoding", line, raw, message)
                    return

    def _check_eol(self, first_line: int, piece: bytes) -> None:
        for line, raw in _lines(first_line, piece):
            if raw.endswith((b"\n", b"\r")) and not raw.endswith(b"\r\n"):
                self._eol = True
                what = "LF" if raw.endswith(b"\n") else "CR"
                self.report(Level.WARN, "eol", line, raw, f"lines end in {what}, not CR LF")
                return


def _lines(first_line: int, piece: bytes) -> Iterator[tuple[int, bytes]]:
    return enumerate(piece.splitlines(keepends=True), first_line)


def _undecodable(raw: bytes) -> bool:
    """Whether a line is not UTF-8 outside its ReasonDescription.

    The ReasonDescription of a 300 record stands two fields after its QualityMethod; that of a 400
    record is its sixth field.
    """
    fields = raw.split(b",")
    free = None
    if fields[0] == b"400":
        free = 5
    elif fields[0] == b"300":
        quality = (
            place
            for place, name in enumerate(fields[2:], 2)
            if spec.QUALITY.fullmatch(text.clean(name.decode("ascii", "replace")))
        )
        free = next(quality, -2) + 2
    return any(not _is_utf8(name) for place, name in enumerate(fields) if place != free)


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True
