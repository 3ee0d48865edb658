"""Claims what a backfill loads again: files whose header DateTime is in one NEM day.

That is the day on which a file was made, not the days of its readings: everything that a provider
sent on a day is loaded again, whatever it corrects.
"""

import fnmatch
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from nem12 import storage
from nem12.drop import Drop, drops, look, uri_path
from nem12.errors import TerminalError
from nem12.load.claim import check_patterns, matches, matches_kept
from nem12.mdff.stamps import NEM_TIME
from nem12.settings import Home
from nem12.storage import Place
from nem12.unpack import headers
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection


def claim_day(
    connection: Connection, home: Home, day: date, patterns: list[str], profile: str | None
) -> tuple[str, int]:
    """Claim the deliveries of a day, from the archive, the rejected and the landing folder.

    A delivery belongs to every day on which one of its files was made. Files without a 100 record
    belong to none.

    Args:
        connection: To the warehouse.
        home: Where the folders are.
        day: In NEM time, from 00:00 until before the next 00:00.
        patterns: Without a slash for the names they were delivered with; with one for where they
            landed (`strict/*`) or are kept (`archive/2024/05/*`, `rejected/*`).
        profile: To check them by; without it the profile of their last load.

    Returns:
        The claim and how many deliveries it got; those that another run works on are left to it.
    """
    check_patterns(patterns)
    since = datetime(day.year, day.month, day.day, tzinfo=NEM_TIME)
    before = since + timedelta(days=1)
    # By URI: a file that stays in the landing folder may be both kept and free.
    by_uri = {drop.uri: drop for drop in _kept(connection, home, since, before, patterns)}
    for drop in ledger.free(connection, drops(home)):
        matching = _matches(home, [drop.path.name], [drop.path], patterns)
        if matching and any(since <= at < before for at in _made_at(drop, home)):
            by_uri.setdefault(drop.uri, drop)
    claimed = [replace(drop, profile=profile or drop.profile) for drop in by_uri.values()]
    return ledger.claim(connection, claimed, again=True, given=profile is not None)


def _kept(
    connection: Connection, home: Home, since: datetime, before: datetime, patterns: list[str]
) -> Iterator[Drop]:
    for delivery in ledger.kept_drops_of(connection, since, before):
        path = uri_path(delivery.kept_at)
        names = {path.name.removeprefix(f"{(delivery.sha256 or '')[:12]}-")}
        places = [path]
        for landed in map(uri_path, delivery.uris):
            places.append(landed)
            if storage.relative(landed, home.landing):
                names.add(landed.name)
        kept = look(path, delivery.profile) if _matches(home, names, places, patterns) else None
        if isinstance(kept, Drop):
            yield kept


def _matches(
    home: Home, names: Iterable[str], places: Iterable[Place], patterns: list[str]
) -> bool:
    """Whether the patterns match a delivery by its names or by the places where it is or landed.

    A pattern with a slash includes a folder: it must not match the same name in another folder.
    """
    of_names = [pattern for pattern in patterns if "/" not in pattern]
    of_places = [pattern for pattern in patterns if "/" in pattern]
    return any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in of_names) or any(
        matches(place, home.landing, of_places)
        or any(matches_kept(place, folder, of_places) for folder in (home.archive, home.rejected))
        for place in places
    )


def _made_at(drop: Drop, home: Home) -> Iterator[datetime]:
    # The watch deals with files that cannot be read or are gone.
    with (
        suppress(TerminalError, OSError),
        TemporaryDirectory(prefix="headers-", dir=home.scratch) as scratch,
    ):
        local = storage.fetched(drop.path, Path(scratch) / "fetched")
        for header in headers(local, drop.profile, Path(scratch), drop.seen):
            yield header.date_time.replace(tzinfo=NEM_TIME)
