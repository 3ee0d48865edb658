"""Claim drops in the ledger, so that no two runs work on one file."""

import hashlib
import json
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from nem12 import settings, storage
from nem12.drop import Drop, drops, look, unchanged
from nem12.errors import UsageError
from nem12.load.report import REPORT_SUFFIX
from nem12.mdff.profile import profile as profile_named
from nem12.settings import Home
from nem12.storage import Place
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection

_LISTINGS: Final = "listings"


def save_listing(home: Home, complete: list[Drop]) -> Place:
    """Keep what was seen in a file: an event or XCom should not carry thousands of names."""
    text = json.dumps([asdict(drop) for drop in complete])
    # Named by content: whoever saw the same writes the same file.
    name = f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"
    listing = home.staging / _LISTINGS / name
    with storage.writing(listing) as out:
        out.write(text.encode())
    return listing


def claim_listing(connection: Connection, home: Home, listing: Place) -> tuple[str, int]:
    """Claim what a listing names and still lies there unchanged.

    Returns:
        The claim and the number of drops it got.
    """
    inside = storage.relative(listing, home.staging / _LISTINGS)
    if inside is None or ".." in inside.parts:
        raise UsageError(f"{listing.name} is not a listing of this installation")
    try:
        text = storage.read_text(listing)
    except FileNotFoundError:
        text = "[]"  # who claimed it has removed it
    seen = [Drop(**values) for values in json.loads(text)]
    claimed = ledger.claim(connection, unchanged(seen))
    storage.remove(listing)
    return claimed


def claim_by_glob(
    connection: Connection,
    home: Home,
    patterns: list[str],
    profile: str | None,
    *,
    reprocess: bool = False,
) -> tuple[str, int]:
    """Claim the drops that match one of the patterns.

    A pattern without a slash is for names, one with a slash for paths below the landing folder;
    with `reprocess` also `archive/…` and `rejected/…` below these folders. Files that are still
    being written are left to the watch, which sees them settle.

    Args:
        connection: To the warehouse.
        home: Where the folders are.
        patterns: Globs such as `*.csv` or `strict/*`.
        profile: To judge them by; without it by their folder, and what is kept as it was judged
            last.
        reprocess: The files are to be loaded again.

    Returns:
        The claim and the number of drops it got.

    Raises:
        UsageError: A pattern is empty or leads out of the folders, or there is no such profile.
    """
    check_patterns(patterns)
    if profile:
        profile_named(profile)
    found = [drop for drop in drops(home) if _matches(drop.path, home.landing, patterns)]
    wanted = [replace(drop, profile=profile or drop.profile) for drop in _complete(found)]
    if reprocess:
        wanted += _kept(connection, home, patterns, profile)
    return ledger.claim(connection, wanted, again=reprocess)


def check_patterns(patterns: list[str]) -> None:
    """Refuse patterns that name no file or lead out of the folders.

    Raises:
        UsageError: It says which pattern, and why.
    """
    for pattern in patterns:
        if not Path(pattern).parts:
            raise UsageError("an empty pattern names no file: give one such as *.csv")
        if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
            raise UsageError(f"'{pattern}' leads out of the landing folder")


def _complete(found: list[Drop]) -> list[Drop]:
    """Those that stand still; if any changed lately, by whatever clock, all are looked at twice."""
    long_ago = time.time_ns() - settings.CLOCK_DOUBT_SECONDS * 1_000_000_000
    if all(drop.mtime_ns < long_ago for drop in found):
        return found
    time.sleep(settings.SETTLE_SECONDS)
    return unchanged(found)


def _matches(place: Place, folder: Place, patterns: list[str]) -> bool:
    relative = storage.relative(place, folder)
    return relative is not None and any(relative.match(pattern) for pattern in patterns)


def _kept(
    connection: Connection, home: Home, patterns: list[str], profile: str | None
) -> list[Drop]:
    """Files of the archive and the rejected, by patterns that begin with their folder."""
    paths = [
        path
        for folder in (home.archive, home.rejected)
        for path in _below(folder, patterns)
        if not path.name.endswith(REPORT_SUFFIX)
    ]
    judged = {} if profile else ledger.last_profiles(connection, [p.as_uri() for p in paths])
    found = [look(path, profile or judged.get(path.as_uri(), "standard")) for path in paths]
    return [drop for drop in found if isinstance(drop, Drop)]


def _below(folder: Place, patterns: list[str]) -> list[Place]:
    below = [
        str(Path(*Path(pattern).parts[1:]))
        for pattern in patterns
        if Path(pattern).parts[0] == folder.name and len(Path(pattern).parts) > 1
    ]
    paths = storage.files_below(folder) if below else []
    return [path for path in paths if _matches(path, folder, below)]
