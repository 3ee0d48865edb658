"""The tables of codes in docs/format.md, generated from the codes of the reader."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from nem12.mdff import spec
from nem12.mdff.findings import EXPLAIN, Level
from nem12.mdff.meanings import METHODS, REASONS, REASONS_OBSOLETE
from nem12.mdff.profiles import PROFILES, ProfileName
from nem12.mdff.remedies import remedy

_TITLES: Final = {
    Level.FILE: "FILE: nothing of the file is loaded",
    Level.BLOCK: "BLOCK: the 200 record and its days are not loaded",
    Level.RECORD: "RECORD: the day or register read is not loaded",
    Level.WARN: "WARN: accepted and reported",
}
_BEGIN: Final = "<!-- Made by `manage.py generate codes`: change include/nem12/mdff instead. -->\n"
_END: Final = "<!-- End of the codes. -->\n"


def write_codes(document: Path) -> None:
    """Replace what stands between the two markers of a Markdown document by the tables of codes.

    Raises:
        ValueError: The document has no such markers.
    """
    before, _, rest = document.read_text(encoding="utf-8").partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not end:
        raise ValueError(f"{document}: the markers {_BEGIN.strip()} and {_END.strip()} are missing")
    document.write_text(before + codes() + after, encoding="utf-8")


def codes() -> str:
    """Markdown tables of flags, methods, units, profiles, and codes by level, marked."""
    tables = (
        ("Quality flags", _flags()),
        ("Methods", _numbered("method", METHODS)),
        ("Reason codes", _numbered("ReasonCode", REASONS)),
        ("Obsolete reason codes", _numbered("ReasonCode", REASONS_OBSOLETE)),
        ("Units", _unit_rows()),
        ("Profiles", _profiles()),
        *((_TITLES[level], _of_level(level)) for level in EXPLAIN),
    )
    return f"{_BEGIN}\n{''.join(_table(title, rows) for title, rows in tables)}{_END}"


def _table(title: str, rows: Iterable[str]) -> str:
    return "\n".join((f"### {title}\n", *rows, "\n"))


def _flags() -> Iterator[str]:
    yield "| flag | meaning | method | ReasonCode | counts as estimated |"
    yield "|---|---|---|---|---|"
    for flag in spec.FLAGS.values():
        until = f", until {flag.ended.day} {flag.ended:%B %Y}" if flag.ended else ""
        method = "two digits" if flag.needs_method else "none"
        reason = "required" if flag.needs_reason else ""
        estimated = "yes" if flag.estimated else ""
        yield f"| {flag.letter} | {flag.word}{until} | {method} | {reason} | {estimated} |"


def _numbered(heading: str, meanings: Mapping[int, str]) -> Iterator[str]:
    yield f"| {heading} | meaning |"
    yield "|---|---|"
    yield from (f"| {number} | {meaning} |" for number, meaning in meanings.items())


def _unit_rows() -> Iterator[str]:
    yield "| delivered in | stored in | adds up |"
    yield "|---|---|---|"
    of_stored: dict[str, list[spec.Unit]] = {}
    for unit in spec.UNITS.values():
        of_stored.setdefault(unit.stored, []).append(unit)
    for stored, units in of_stored.items():
        delivered = ", ".join(unit.delivered for unit in units)
        yield f"| {delivered} | {stored} | {'yes' if units[0].adds_up else 'no'} |"


def _profiles() -> Iterator[str]:
    yield "| profile | what it does | tolerance |"
    yield "|---|---|---|"
    for profile in PROFILES.values():
        yield f"| {profile.name} | {profile.summary} | {profile.tolerance} |"


def _of_level(level: Level) -> Iterator[str]:
    return _warnings() if level is Level.WARN else _refusals(level)


def _refusals(level: Level) -> Iterator[str]:
    yield "| code | lenient | meaning | what to do |"
    yield "|---|---|---|---|"
    for code, meaning in EXPLAIN[level].items():
        of_reads = level is Level.RECORD
        tolerated = PROFILES[ProfileName.LENIENT].tolerates(code, of_reads=of_reads)
        lenient = Level.WARN if tolerated else level
        yield f"| `{code}` | {lenient.name} | {meaning} | {remedy(code)} |"


def _warnings() -> Iterator[str]:
    yield "| code | meaning |"
    yield "|---|---|"
    for code, meaning in EXPLAIN[Level.WARN].items():
        yield f"| `{code}` | {meaning} |"
