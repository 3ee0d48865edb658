"""Drops whose reading ended the process: it was killed, or ran out of time.

While a drop is read, a mark of it is in the staging folder; it stays if the process dies. The next
try of the same run does not read that drop again, so that the others are loaded. Later runs get it
alone, so that nothing else fails with it.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, replace
from typing import Final

from nem12 import storage
from nem12.drop import Drop
from nem12.settings import Home
from nem12.storage import Place

_MARKS: Final = "reading"


@contextmanager
def reading(home: Home, claim: str, drop: Drop) -> Iterator[None]:
    """Mark a drop while it is read; the mark stays if the process dies."""
    mark = _mark(home, drop)
    storage.note(mark, claim)
    try:
        yield
    except Exception:
        storage.remove(mark)
        raise
    storage.remove(mark)


def ended_a_try(home: Home, claim: str, drop: Drop) -> bool:
    """Whether an earlier try of this claim's run ended while it read the drop."""
    return _claim_of(home, drop) == claim


def suspected(home: Home, drops: Sequence[Drop]) -> list[Drop]:
    """The drops whose reading ended a process."""
    marked = {mark.name for mark in storage.files_below(home.staging / _MARKS)} if drops else set()
    return [drop for drop in drops if _mark(home, drop).name in marked]


def _claim_of(home: Home, drop: Drop) -> str | None:
    try:
        return storage.read_text(_mark(home, drop))
    except FileNotFoundError:
        return None


def _mark(home: Home, drop: Drop) -> Place:
    # The same mark for every profile.
    told = json.dumps(astuple(replace(drop, profile="")))
    return home.staging / _MARKS / hashlib.sha256(told.encode()).hexdigest()[:32]
