"""Bring refused and failed drops back, to be judged again, by their profile or another."""

import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from nem12 import storage
from nem12.drop import Drop, look, uri_path
from nem12.load.keeping import delivered_name, finish, put_back
from nem12.settings import Home
from nem12.storage import Place
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection
from nem12.warehouse.ledger import OpenDrop

_LONG_AGO: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Redriven:
    """What becomes of a refused or failed drop.

    Attributes:
        name: That it was delivered by.
        place: Where it waits now; None where there is nothing left to judge.
        expected: What will happen to it, in a few words.
    """

    name: str
    place: "Place | None"
    expected: str


def redrive(
    connection: Connection,
    home: Home,
    *,
    name: str = "*",
    code: str | None = None,
    since: datetime | None = None,
    profile: str | None = None,
) -> Iterator[Redriven]:
    """Bring back the refused and failed drops that match, wherever they lie.

    Each is judged again, whatever the ledger knows of its content. It lies in the landing folder
    then, unless files stay where they are.

    Args:
        connection: To the warehouse.
        home: Where the folders are.
        name: Pattern for the delivered name, or for the name of a file in an archive.
        code: Only drops of a file that was refused with this code.
        since: Only drops that landed since then.
        profile: To judge them by; without it the one that they were judged by before.
    """
    for row in ledger.refused_drops(connection, code=code, since=since):
        delivered = delivered_name(home, row.one.drop.uri, row.one.sha256 or "")
        if any(fnmatch.fnmatchcase(each, name) for each in (delivered, *row.names)):
            act = _retry if row.failed else _put_back
            found = act(connection, home, row.one, delivered, profile)
            if found is not None:
                yield found


def _retry(
    connection: Connection, home: Home, one: OpenDrop, name: str, profile: str | None
) -> Redriven | None:
    """Let a failed drop be claimed again where it lies."""
    there = look(one.drop.path, one.drop.profile)
    if there == one.drop:
        judged_by = profile or one.drop.profile
        _wait(connection, replace(one.drop, profile=judged_by))
        return Redriven(name, one.drop.path, f"is tried again, by the {judged_by} profile")
    if finish(connection, home, one):
        return Redriven(name, None, "was loaded already, and is settled now")
    if there is None:
        ledger.settle_gone(connection, one)
        return Redriven(name, None, "is gone")
    return None  # another file, which is a drop of its own


def _put_back(
    connection: Connection, home: Home, one: OpenDrop, name: str, profile: str | None
) -> Redriven | None:
    """Have a refused drop judged again."""
    place = uri_path(one.kept_at or one.drop.uri)
    judged_by = profile or one.drop.profile
    if not isinstance(look(place, judged_by), Drop):
        return None  # taken away by a person
    if storage.relative(place, home.landing) is None:
        place = put_back(home, place, name, judged_by)
        # Another file may be kept there later: this drop must not be taken for it.
        ledger.not_kept_any_more(connection, one.kept_at or "", "put back into the landing folder")
    found = look(place, judged_by)
    if not isinstance(found, Drop):
        return None
    _wait(connection, found)
    expected = f"is judged again, by the {judged_by} profile"
    if judged_by == one.drop.profile:
        expected += " as before: unless the reader was updated, expect the same refusals"
        if judged_by != "lenient":
            expected += "; --profile lenient is more tolerant"
    return Redriven(name, place, expected)


def _wait(connection: Connection, drop: Drop) -> None:
    """Let a drop be claimed at once; it was read before, so that no more of it is waited for."""
    ledger.note_arrivals(connection, [drop], datetime.now(UTC) - _LONG_AGO)
    ledger.redrive(connection, drop)
