"""What the readers of both formats share.

Records that depend on a refused record are refused with it, and consequences of its refusal are
not reported again. `first_line` to `last_line` of a finding are all lines that it refuses.
"""

from collections.abc import Iterator
from typing import Final, Generic, TypeVar

from nem12.mdff import spec, text, wording
from nem12.mdff.counts import Counts
from nem12.mdff.findings import Finding, Level
from nem12.mdff.header import Header, check_100
from nem12.mdff.limits import MAX_LINE_BYTES, WARNINGS_KEPT
from nem12.mdff.profiles import Profile
from nem12.mdff.record import Record, about_blank

T = TypeVar("T")

EMPTY_LINES: Final = frozenset({b"\n", b"\r\n", b"\r"})

_SHORT: Final = 32
_MOST_KNOWN: Final = 4096
"""Lines (up to `_SHORT` bytes, at most `_MOST_KNOWN`) whose findings are remembered: a file may
consist of refused lines only, half a million in a MiB, and equal ones are examined once."""


class Remembered(Generic[T]):
    """Findings about short lines, remembered."""

    def __init__(self) -> None:
        self._known: dict[bytes, T] = {}
        self.get = self._known.get
        self.clear = self._known.clear

    def put(self, raw: bytes, known: T) -> None:
        """Remember it where the line is short, and not too many are remembered."""
        if len(raw) <= _SHORT and len(self._known) < _MOST_KNOWN:
            self._known[raw] = known


class Walk:
    """A walk over the records of a file or of a shard of it.

    Args:
        header: Of the whole file.
        profile: How strictly to judge.
        first_line: Number of the first line that will be read.

    Attributes:
        counts: What was read so far.
    """

    def __init__(self, header: Header, profile: Profile, first_line: int = 1) -> None:
        self.counts = Counts()
        self._header = header
        self._profile = profile
        self._line = first_line - 1
        self._blank_lines = 0

    @property
    def untold_blank_lines(self) -> int:
        """How many more blank lines get a warning of their own; the others are only counted."""
        return max(0, self._blank_lines - WARNINGS_KEPT)

    def _about_blank(self, raw: bytes) -> Iterator[Finding]:
        plain = text.BLANK_LINES.fullmatch(raw) is not None
        self._blank_lines += plain
        if not plain or self._blank_lines <= WARNINGS_KEPT:
            yield from about_blank(self._line, raw)

    def _is_boundary(self, kind: str) -> bool:
        """Whether a record ends a file, or begins another, inside a joined one."""
        return self._profile.joined and kind in ("100", "900")

    def _follow_header(self, raw: bytes, kind: str) -> None:
        """Take over the header of a 100 record; the whole-file pass judged it."""
        header = check_100(Record(self._line, raw, self._profile)) if kind == "100" else None
        self._header = header or self._header

    def _unknown_record(self, raw: bytes, kind: str) -> Finding:
        """A record of another kind; those that extend the format may be passed over."""
        extends = spec.INDICATOR_LIKE.fullmatch(kind) is not None
        tolerated = extends and "unknown-record" in self._profile.tolerated
        message = f"record indicator '{wording.shown(kind)}' is not one of the format"
        level = Level.WARN if tolerated else Level.RECORD
        return self._finding(level, "unknown-record", raw, message)

    def _too_many(self, raw: bytes, of: str) -> Finding:
        """A day or read has more 500 or 550 records than are kept."""
        message = f"the {text.indicator(raw)} records of this {of} have together more than"
        message += f" {MAX_LINE_BYTES // 1024} KiB"
        return self._finding(Level.RECORD, "too-many-transactions", raw, message)

    def _finding(self, level: Level, code: str, raw: bytes, message: str) -> Finding:
        return Finding(
            level, code, self._line, message, wording.excerpt(raw), self._line, self._line
        )
