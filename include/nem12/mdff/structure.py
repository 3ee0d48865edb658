"""The whole-file pass: is it a complete file, and where can it be cut? (S 2, 4.1, 5.1).

A file is checked as a whole before any of it is loaded, since a truncated file otherwise looks
complete. The pass examines only the few lines that are not regular records of its format.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

from nem12.mdff import spec, text, wording
from nem12.mdff.doubt import Doubt
from nem12.mdff.findings import Finding, Level, Tally
from nem12.mdff.form import Form
from nem12.mdff.header import NO_HEADER, Header, check_100, check_900, format_of
from nem12.mdff.limits import MAX_MONTHS, WARNINGS_KEPT
from nem12.mdff.profiles import Profile
from nem12.mdff.record import Record, about_blank
from nem12.mdff.regular import REGULAR, Regular

_DAY_MONTH: Final = re.compile(rb"\n300,([0-9]{6})")
_ANY_RECORD: Final = re.compile(rb'[ \t"]*(?:[1-5]00|900|250|550)(?![0-9A-Za-z.])', re.ASCII)
_NOT_TEXT: Final = (
    "the file holds no NEM12 records (100, 200, 300 …) at all: ask for the NEM12 file, which"
    " portals call the detailed report"
)
_KEPT: Final = 4 * wording.EXCERPT
_WITHIN_UTF8: Final = bytes(range(0x80, 0xC0))


@dataclass(frozen=True)
class Cut:
    """The beginning of a line.

    Attributes:
        offset: Bytes before it.
        line: 1-based number of the line that begins there.
    """

    offset: int
    line: int


@dataclass
class Structure:
    """The whole-file pass; it is fed with pieces that end at a line end.

    Attributes:
        cut_bytes: Least distance between two cuts.
        profile: Decides which breaches of the structure are only warned of.
        format: Of the first 100 record, or by the first record where the profile reads a file
            without one; None before it is known.
        headers: The first usable 100 record and those in force at the cuts, each with its offset.
        findings: FILE findings, and the warnings about the file's form.
        tally: All findings, counted.
        cuts: Beginnings of 200 or 250 records, at least `cut_bytes` apart.
        body: Where the records after the 100 record begin.
        end: Where the 900 record begins.
        records: 100 and 900 records.
        refused_records: Those of them that are not accepted.
    """

    cut_bytes: int
    profile: Profile
    format: spec.Format | None = None
    headers: list[tuple[int, Header]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    cuts: list[Cut] = field(default_factory=list)
    body: Cut = Cut(0, 1)
    end: Cut = Cut(0, 1)
    records: int = 0
    refused_records: int = 0
    _state: str = "before"
    """`before` the first record, in the `body`, `after` a 900 record; `unknown` where the first
    record is none of the format's, `broken` after a breach that decides."""
    _line: int = 1
    _last_line: int = 1
    _unended: bytes = b""
    """The last line, where it has no line end."""
    _first_record: tuple[int, bytes] = (1, b"")
    _first_raw: bytes = b""
    _last_raw: bytes = b""
    """The beginning of the first line; beginning and end of the last one that is not blank."""
    _any_record: bool = False
    _body_has_records: bool = False
    _months: set[bytes] = field(default_factory=set)
    _doubt: Doubt | None = None
    """Of the header in force, until a day contradicts it."""
    _scannable: bool = True
    """No line of the piece ends in CR alone, so that LFs tell the lines."""

    def __post_init__(self) -> None:
        self._form = Form(self._add)

    @property
    def refused(self) -> bool:
        """Whether nothing of the file may be loaded."""
        return any(finding.level is Level.FILE for finding in self.findings)

    def feed(self, offset: int, piece: bytes) -> None:
        """Take the next piece of the file, beginning at `offset`."""
        line = self._line
        if self._state == "body" and line == self.body.line:
            # An overlong 100 record came condensed: its length cannot be used.
            self.body = Cut(offset, line)
        ends = text.line_ends(piece)
        self._form.look(line, piece, ends)
        self._scannable = not ends.lone_cr
        self._walk(offset, line, piece)
        if line == 1:
            self._first_raw = self._first_raw or piece[: 4 * wording.EXCERPT].splitlines()[0]
        content = text.content_length(piece)
        if content:
            self._last_line = line + ends.lines - text.count_lines(piece[content:])
            self._last_raw = _both_ends(text.line_around(piece, content - 1)[0])
        self._line = line + ends.lines
        self._unended = piece[max(piece.rfind(b"\n"), piece.rfind(b"\r")) + 1 :]

    @property
    def lines(self) -> int:
        """Physical lines so far."""
        return self._line - 1 + bool(self._unended)

    def finish(self) -> None:
        """Finish the pass: findings that only the end of the file decides."""
        empty = self._state == "before"
        ending = wording.excerpt_of_end
        line, raw = self._first_record
        if empty:
            self._breach("empty", 1, self._first_raw, "the file holds nothing but line ends")
        elif not self._any_record:
            self._breach("not-text", 1, raw, _NOT_TEXT)
        elif self._state == "unknown":
            self._breach("no-header", line, raw, _no_header_message(raw))
        elif self._state == "body":
            message = "the file ends without a 900 record"
            if "no-end" not in self.profile.tolerated:
                message += ": it was cut off on its way"
            self._breach("no-end", self._last_line, self._last_raw, message, excerpt=ending)
        if not (empty or text.is_blank(self._unended)):
            message = "the last line has no line end"
            about = "no-final-newline", self._last_line, self._last_raw, message
            self._add(Level.WARN, *about, excerpt=ending)
        if len(self._months) > MAX_MONTHS:
            message = f"the days are spread over {len(self._months)} months"
            self._add(Level.FILE, "too-many-months", 1, self._first_raw, message)
        if not self._form.is_text:
            # Findings about records would mislead, as the bytes are not text.
            self.findings = [
                finding
                for finding in self.findings
                if finding.level is not Level.FILE or finding.code in ("encoding", "binary")
            ]
        self.findings = [
            replace(finding, first_line=1, last_line=self._last_line)
            if finding.level is Level.FILE
            else finding
            for finding in self.findings
        ]

    def _walk(self, offset: int, line: int, piece: bytes) -> None:
        """Line by line outside the body; the body itself is scanned."""
        at = 0
        while at < len(piece) and self._state != "broken":
            blank = text.BLANK_LINES.match(piece, at)
            if self._state == "body" and self._scannable:
                at, line = self._scan_body(offset, line, piece, at)
            elif blank:
                at, line = blank.end(), line + self._blank_lines(line, blank[0])
            else:
                end = text.LINE.match(piece, at).end()  # type: ignore[union-attr]  # any matches
                self._record(offset + at, line, piece[at:end])
                at, line = end, line + 1

    def _scan_body(self, offset: int, line: int, piece: bytes, at: int) -> tuple[int, int]:
        """Pass over the regular records and look at the odd ones.

        Args:
            offset: Of the piece.
            line: Number of the line to begin with.
            piece: Whole lines.
            at: Where in the piece that line begins.

        Returns:
            Where in the piece the body ends, and the number of the line after it.
        """
        regular = self._regular
        while at < len(piece) and self._state == "body":
            odd = regular.end(piece, at)
            if odd > at:
                self._pass_over(offset, line, piece, at, odd)
                line += piece.count(b"\n", at, odd)
            at = odd
            blank = text.BLANK_LINES.match(piece, at)
            if blank:
                # The reader warns of these.
                at, line = blank.end(), line + blank[0].count(b"\n")
            elif at < len(piece):
                end = piece.find(b"\n", at) + 1 or len(piece)
                self._record(offset + at, line, piece[at:end])
                at, line = end, line + 1
        return at, line

    @property
    def _regular(self) -> Regular:
        return REGULAR[(self.format or spec.NEM12).name]

    def _pass_over(self, offset: int, line: int, piece: bytes, at: int, end: int) -> None:
        """Regular records, from `at` to `end` of the piece."""
        self._body_has_records = self._any_record = True
        before = max(0, at - 1)  # the line end before the first of them
        if self.format is spec.NEM12 and len(self._months) <= MAX_MONTHS:
            # Every month becomes a partition, so their number is limited.
            self._months.update(_DAY_MONTH.findall(piece, before, end))
        last = self.cuts[-1].offset if self.cuts else self.body.offset
        whole = self._regular.cut
        while last + self.cut_bytes < offset + end:
            cut = piece.find(whole, max(before, last + self.cut_bytes - offset - 1), end) + 1
            if not cut:
                break
            last = offset + cut
            self.cuts.append(Cut(last, line + piece.count(b"\n", at, cut)))
        if self._doubt is not None:
            self._take_doubt(self._doubt.look(line, piece[at:end]))

    def _take_doubt(self, finding: Finding | None) -> None:
        if finding is not None:
            self._take([finding])
            self._doubt = None

    @property
    def _reader_tells(self) -> bool:
        """Whether the reader reads these lines too, and warns of blank ones itself."""
        # In a joined file the reader goes on after a 900 record.
        return self._state == "body" or (self._state == "after" and self.profile.joined)

    def _blank_lines(self, line: int, lines: bytes) -> int:
        """Warn of a run of blank lines, of the first of them one by one; how many they are."""
        count = text.count_lines(lines)
        if not self._reader_tells:
            each = enumerate(text.LINE.finditer(lines), line)
            # Many short runs together give no more warnings than a long one.
            told = min(count, max(0, WARNINGS_KEPT - self.tally.counts[Level.WARN, "blank-line"]))
            for number, match in islice(each, told):
                self._take(about_blank(number, match[0]))
            self.tally.more(Level.WARN, "blank-line", count - told)
        return count

    def _record(self, offset: int, line: int, raw: bytes) -> None:
        """One line that decides about the file: any outside the body, the odd ones inside."""
        if text.is_blank(raw):
            if not self._reader_tells:
                self._take(about_blank(line, raw))
            return
        if not self._any_record:
            _, record, _ = text.bare(raw)
            self._any_record = _ANY_RECORD.match(record) is not None
        kind = text.indicator(raw)
        if self._state == "before":
            self._first(offset, line, raw, kind)
        elif self._state == "body":
            self._in_body(offset, line, raw, kind)
        elif self._state == "after":
            self._after_end(offset, line, raw, kind)

    def _first(self, offset: int, line: int, raw: bytes, kind: str) -> None:
        if kind == "100":
            self._begin(offset, line, raw)
            return
        self._first_record = line, raw
        if "no-header" not in self.profile.tolerated:
            # The lines that follow decide between no-header and not-text.
            self._state = "unknown"
            return
        self._breach("no-header", line, raw, _no_header_message(raw))
        self.format = spec.NEM13 if kind in spec.NEM13.indicators else spec.NEM12
        self._state, self.body = "body", Cut(offset, line)
        self.headers.append((offset, NO_HEADER))
        self._in_body(offset, line, raw, kind)

    def _begin(self, offset: int, line: int, raw: bytes) -> None:
        """A 100 record: the body follows."""
        first = self._state == "before"
        record = Record(line, raw, self.profile)
        header = check_100(record)
        self._keep(record)
        if self._is_other_format(line, raw, record):
            return
        if header is not None:
            self._put_in_force(offset, header)
            doubtful = header.known and "header-date" in self.profile.tolerated
            doubtful = doubtful and self.format is spec.NEM12
            self._doubt = Doubt(record, header) if doubtful else None
        wrong_version = any(finding.code == "version" for finding in record.findings)
        self._state = "broken" if wrong_version else "body"
        if first:
            self.body = Cut(offset + len(raw), line + 1)

    def _is_other_format(self, line: int, raw: bytes, record: Record) -> bool:
        """Whether a 100 record names another format than the file began with."""
        named = format_of(record)
        self.format = self.format or named
        if named is None or named is self.format:
            return False
        first = self.format.name if self.format else ""
        return not self._breach("mixed", line, raw, f"a {named.name} file joined to a {first} file")

    def _put_in_force(self, offset: int, header: Header) -> None:
        """Keep a header that may be in force where a part begins; a file may have millions."""
        if len(self.headers) > 1 and (not self.cuts or self.cuts[-1].offset < self.headers[-1][0]):
            self.headers.pop()
        self.headers.append((offset, header))

    def _in_body(self, offset: int, line: int, raw: bytes, kind: str) -> None:
        if kind == "900":
            self._state, self.end = "after", Cut(offset, line)
            self._end(line, raw)
            if not self._body_has_records:
                message = "the file contains no data (900 directly after 100)"
                self._add(Level.WARN, "no-data", line, raw, message)
        elif kind == "100":
            if self._breach("second-header", line, raw, "a 100 record before the 900 record"):
                self._begin(offset, line, raw)
        elif other := self._other_format(kind):
            mine = self.format.name if self.format else ""
            self._breach("mixed", line, raw, f"{other} record {kind} in a {mine} file")
        else:
            self._body_has_records = True
            if kind == "300" and self._doubt is not None:
                self._take_doubt(self._doubt.judge(line, raw))

    def _other_format(self, kind: str) -> str:
        """The other format if the record belongs to it, else None."""
        others = (of for of in spec.FORMATS.values() if of is not self.format)
        return next((of.name for of in others if kind in of.indicators), "")

    def _after_end(self, offset: int, line: int, raw: bytes, kind: str) -> None:
        if kind == "900":
            if self._breach("second-end", line, raw, "a second 900 record"):
                self._end(line, raw)
        elif kind == "100" and "second-header" in self.profile.tolerated:
            self._breach("second-header", line, raw, "another file follows the 900 record")
            self._begin(offset, line, raw)
        else:
            message = f"record '{wording.shown(kind)}' after the 900 record"
            extends = spec.INDICATOR_LIKE.fullmatch(kind) and not any(
                kind in of.indicators for of in spec.FORMATS.values()
            )
            # A record that extends the format does not need another 900 record behind it.
            if self._breach("after-end", line, raw, message) and not extends:
                self._state = "body"
                self._in_body(offset, line, raw, kind)

    def _end(self, line: int, raw: bytes) -> None:
        record = Record(line, raw, self.profile)
        check_900(record)
        self._keep(record)

    def _keep(self, record: Record) -> None:
        """Take the findings about a 100 or 900 record."""
        self.records += 1
        self.refused_records += any(finding.level is Level.RECORD for finding in record.findings)
        self._take(record.findings)

    def _take(self, findings: Iterable[Finding]) -> None:
        self.findings += (finding for finding in findings if self.tally.keep(finding))

    def _breach(
        self,
        code: str,
        line: int,
        raw: bytes,
        message: str,
        *,
        excerpt: Callable[[bytes], str] = wording.excerpt,
    ) -> bool:
        """The structure is broken; whether the profile lets the file go on all the same."""
        tolerated = code in self.profile.tolerated
        if not tolerated:
            self._state = "broken"
        level = Level.WARN if tolerated else Level.FILE
        self._add(level, code, line, raw, message, excerpt=excerpt)
        return tolerated

    def _add(
        self,
        level: Level,
        code: str,
        line: int,
        raw: bytes,
        message: str,
        *,
        place: int | None = None,
        excerpt: Callable[[bytes], str] = wording.excerpt,
    ) -> None:
        if level is Level.WARN and self.tally.counts[level, code] >= WARNINGS_KEPT:
            # Further warnings are only counted.
            self.tally.more(level, code, 1)
            return
        quoted, number = excerpt(raw), 0
        if place is not None:
            quoted, number = wording.marked(text.decode(raw)[0].split(","), place), place + 1
        self._take([Finding(level, code, line, message, quoted, line, line, number)])


def _both_ends(line: bytes) -> bytes:
    """A line without its middle, if it is longer than the part that is shown."""
    if len(line) <= 2 * _KEPT:
        return line
    # Do not cut within a character.
    return line[:_KEPT] + line[-_KEPT:].lstrip(_WITHIN_UTF8)


def _no_header_message(raw: bytes) -> str:
    if text.bare(raw)[1].lstrip().startswith(b"100;"):
        return "the fields are separated by semicolons; was the file saved by a spreadsheet?"
    return f"the first record is '{wording.shown(text.indicator(raw))}', not a 100 record"
