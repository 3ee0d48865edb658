"""`expected.tsv`: what files as people really get them have to give."""

from pathlib import Path
from typing import NamedTuple


class Row(NamedTuple):
    """One line of it; `-` is not judged.

    Attributes:
        id: Short name.
        file: Name of the file beside it; of several, which come a minute apart, joined by `+`.
        profile: To judge by.
        level: Of the most severe finding, or OK; with SEQ only what is in force is judged.
        code: Must be among the findings.
        line: One of that code is on this line.
        readings: In force at the end.
        sum: Of these, exact.
        situation: What the file is.
    """

    id: str
    file: str
    profile: str
    level: str
    code: str
    line: str
    readings: str
    sum: str
    situation: str


def rows(folder: Path) -> list[Row]:
    """Those of a folder."""
    text = (folder / "expected.tsv").read_text(encoding="utf-8")
    return [Row(*line.split("\t")) for line in text.splitlines()[1:]]
