"""Claims drops in the ledger, so that no two runs work on one file."""

import hashlib
import json
import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from nem12 import storage
from nem12.drop import Drop, drops, look, unchanged
from nem12.errors import UsageError
from nem12.load.arrivals import SYSTEM_CLOCK, Clock, complete_now
from nem12.load.index import is_ours
from nem12.load.strays import gather_strays
from nem12.load.suspects import suspected
from nem12.mdff.profiles import ProfileName, profile_named
from nem12.mdff.wording import shown
from nem12.settings import Home
from nem12.storage import Place
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection

log = logging.getLogger(__name__)

_LISTINGS: Final = "listings"

_CHARACTERS: Final = re.compile(r"\[!?+\]?+[^\]]*+\]")
"""A set of characters in a pattern; a ] that comes first belongs to it."""


def save_listing(home: Home, complete: list[Drop]) -> Place:
    """Write the seen drops to a file: an event or XCom should not carry thousands of names."""
    text = json.dumps([asdict(drop) for drop in complete])
    # Named by content: runs that saw the same drops write the same file.
    name = f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"
    listing = home.staging / _LISTINGS / name
    with storage.writing(listing) as out:
        out.write(text.encode())
    return listing


def run_of_claim(claim: str) -> str:
    """The id of the load run that the watch starts for a claim of its own."""
    return f"nem12__{claim}"


def claim_listing(
    connection: Connection, home: Home, listing: "Place | None", *, by: str = ""
) -> tuple[str, int]:
    """Claim the drops of a listing that are still there unchanged, and strays.

    A drop whose reading ended a process is claimed alone.

    Args:
        connection: To the warehouse.
        home: Where the folders are.
        listing: The file with the drops that the watch saw; None if it saw strays only.
        by: Who claims, such as the run of the watch; see `ledger.is_claimed_by`.

    Returns:
        The claim and the number of drops it got.
    """
    to_claim = _listed(home, listing) if listing else []
    to_claim += gather_strays(connection, home, drops(home))
    suspects = ledger.free(connection, suspected(home, to_claim))
    # The watch finds the others again at its next look, seconds later.
    claimed = ledger.claim(connection, suspects[:1] or to_claim, by=by)
    if listing:
        storage.remove(listing)
    return claimed


def _listed(home: Home, listing: Place) -> list[Drop]:
    inside = storage.relative(listing, home.staging / _LISTINGS)
    if inside is None or ".." in inside.parts:
        raise UsageError(f"{listing.name} is not a listing of this installation")
    try:
        text = storage.read_text(listing)
    except FileNotFoundError:
        text = "[]"  # the run that claimed them has removed it
    return unchanged([Drop(**values) for values in json.loads(text)])


def claim_by_glob(
    connection: Connection,
    home: Home,
    patterns: list[str],
    profile: str | None,
    *,
    reprocess: bool = False,
    clock: Clock = SYSTEM_CLOCK,
) -> tuple[str, int]:
    """Claim the drops that match one of the patterns.

    A pattern without a slash is for names, one with a slash for paths below the landing folder;
    with `reprocess` also `archive/…` and `rejected/…` below these folders. Files that are still
    being written are left to the watch, which sees them settle.

    Args:
        connection: To the warehouse.
        home: Where the folders are.
        patterns: Globs such as `*.csv` or `strict/*`.
        profile: To check them by; without it the profile of their folder, for kept files that of
            their last load.
        reprocess: The files are to be loaded again.
        clock: Reads and passes the time.

    Returns:
        The claim and the number of drops it got.

    Raises:
        UsageError: A pattern is empty or leads outside the folders, or the profile does not exist.
    """
    check_patterns(patterns)
    if profile:
        _check_profile(profile)
    landed = drops(home)
    matching = [drop for drop in landed if matches(drop.path, home.landing, patterns)]
    complete, left = complete_now(connection, matching, clock)
    for drop in left:
        log.info(
            "%s is left for a later run: it may not be complete yet", shown(drop.path.name, 200)
        )
    to_claim = [replace(drop, profile=profile or drop.profile) for drop in complete]
    if reprocess:
        to_claim += _kept(connection, home, patterns, profile)
    if "*" in patterns:
        to_claim += gather_strays(connection, home, landed)
        if not (profile or reprocess):
            to_claim = _without_suspects(connection, home, to_claim)
    return ledger.claim(connection, to_claim, again=reprocess, given=profile is not None)


def _without_suspects(connection: Connection, home: Home, to_claim: list[Drop]) -> list[Drop]:
    """The drops whose reading did not end a process; one of the others if there are none."""
    suspects = suspected(home, to_claim)
    others = ledger.free(connection, [drop for drop in to_claim if drop not in suspects])
    return others or ledger.free(connection, suspects)[:1] if suspects else to_claim


def unmatched(home: Home, patterns: list[str], *, reprocess: bool = False) -> list[str]:
    """The patterns that match no file, claimed or not; as for `claim_by_glob`."""
    landed = [drop.path for drop in drops(home)]

    def names_a_file(pattern: str) -> bool:
        if any(matches(path, home.landing, [pattern]) for path in landed):
            return True
        return reprocess and any(_kept_paths(home, [pattern]))

    return [pattern for pattern in patterns if not names_a_file(pattern)]


def check_patterns(patterns: list[str]) -> None:
    """Refuse patterns that are empty, lead outside the folders or are incomplete.

    Raises:
        UsageError: With the pattern and the reason.
    """
    for pattern in patterns:
        if not Path(pattern).parts:
            raise UsageError("the pattern is empty: give one such as *.csv")
        if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
            raise UsageError(f"'{pattern}' leads outside the landing folder")
        if any("[" in _CHARACTERS.sub("", part) for part in Path(pattern).parts):
            raise UsageError(
                f"'{shown(pattern, 200)}' is not a valid pattern: a [ needs a ], as in [0-9];"
                " write [[] to match a [ in a name"
            )


def matches(place: Place, folder: Place, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns matches a file of this folder."""
    relative = storage.relative(place, folder)
    return relative is not None and any(relative.match(pattern) for pattern in patterns)


def matches_kept(place: Place, folder: Place, patterns: Iterable[str]) -> bool:
    """The same for patterns that begin with the folder's own name, such as `archive/2024/05/*`."""
    return matches(place, folder, _below(folder, patterns))


def _below(folder: Place, patterns: Iterable[str]) -> list[str]:
    return [
        str(Path(*Path(pattern).parts[1:]))
        for pattern in patterns
        if Path(pattern).parts[0] == folder.name and len(Path(pattern).parts) > 1
    ]


def _check_profile(name: str) -> None:
    try:
        profile_named(name)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _kept(
    connection: Connection, home: Home, patterns: list[str], profile: str | None
) -> list[Drop]:
    """Archived and rejected files, by patterns that begin with their folder."""
    paths = list(_kept_paths(home, patterns))
    judged = {} if profile else ledger.last_profiles(connection, [p.as_uri() for p in paths])
    found = [
        look(path, profile or judged.get(path.as_uri(), ProfileName.STANDARD)) for path in paths
    ]
    return [drop for drop in found if isinstance(drop, Drop)]


def _kept_paths(home: Home, patterns: list[str]) -> Iterator[Place]:
    for folder in (home.archive, home.rejected):
        if _below(folder, patterns):
            for path in storage.files_below(folder):
                if matches_kept(path, folder, patterns) and not is_ours(path):
                    yield path
