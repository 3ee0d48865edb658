"""The whole-file pass: is it a complete NEM12 file, and where can it be cut?

A file is judged as a whole before anything of it is loaded, since a truncated one otherwise looks
complete. The pass looks closely only at the few lines that are not 200, 300, 400 or 500 records.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from nem12.mdff import spec, text
from nem12.mdff.findings import Finding, Level, Tally
from nem12.mdff.stamps import parse_datetime

_ODD_LINE: Final = re.compile(rb"\n(?![2-5]00,)")
_ANY_RECORD: Final = re.compile(
    rb'(?:^|[\r\n])[ \t"]*(?:[1-5]00|900|250|550)(?![0-9A-Za-z.])', re.ASCII
)


@dataclass(frozen=True)
class Header:
    """The 100 record (S 4.2).

    Attributes:
        created: DateTime in NEM time, naive.
        sender: FromParticipant.
        receiver: ToParticipant.
    """

    created: datetime
    sender: str = ""
    receiver: str = ""


@dataclass(frozen=True)
class Cut:
    """A place where a file may be cut: the beginning of a line.

    Attributes:
        offset: Bytes before it.
        line: 1-based number of the line that begins there.
    """

    offset: int
    line: int


@dataclass
class Structure:
    """What the whole-file pass finds; fed with pieces that end where a line ends.

    Attributes:
        cut_bytes: Least distance between two cuts.
        header: The 100 record, if it is usable.
        findings: FILE findings, and the warnings about the file's form.
        cuts: Beginnings of 200 records, at least `cut_bytes` apart.
        body: Where the records after the 100 record begin.
        end: Where the 900 record begins.
        records: 100 and 900 records, and whatever else stands outside the body.
        refused_records: Those of them that are not accepted.
        tally: All findings, counted.
    """

    cut_bytes: int
    header: Header | None = None
    findings: list[Finding] = field(default_factory=list)
    cuts: list[Cut] = field(default_factory=list)
    body: Cut = Cut(0, 1)
    end: Cut = Cut(0, 1)
    records: int = 0
    refused_records: int = 0
    tally: Tally = field(default_factory=Tally)
    _state: str = "before"
    _line: int = 1
    _last_line: int = 1
    _last_byte: int = 0
    _first_record: tuple[int, bytes] | None = None
    _any_record: bool = False
    _body_has_records: bool = False
    _eol_known: bool = False

    @property
    def refused(self) -> bool:
        """Whether nothing of the file may be loaded."""
        return any(finding.level is Level.FILE for finding in self.findings)

    def feed(self, offset: int, piece: bytes) -> None:
        """Take the next piece of the file, beginning at `offset`."""
        line = self._line
        self._check_text(piece, line)
        self._check_eol(piece, line)
        self._walk(offset, line, piece)
        content = piece.rstrip(b" \t,\r\n")
        if content:
            self._last_line = line + text.count_lines(content)
        self._line = line + text.count_lines(piece)
        self._last_byte = piece[-1]

    def finish(self) -> None:
        """The file has ended: what only the end can tell."""
        if self._state == "unknown":
            line, raw = self._first_record or (1, b"")
            if self._any_record:
                self._file("no-header", line, raw, _no_header_message(raw))
            else:
                self._file("not-text", 1, raw, "the file holds no NEM12 records at all")
        elif self._state == "before":
            self._file("empty", 1, b"", "the file holds nothing but line ends")
        elif self._state == "body":
            message = "the file ends without a 900 record: it was cut off on its way"
            self._file("no-end", self._last_line, b"", message)
        if self._last_byte not in b"\r\n" and self._state != "before":
            self._warn("no-final-newline", self._last_line, b"", "the last line has no line end")
        if self._has("encoding") or self._has("binary"):
            # What bytes of another kind look like as records would only mislead.
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

    def _check_text(self, piece: bytes, first_line: int) -> None:
        nul = piece.find(b"\0")
        if nul >= 0 and not self._has("binary"):
            line = first_line + text.count_lines(piece[:nul])
            self._file("binary", line, b"", f"line {line} holds a NUL byte")
        if piece.isascii() or self._has("encoding"):
            return
        try:
            piece.decode()
        except UnicodeDecodeError:
            for _, line, raw in _lines(0, first_line, piece):
                if _undecodable(raw):
                    message = "the text is not UTF-8 (saved as UTF-16 or in another code page?)"
                    self._file("encoding", line, raw, message)
                    break

    def _check_eol(self, piece: bytes, first_line: int) -> None:
        if self._eol_known or (piece.count(b"\n") == piece.count(b"\r\n") == piece.count(b"\r")):
            return
        for _, line, raw in _lines(0, first_line, piece):
            if raw.endswith((b"\n", b"\r")) and not raw.endswith(b"\r\n"):
                what = "LF" if raw.endswith(b"\n") else "CR"
                self._warn("eol", line, raw, f"lines end in {what} instead of CR LF")
                self._eol_known = True
                return

    def _walk(self, offset: int, line: int, piece: bytes) -> None:
        """Line by line outside the body; the body itself is scanned."""
        scannable = piece.count(b"\r") == piece.count(b"\r\n")
        if self._state == "body" and scannable:
            self._scan_body(offset, line, piece)
            return
        done = 0
        for number, raw in enumerate(piece.splitlines(keepends=True), line):
            if self._state == "broken":
                return
            if self._state == "body" and scannable:
                self._scan_body(offset + done, number, piece[done:])
                return
            self._record(offset + done, number, raw)
            done += len(raw)

    def _scan_body(self, offset: int, line: int, piece: bytes) -> None:
        """Pass over the regular records and look at the odd ones."""
        starts = [match.end() for match in _ODD_LINE.finditer(piece, 0, len(piece) - 1)]
        if piece[:4] not in (b"200,", b"300,", b"400,", b"500,"):
            starts.insert(0, 0)
        self._body_has_records |= text.count_lines(piece) > len(starts)
        self._find_cuts(offset, line, piece)
        before = 0
        for start in starts:
            line += text.count_lines(piece[before:start])
            before = start
            end = piece.find(b"\n", start) + 1 or len(piece)
            self._record(offset + start, line, piece[start:end])
            if self._state != "body":
                self._walk(offset + end, line + 1, piece[end:])
                return

    def _find_cuts(self, offset: int, line: int, piece: bytes) -> None:
        last = self.cuts[-1].offset if self.cuts else self.body.offset
        while last + self.cut_bytes < offset + len(piece):
            at = piece.find(b"\n200,", max(0, last + self.cut_bytes - offset - 1)) + 1
            if not at:
                return
            self.cuts.append(Cut(offset + at, line + text.count_lines(piece[:at])))
            last = offset + at

    def _record(self, offset: int, line: int, raw: bytes) -> None:
        """One line that decides about the file: any outside the body, the odd ones inside."""
        if text.is_blank(raw):
            if self._state != "body":
                self._warn("blank-line", line, raw, "a blank line")
            return
        kind = text.indicator(raw.removeprefix(text.BOM) if offset == 0 else raw)
        if self._state == "before":
            self._first(offset, line, raw, kind)
        elif self._state == "unknown":
            self._any_record = self._any_record or _ANY_RECORD.search(raw) is not None
        elif self._state == "body":
            self._in_body(offset, line, raw, kind)
        elif self._state == "after":
            self._state = "broken"
            if kind == "900":
                self._file("second-end", line, raw, "a second 900 record")
            else:
                self._file(
                    "after-end", line, raw, f"record {text.shown(kind)} after the 900 record"
                )

    def _first(self, offset: int, line: int, raw: bytes, kind: str) -> None:
        if offset == 0 and raw.startswith(text.BOM):
            self._warn("bom", 1, raw, "the file begins with a byte order mark")
            raw = raw.removeprefix(text.BOM)
            offset += len(text.BOM)
        if kind != "100":
            self._state, self._first_record = "unknown", (line, raw)
            self._any_record = _ANY_RECORD.search(raw) is not None
            return
        self.records += 1
        self._state = "body" if self._read_header(line, raw) else "broken"
        self.body = Cut(offset + len(raw), line + 1)

    def _in_body(self, offset: int, line: int, raw: bytes, kind: str) -> None:
        if kind == "900":
            self._state, self.end = "after", Cut(offset, line)
            self.records += 1
            self._read_end(line, raw)
        elif kind == "100":
            self._state = "broken"
            self._file("second-header", line, raw, "a second 100 record before the 900 record")
        elif kind in spec.NEM13_INDICATORS:
            self._state = "broken"
            self._file("mixed", line, raw, f"NEM13 record {kind} in a NEM12 file")
        else:
            self._body_has_records = True

    def _read_header(self, line: int, raw: bytes) -> bool:
        fields = self._fields(line, raw, len(spec.FIELDS_100))
        version = fields[1] if len(fields) > 1 else ""
        if version.upper() != "NEM12":
            message = f"VersionHeader is '{text.shown(version)}', not NEM12"
            if version.upper() == "NEM13":
                message = "NEM13 (accumulation data) is not interval data"
            self._file("version", line, raw, message)
            return False
        stamp = fields[2] if len(fields) > 2 else ""
        created = parse_datetime(stamp)
        if created is None:
            message = f"header DateTime '{text.shown(stamp)}' is no date (CCYYMMDDhhmm)"
            if re.fullmatch(r"[0-9.]+E\+?[0-9]+", stamp, re.IGNORECASE):
                message += "; was the file saved by a spreadsheet?"
            self._file("header-date", line, raw, message)
        elif len(stamp) != 12:
            message = f"header DateTime '{stamp}' has {len(stamp)} digits instead of 12"
            self._warn("header-date", line, raw, message)
        sender, receiver = [*fields[3:5], "", ""][:2]
        if not (sender and receiver):
            who = "ToParticipant" if sender else "FromParticipant"
            self._warn("participant", line, raw, f"{who} is empty")
        if created is not None:
            self.header = Header(created, sender, receiver)
        return True

    def _read_end(self, line: int, raw: bytes) -> None:
        self._fields(line, raw, 1)
        if not self._body_has_records:
            self._warn("no-data", line, raw, "the file delivers nothing: 900 follows 100")

    def _fields(self, line: int, raw: bytes, most: int) -> list[str]:
        """The fields of a 100 or 900 record, what is wrong with their form reported."""
        record, _ = text.decode(raw)
        fields = text.split(record)
        extra = fields[most:]
        if len(fields) < most:
            self._warn("short-record", line, raw, f"{len(fields)} fields instead of {most}")
        elif any(extra):
            message = f"{len(fields)} fields instead of {most}"
            self._add(Level.RECORD, "too-many-fields", line, raw, message)
            self.refused_records += 1
        elif extra:
            self._warn("trailing-commas", line, raw, f"{len(extra)} empty fields too many")
        if text.has_spaces(record):
            self._warn("spaces", line, raw, "blanks around a field")
        if '"' in record:
            self._warn("quote", line, raw, "a quotation mark; the format has no quoting")
        return fields

    def _has(self, code: str) -> bool:
        return any(finding.code == code for finding in self.findings)

    def _file(self, code: str, line: int, raw: bytes, message: str) -> None:
        self._add(Level.FILE, code, line, raw, message)

    def _warn(self, code: str, line: int, raw: bytes, message: str) -> None:
        self._add(Level.WARN, code, line, raw, message)

    def _add(self, level: Level, code: str, line: int, raw: bytes, message: str) -> None:
        finding = Finding(level, code, line, message, text.excerpt(raw), line, line)
        if self.tally.keep(finding):
            self.findings.append(finding)


def _lines(offset: int, line: int, piece: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Offset, number and bytes of each line of a piece."""
    for number, raw in enumerate(piece.splitlines(keepends=True), line):
        yield offset, number, raw
        offset += len(raw)


def _undecodable(raw: bytes) -> bool:
    """Whether a line is not UTF-8 outside its ReasonDescription.

    The ReasonDescription of a 300 record stands two fields after its QualityMethod; that of a 400
    record is its sixth field.
    """
    try:
        raw.decode()
    except UnicodeDecodeError:
        fields = raw.split(b",")
    else:
        return False
    free = None
    if fields[0] == b"400":
        free = 5
    elif fields[0] == b"300":
        quality = (
            i
            for i, name in enumerate(fields[2:], 2)
            if spec.QUALITY.fullmatch(text.clean(name.decode("ascii", "replace")))
        )
        free = next(quality, -2) + 2
    for place, name in enumerate(fields):
        try:
            name.decode()
        except UnicodeDecodeError:
            if place != free:
                return True
    return False


def _no_header_message(raw: bytes) -> str:
    if raw.lstrip().startswith(b"100;"):
        return "the fields are separated by semicolons; was the file saved by a spreadsheet?"
    return f"the first record is '{text.shown(text.indicator(raw))}', not a 100 record"
