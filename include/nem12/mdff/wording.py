"""Text from files in sentences: nothing but printables, bounded, the field at fault marked."""

from collections.abc import Sequence
from typing import Final

from nem12.mdff.text import decode

EXCERPT: Final = 120
"""Characters of a line that a finding shows: enough to see which record it is."""

MARKS: Final = "►◄"
"""Stand around the field at fault in an excerpt; where a file holds them, they are escaped."""

_BEGINNING: Final = 24
"""Characters that an excerpt of the end of a line shows of its beginning."""

_MARKED: Final = 40
"""Characters of the field at fault that its excerpt shows."""


def plural(count: int, noun: str) -> str:
    """The number with its noun, as in `1 day`, `2 days`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def shown(text: str, limit: int = 40) -> str:
    """Text from a file, safe to print in a sentence: bounded, printable characters only."""
    return _beginning(_escaped(text[: limit + 1]), limit)


def excerpt(line: bytes) -> str:
    """The beginning of a line for a finding."""
    return _beginning(_escaped(decode(line[: 4 * EXCERPT])[0], MARKS), EXCERPT)


def excerpt_of_end(line: bytes) -> str:
    """The beginning of a line, which shows the record, and its end, where it breaks off."""
    text = _escaped(decode(line.rstrip(b"\r\n"))[0], MARKS)
    if len(text) <= EXCERPT:
        return text
    beginning = text[:_BEGINNING]
    return f"{beginning} … {text[-(EXCERPT - _BEGINNING) :]}"


def marked(fields: Sequence[str], place: int) -> str:
    """The part of a record around one of its fields, which is put between `MARKS`.

    Args:
        fields: As they are in the file.
        place: Of the field, from 0; a field beyond the last is missing and marked at the end.
    """
    begin, end = MARKS
    if place < len(fields) <= EXCERPT and len(fields[place]) <= _MARKED:
        # The usual case, fast for files with a fault on every line: nothing to cut or escape.
        line = ",".join(fields)
        if len(line) <= EXCERPT and line.isascii() and line.isprintable():
            start = sum(map(len, fields[:place])) + place
            stop = start + len(fields[place])
            return f"{line[:start]}{begin}{line[start:stop]}{end}{line[stop:]}"
    field = _escaped(fields[place][:EXCERPT], MARKS) if place < len(fields) else ""
    field = _beginning(field, _MARKED)
    # Each field has a character at least, its comma: more fields than these are never shown.
    before = "".join(f"{each}," for each in fields[max(0, place - EXCERPT - 1) : place])
    after = "".join(f",{each}" for each in fields[place + 1 : place + 2 + EXCERPT])
    if place >= len(fields):
        before = before.removesuffix(",")
    before = _escaped(before[-EXCERPT - 1 :], MARKS)
    after = _escaped(after[: EXCERPT + 1], MARKS)
    # Room that one side does not need goes to the other.
    room = EXCERPT - len(field)
    before_room = max(room // 2, room - len(after))
    after_room = max(room - room // 2, room - len(before))
    if len(before) > before_room:
        before = before[-before_room:]
        before = f"… {before[before.find(',', 0, -1) + 1 :]}"
    if len(after) > after_room:
        after = after[:after_room]
        after = f"{after[: after.rfind(',') + 1]}…"
    return f"{before}{begin}{field}{end}{after}"


def _escaped(text: str, besides: str = "") -> str:
    """Text with what does not print, and the characters `besides`, as escapes."""
    if text.isprintable() and (text.isascii() or not any(c in text for c in besides)):
        return text
    return "".join(c if c.isprintable() and c not in besides else f"\\x{ord(c):02x}" for c in text)


def _beginning(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"
