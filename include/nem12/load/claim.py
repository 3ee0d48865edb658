"""Claim drops in the ledger, so that no two runs work on one file."""

import hashlib
import json
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from nem12 import settings
from nem12.drop import Drop, drops, look
from nem12.errors import UsageError
from nem12.mdff.profile import profile as profile_named
from nem12.settings import Home
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection

_LISTINGS: Final = "listings"


def save_listing(home: Home, complete: list[Drop]) -> Path:
    """Keep what was seen in a file: an event or XCom should not carry thousands of names."""
    text = json.dumps([asdict(drop) for drop in complete])
    folder = home.staging / _LISTINGS
    folder.mkdir(parents=True, exist_ok=True)
    # Named by content: whoever saw the same writes the same file.
    path = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"
    beside = path.with_suffix(f".{time.monotonic_ns()}.part")
    beside.write_text(text)
    beside.replace(path)
    return path


def claim_listing(connection: Connection, home: Home, listing: Path) -> tuple[str, int]:
    """Claim what a listing names and still lies there unchanged.

    Returns:
        The claim and the number of drops it got.
    """
    inside = listing.resolve().is_relative_to((home.staging / _LISTINGS).resolve())
    if not inside:
        raise UsageError(f"{listing.name} is not a listing of this installation")
    seen = [Drop(**values) for values in json.loads(listing.read_text())]
    claimed = ledger.claim(connection, [drop for drop in seen if _unchanged(drop)])
    listing.unlink(missing_ok=True)
    return claimed


def claim_by_glob(
    connection: Connection, home: Home, patterns: list[str], profile: str | None
) -> str:
    """Claim the drops whose path below the landing folder matches one of the patterns.

    Files that changed a moment ago are left to the watch, which sees them settle.

    Args:
        connection: To the warehouse.
        home: Where the landing folder is.
        patterns: Globs such as `*.csv` or `strict/*`.
        profile: To judge them by; by their folder without it.

    Returns:
        The claim; it may have got nothing.

    Raises:
        UsageError: A pattern is empty or leads out of the landing folder, or there is no such
            profile.
    """
    for pattern in patterns:
        if not Path(pattern).parts:
            raise UsageError("an empty pattern names no file: give one such as *.csv")
        if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
            raise UsageError(f"'{pattern}' leads out of the landing folder")
    if profile:
        profile_named(profile)
    still = time.time_ns() - int(settings.SETTLE_SECONDS * 1e9)
    wanted = [
        replace(drop, profile=profile or drop.profile)
        for drop in drops(home)
        if drop.mtime_ns <= still and _matches(home, drop, patterns)
    ]
    return ledger.claim(connection, wanted)[0]


def _matches(home: Home, drop: Drop, patterns: list[str]) -> bool:
    relative = drop.path.relative_to(home.landing)
    return any(relative.match(pattern) for pattern in patterns)


def _unchanged(drop: Drop) -> bool:
    return look(drop.path, drop.profile) == drop
