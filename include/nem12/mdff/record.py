"""One line under examination: its fields, and what is wrong with it."""

from dataclasses import dataclass, field

from nem12.mdff import text
from nem12.mdff.findings import Finding, Level
from nem12.mdff.profile import Profile


@dataclass(slots=True)
class Record:
    """One line under examination, with what was found wrong with it.

    Attributes:
        line: 1-based.
        raw: The bytes as they stand in the file.
        profile: Decides which faults are only warned of.
        text: Decoded.
        fields: Cleaned.
        findings: Faults and warnings so far.
    """

    line: int
    raw: bytes
    profile: Profile
    text: str = ""
    fields: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.text, utf8 = text.decode(self.raw)
        self.fields = text.split(self.text)
        spaced = text.place_with_spaces(self.text)
        if spaced is not None:
            self.warn("spaces", f"blanks around field {spaced + 1}")
        if '"' in self.text:
            place = self.text.count(",", 0, self.text.index('"'))
            self.warn("quote", f"a quotation mark in field {place + 1}; the format has no quoting")
        if not utf8:
            self.warn("encoding", "the ReasonDescription is not UTF-8; read as Windows-1252")

    @property
    def refused(self) -> bool:
        """Whether anything beyond warnings was found."""
        return any(finding.level is not Level.WARN for finding in self.findings)

    def refuse(self, code: str, message: str, level: Level = Level.RECORD) -> None:
        """A fault that refuses the record."""
        self._add(level, code, message)

    def refuse_unless_tolerated(self, code: str, message: str, level: Level = Level.RECORD) -> None:
        """A fault that refuses the record, but is only warned of where the profile says so."""
        self._add(Level.WARN if code in self.profile.tolerated else level, code, message)

    def warn(self, code: str, message: str) -> None:
        """Something wrong with a record that is accepted all the same."""
        self._add(Level.WARN, code, message)

    def _add(self, level: Level, code: str, message: str) -> None:
        excerpt = text.excerpt(self.raw)
        self.findings.append(
            Finding(level, code, self.line, message, excerpt, self.line, self.line)
        )

    def check_length(self, least: int, most: int, level: Level = Level.RECORD) -> bool:
        """Compare the number of fields with the layout; whether the rest can be read.

        With a field too many nobody can tell which one it is, and so what the others are.
        """
        count = len(self.fields)
        length = f"a {self.fields[0]} record of {text.plural(count, 'field')}"
        if count < least:
            self.refuse("too-few-fields", f"{length}; at least {least} are needed", level)
        elif count < most:
            self.warn("short-record", f"{length} instead of {most}")
        elif any(self.fields[most:]):
            self.refuse("too-many-fields", f"{length} instead of {most}")
            return False
        elif count > most:
            surplus = text.plural(count - most, "empty field")
            self.warn("trailing-commas", f"{surplus} too many behind a {self.fields[0]} record")
        return count >= least

    def at(self, place: int) -> str:
        """A field that may be missing."""
        return self.fields[place] if place < len(self.fields) else ""
