"""Puts refused and failed drops back, to be loaded again by their profile or another."""

import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Final

from nem12 import storage
from nem12.drop import Drop, Ignored, look, uri_path
from nem12.errors import TerminalError
from nem12.load.keeping import delivered_name, finish, is_unchanged, put_back, report_place
from nem12.mdff.profiles import PROFILES, ProfileName, profile_named
from nem12.mdff.wording import shown
from nem12.settings import Home
from nem12.states import Outcome
from nem12.storage import Place
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection
from nem12.warehouse.rows import OpenDrop

_LONG_AGO: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Redriven:
    """What happens to a refused or failed drop.

    Attributes:
        name: That it was delivered by.
        place: Where it waits now; None if there is nothing left to load.
        expected: What will happen to it, or why nothing can, in few words.
        left: Nothing could be done with it.
    """

    name: str
    place: "Place | None"
    expected: str
    left: bool = False


def redrive_drops(
    connection: Connection,
    home: Home,
    *,
    name: str = "*",
    code: str | None = None,
    since: datetime | None = None,
    profile: str | None = None,
) -> Iterator[Redriven]:
    """Put back the refused and failed drops that match, wherever they are.

    A refused file is loaded again although the ledger knows its content; files of the same drop
    that were loaded stay as they are, unless a more tolerant profile is given. The drop is then in
    the landing folder, unless files stay where they are.

    Args:
        connection: To the warehouse.
        home: Where the folders are.
        name: Pattern for the delivered name, or for that of a file in an archive.
        code: Only drops of a file that was refused with this code.
        since: Only drops that landed since then.
        profile: To load them by; it includes files that a less tolerant profile has refused in
            part. Without it the profile of their last load.
    """
    left: list[tuple[str | None, Redriven]] = []
    taken: set[str | None] = set()
    rows = ledger.refused_drops(connection, code=code, since=since, partial_by=_stricter(profile))
    for row in rows:
        delivered = delivered_name(home, row.one.drop.uri, row.one.sha256 or "")
        if not any(fnmatch.fnmatchcase(each, name) for each in _names(delivered, row.names)):
            continue
        act = _retry if row.failed else _put_back
        try:
            redriven = act(connection, home, row.one, delivered, profile)
        except TerminalError as error:
            redriven = Redriven(delivered, None, str(error), left=True)
        if redriven.left:
            left.append((row.one.sha256, redriven))
            continue
        taken.add(row.one.sha256)
        yield redriven
    # A file that was put back is not where it was before any more.
    yield from (each for sha256, each in left if sha256 is None or sha256 not in taken)


def try_again(connection: Connection, one: OpenDrop) -> None:
    """Let a failed drop be claimed again at once; the next run finds out if it is gone."""
    _wait(connection, one.drop, one)


def _stricter(profile: str | None) -> list[str]:
    """The profiles that are less tolerant."""
    if profile is None:
        return []
    tolerance = profile_named(profile).tolerance
    return [each.name for each in PROFILES.values() if each.tolerance < tolerance]


def _names(delivered: str, files: list[str]) -> Iterator[str]:
    """The names of a drop; of a file in an archive also its own."""
    yield delivered
    for each in files:
        yield each
        yield PurePosixPath(each).name


def _retry(
    connection: Connection, home: Home, one: OpenDrop, name: str, profile: str | None
) -> Redriven:
    """Let a failed drop be claimed again where it is; a drop that is loaded or gone is settled."""
    there = look(one.drop.path, one.drop.profile)
    if there == one.drop:
        judged_by = profile or one.drop.profile
        _wait(connection, replace(one.drop, profile=judged_by), one)
        return Redriven(name, one.drop.path, f"is tried again, by the {judged_by} profile")
    if isinstance(there, Ignored):
        return Redriven(name, None, f"still cannot be taken: {there.reason}", left=True)
    if finish(connection, home, one):
        return Redriven(name, None, "was loaded already, and is settled now")
    ledger.settle_gone(connection, one)
    if there is None:
        return Redriven(
            name, None, "is gone: nothing is left to try, and it is settled now", left=True
        )
    return Redriven(
        name, None, "is settled now: another file is in its place, which is a drop of its own"
    )


def _put_back(
    connection: Connection, home: Home, one: OpenDrop, name: str, profile: str | None
) -> Redriven:
    """Have a refused drop loaded again."""
    place = uri_path(one.kept_at or one.drop.uri)
    judged_by = profile or one.drop.profile
    if not isinstance(look(place, judged_by), Drop):
        return Redriven(name, None, f"is no longer in {shown(str(place), 500)}", left=True)
    if not is_unchanged(one.drop, one.sha256 or "", place):
        message = f"{shown(str(place), 500)} is not the file that was read"
        return Redriven(name, None, message, left=True)
    _remove_reports(connection, home, one, place)
    if storage.relative(place, home.landing) is None:
        place = put_back(home, place, name, judged_by)
        # Another file may be kept there later: this drop must not be taken for it.
        ledger.not_kept_any_more(connection, one.kept_at or "", "put back into the landing folder")
    drop_now = look(place, judged_by)
    if not isinstance(drop_now, Drop):
        return Redriven(name, None, "was taken away while it was put back", left=True)
    _wait(connection, drop_now, one)
    return Redriven(name, place, _expected(judged_by, one.drop.profile))


def _expected(judged_by: str, before: str) -> str:
    expected = f"will be read again with the {judged_by} profile"
    if judged_by != before:
        return expected
    expected += ", as before: unless the reader was updated, expect the same refusals"
    return (
        expected
        if judged_by == ProfileName.LENIENT
        else f"{expected}; --profile lenient is more tolerant"
    )


def _remove_reports(connection: Connection, home: Home, one: OpenDrop, place: Place) -> None:
    """Remove the reports of its files; the next load writes new ones."""
    files = ledger.files(connection, ledger.recorded_files(connection, one.drop_id))
    for file in files.values():
        for outcome in (Outcome.REFUSED, Outcome.PARTIAL):
            storage.remove(report_place(home, file, place, outcome, alone=len(files) == 1))


def _wait(connection: Connection, drop: Drop, before: OpenDrop) -> None:
    """Let a drop be claimed at once; it was read before, so it is complete."""
    ledger.note_arrivals(connection, [drop], datetime.now(UTC) - _LONG_AGO)
    ledger.redrive(connection, drop, before)
