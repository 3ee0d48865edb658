"""The regular records of a format: the whole-file pass goes over them without reading them."""

import re
from dataclasses import dataclass
from typing import Final

from nem12.mdff import spec


@dataclass(frozen=True)
class Regular:
    """How to find the end of a run of regular records.

    Attributes:
        beginnings: Of regular lines.
        odd_line: Matches the line end before any other line.
        cut: Found before a record with which a part may begin.
    """

    beginnings: tuple[bytes, ...]
    odd_line: re.Pattern[bytes]
    cut: bytes

    @classmethod
    def of(cls, form: spec.Format) -> "Regular":
        """The regular records of a format are those of its own indicators."""
        beginnings = tuple(f"{indicator},".encode() for indicator in sorted(form.indicators))
        odd_line = re.compile(rb"\n(?!" + b"|".join(beginnings) + rb")")
        return cls(beginnings, odd_line, f"\n{form.whole},".encode())

    def end(self, piece: bytes, at: int) -> int:
        """Where the next line that is not a regular record begins; else the end of the piece.

        Args:
            piece: Lines that end in LF or CR LF.
            at: Where one of them begins.
        """
        if not piece.startswith(self.beginnings, at):
            return at
        # A line end at the very end does not begin a line.
        odd = self.odd_line.search(piece, at, len(piece) - 1)
        return odd.end() if odd else len(piece)


REGULAR: Final = {form.name: Regular.of(form) for form in spec.FORMATS.values()}
