"""The form of a file as bytes: is it text, in what encoding, how do its lines end? (S 3.3)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from nem12.mdff import spec, text
from nem12.mdff.findings import Level


class Report(Protocol):
    """Takes a finding about a line."""

    def __call__(
        self,
        level: Level,
        code: str,
        line: int,
        raw: bytes,
        message: str,
        *,
        place: int | None = None,
    ) -> None:
        """The fault is that of the field at this place, from 0, or of the whole line."""


@dataclass(slots=True)
class Form:
    """Looks at the pieces of a file and reports each kind of fault once.

    Attributes:
        report: Receives the findings.
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
            raw, place = text.line_around(piece, nul)
            message = f"field {place + 1} holds a NUL byte (saved as UTF-16, or damaged?)"
            self.report(Level.FILE, "binary", where, raw, message, place=place)
        if not self._encoding and not piece.isascii():
            self._check_encoding(line, piece)
        if not self._eol and not ends.as_specified:
            self._check_eol(line, piece)

    def _check_encoding(self, first_line: int, piece: bytes) -> None:
        try:
            piece.decode()
        except UnicodeDecodeError:
            for line, raw in _lines(first_line, piece):
                place = _undecodable(raw)
                if place is not None:
                    self._encoding, self.is_text = True, False
                    message = f"field {place + 1} is not UTF-8"
                    message += " (saved as UTF-16 or in another code page?)"
                    self.report(Level.FILE, "encoding", line, raw, message, place=place)
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


def _undecodable(raw: bytes) -> int | None:
    """Which field of a line is the first that is not UTF-8 outside its ReasonDescriptions.

    The ReasonDescription of a 300 record stands two fields after its QualityMethod.
    """
    fields = raw.split(b",")
    kind = text.indicator(raw)
    free = spec.FREE_TEXT.get(kind, frozenset())
    if kind == "300":
        quality = (
            place
            for place, name in enumerate(fields[2:], 2)
            if spec.QUALITY.fullmatch(text.clean(name.decode("ascii", "replace")))
        )
        free = frozenset({next(quality, -2) + 2})
    places = (
        place for place, name in enumerate(fields) if place not in free and not _is_utf8(name)
    )
    return next(places, None)


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True
