"""Why `redrive` has nothing to put back, and what somebody may have meant."""

import fnmatch
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from nem12 import settings
from nem12.load.keeping import delivered_name
from nem12.mdff.wording import plural, shown
from nem12.states import DropState, FileStatus, Outcome
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection
from nem12.warehouse.rows import LandedDrop, NamedFile

_AGAIN_BY_HAND: Final = (
    "load it again with parse_data --apply --reprocess, more tolerantly with --profile lenient"
)

_MORE_TOLERANT: Final = "--profile lenient reads it with a more tolerant profile"

_MOST_NEAR: Final = 3


def similar(typed: str, names: Sequence[str]) -> str:
    """What somebody may have meant, or nothing."""
    # The usual slips are case, pattern signs and a missing ending.
    plain = typed.casefold().strip("*")
    by_form = {each.casefold(): each for each in reversed(names)}
    parts = [each for form, each in by_form.items() if len(plain) > 2 and plain in form]
    alike = [by_form[form] for form in get_close_matches(plain, by_form)]
    near = list(dict.fromkeys([*alike, *parts]))[:_MOST_NEAR]
    return f"do you mean {' or '.join(shown(each, 200) for each in near)}?" if near else ""


def why_nothing_matches(connection: Connection, name: str | None, code: str | None) -> str:
    """Why nothing is put back."""
    if not name:
        message = "no refused or failed file matches"
        by_hand = advice_for_parse_data(connection, code)
        return f"{message}; {by_hand}" if by_hand else message
    home = settings.home()
    dropped = {
        delivered_name(home, drop.uri, drop.sha256 or ""): drop
        for drop in reversed(ledger.latest_drops(connection))
    }
    matching = fnmatch.filter(dropped, name)[:_MOST_NEAR]
    named = [_was_dropped(connection, each, dropped[each]) for each in matching]
    named += [
        _is_now(file) for file in ledger.names_like(connection, name) if file.name not in matching
    ]
    if named:
        return f"no file of that name was refused or has failed: {'; '.join(named)}"
    message = f"no file was delivered that is called '{shown(name, 200)}'"
    hint = similar(name, [*dropped, *ledger.latest_names(connection)])
    return f"{message}: {hint}" if hint else message


def _was_dropped(connection: Connection, name: str, drop: LandedDrop) -> str:
    """What became of a drop that cannot be put back."""
    called = shown(name, 200)
    if drop.state in (DropState.CLAIMED, DropState.RUNNING):
        return f"{called} is being loaded"
    if drop.state is DropState.WAITING:
        return f"{called} waits for its next attempt"
    if drop.state is DropState.FAILED:
        return f"{called} has failed, and is left out by the other options"
    files = ledger.drop_contents(connection, drop.drop_id)
    if drop.outcome is Outcome.REFUSED and any(
        file.status is not FileStatus.REFUSED for file in files
    ):
        others = [shown(file.name, 200) for file in files if file.name != name]
        known_as = f", as {others[0]}" if others else ""
        return f"{called} was refused, and its content is loaded now{known_as}"
    if len(files) == 1:
        return _is_now(NamedFile(name, files[0].status))
    if not files:
        return f"{called} was {shown(drop.message, 200) or drop.outcome}"
    partial = f", and {_MORE_TOLERANT}"
    return f"{called} is {drop.outcome}{partial if drop.outcome is Outcome.PARTIAL else ''}"


def _is_now(file: NamedFile) -> str:
    """What a file that cannot be put back is, and what to do with it."""
    message = f"{shown(file.name, 200)} is {file.status}"
    if file.status is FileStatus.PARTIAL:
        return f"{message}, and {_MORE_TOLERANT}"
    if file.status is FileStatus.REFUSED and not file.dropped:
        return f"{message}, by parse_data, which moves nothing: {_AGAIN_BY_HAND}"
    if file.status is FileStatus.REFUSED:
        return f"{message}, and is left out by the other options, or is being read"
    return message


def advice_for_parse_data(connection: Connection, code: str | None) -> str:
    """What there is to say of files that parse_data has refused, or nothing."""
    row = ledger.refused_by_hand(connection, code)
    if not row["found"]:
        return ""
    files = f"{plural(row['found'], 'file')} such as {shown(row['first'], 200)}"
    return f"parse_data, which moves nothing, has refused {files}: {_AGAIN_BY_HAND}"
