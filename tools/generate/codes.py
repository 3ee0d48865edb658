"""The tables of codes in docs/format.md, generated from the codes of the reader."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from nem12.mdff.findings import EXPLAIN, Level
from nem12.mdff.profile import PROFILES
from nem12.mdff.remedies import remedy

_TITLES: Final = {
    Level.FILE: "FILE: nothing of the file is loaded",
    Level.BLOCK: "BLOCK: the 200 record and its days are not loaded",
    Level.RECORD: "RECORD: the day is not loaded",
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
    """One Markdown table for each level, between the markers."""
    return f"{_BEGIN}\n{''.join(map(_table, EXPLAIN))}{_END}"


def _table(level: Level) -> str:
    rows = "\n".join(_warnings() if level is Level.WARN else _refusals(level))
    return f"### {_TITLES[level]}\n\n{rows}\n\n"


def _refusals(level: Level) -> Iterator[str]:
    yield "| code | lenient | meaning | what to do |"
    yield "|---|---|---|---|"
    for code, meaning in EXPLAIN[level].items():
        lenient = Level.WARN if code in PROFILES["lenient"].tolerated else level
        yield f"| `{code}` | {lenient.name} | {meaning} | {remedy(code)} |"


def _warnings() -> Iterator[str]:
    yield "| code | meaning |"
    yield "|---|---|"
    for code, meaning in EXPLAIN[Level.WARN].items():
        yield f"| `{code}` | {meaning} |"
