"""One line under examination: its fields, and the findings about it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from nem12.mdff import spec, text, wording
from nem12.mdff.findings import Finding, Level
from nem12.mdff.profiles import Profile


def about_blank(line: int, raw: bytes) -> Iterator[Finding]:
    """The warnings about a line that holds no record."""
    excerpt = wording.excerpt(raw)
    if text.BOM in raw:
        message = "a byte order mark on a line of its own"
        yield Finding(Level.WARN, "bom", line, message, excerpt, line, line)
    if text.END_OF_TEXT in raw:
        message = "a Ctrl-Z (0x1A) on a line of its own"
        yield Finding(Level.WARN, "after-end", line, message, excerpt, line, line)
    elif not text.ends_line(raw) and not raw.strip(text.WHITE_SPACE):
        message = "white space after the last line end"
        yield Finding(Level.WARN, "after-end", line, message, excerpt, line, line)
    else:
        yield Finding(Level.WARN, "blank-line", line, "a blank line", excerpt, line, line)


@dataclass(slots=True)
class Record:
    """One line under examination, with what was found wrong with it.

    Attributes:
        line: 1-based.
        raw: The bytes as they stand in the file, without what strays around them.
        profile: Decides which faults are only warned of.
        intervals: Number of values of a 300 record, on which the names of its fields depend.
        text: Decoded.
        fields: Cleaned.
        findings: Faults and warnings so far.
        left_out: Place of a surplus field that is not among `fields`, from 0.
    """

    line: int
    raw: bytes
    profile: Profile
    intervals: int = 0
    text: str = ""
    fields: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    left_out: int | None = None

    def __post_init__(self) -> None:
        before, self.raw, behind = text.bare(self.raw)
        self.text, utf8 = text.decode(self.raw)
        self.fields = text.split(self.text)
        if before or behind:
            self._warn_of_strays(before, behind)
        spaced = text.place_with_spaces(self.text)
        if spaced is not None:
            self.warn("spaces", f"blanks around {self.name(spaced)}", place=spaced)
        if '"' in self.text:
            place = self.text.count(",", 0, self.text.index('"'))
            message = f"a quotation mark in {self.name(place)}; the format has no quoting"
            self.warn("quote", message, place=place)
        if not utf8:
            place = text.place_not_utf8(self.raw)
            message = f"{self.name(place)} is not UTF-8; read as Windows-1252"
            self.warn("encoding", message, place=place)

    def _warn_of_strays(self, before: bytes, behind: bytes) -> None:
        if text.BOM in before:
            message = f"a byte order mark before the {self.fields[0]} record"
            self.warn("bom", message)
        if text.END_OF_TEXT in before + behind:
            where = "before" if text.END_OF_TEXT in before else "behind"
            message = f"a Ctrl-Z (0x1A) {where} the {self.fields[0]} record"
            self.warn("after-end", message)

    @property
    def refused(self) -> bool:
        """Whether anything beyond warnings was found."""
        return any(finding.level is not Level.WARN for finding in self.findings)

    def refuse(
        self,
        code: str,
        message: str,
        level: Level = Level.RECORD,
        *,
        place: int | None = None,
        excerpt: str = "",
    ) -> None:
        """A fault that refuses the record.

        Args:
            code: A key of `EXPLAIN[level]`.
            message: Names field, value and reason.
            level: How much the fault refuses.
            place: Of the field at fault, from 0; without it the whole record is.
            excerpt: To be shown instead of what stands around that field.
        """
        if place is not None and self.left_out is not None:
            place += place >= self.left_out
        if not excerpt:
            excerpt = wording.excerpt(self.raw) if place is None else self._marked(place)
        number = 0 if place is None else place + 1
        self.findings.append(
            Finding(level, code, self.line, message, excerpt, self.line, self.line, number)
        )

    def refuse_unless_tolerated(
        self, code: str, message: str, level: Level = Level.RECORD, *, place: int | None = None
    ) -> None:
        """A fault that refuses the record, but is only warned of where the profile says so."""
        tolerated = self.profile.tolerates(code, of_reads=self.fields[0] == "250")
        self.refuse(code, message, Level.WARN if tolerated else level, place=place)

    def warn(self, code: str, message: str, *, place: int | None = None) -> None:
        """Something wrong with a record that is accepted all the same."""
        self.refuse(code, message, Level.WARN, place=place)

    def name(self, place: int) -> str:
        """AEMO's name of the field at this place; its number if AEMO has no such field."""
        return spec.field_name(self.fields[0], place, self.intervals) or f"field {place + 1}"

    def _marked(self, place: int) -> str:
        return wording.marked(self.text.split(","), place)

    def check_length(self, least: int, most: int, level: Level = Level.RECORD) -> bool:
        """Compare the number of fields with the layout; whether the rest can be read.

        With a field too many it is unclear which one it is, and so what the others are.
        """
        count = len(self.fields)
        length = f"a {self.fields[0]} record of {wording.plural(count, 'field')}"
        if count < least:
            message = f"{length}; at least {least} are needed: no {self.name(count)}"
            self.refuse("too-few-fields", message, level, place=count)
        elif count < most:
            message = f"{length} instead of {most}: no {self.name(count)}"
            self.warn("short-record", message, place=count)
        elif any(self.fields[most:]):
            place = next(n for n, name in enumerate(self.fields[most:], most) if name)
            message = f"{length} instead of {most}: field {place + 1} is not empty"
            self.refuse("too-many-fields", message, place=place)
            return False
        elif count > most:
            surplus = wording.plural(count - most, "extra empty field")
            message = f"{surplus} after the {self.fields[0]} record, from field {most + 1} on"
            self.warn("trailing-commas", message, place=most)
        return count >= least

    def leave_out(self, place: int) -> None:
        """Check the record without this surplus field; findings name the others as they are."""
        del self.fields[place]
        self.left_out = place

    def at(self, place: int) -> str:
        """A field that may be missing."""
        return self.fields[place] if place < len(self.fields) else ""
