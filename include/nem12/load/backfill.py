"""Claim what a backfill loads again: the files whose header DateTime lies in one NEM day.

That is the day a file was made, not the days of its readings: what a provider sent on a day is
loaded again, whatever it corrects.
"""

import fnmatch
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from nem12 import storage
from nem12.drop import Drop, drops, look, uri_path
from nem12.errors import TerminalError
from nem12.load.claim import check_patterns
from nem12.mdff.stamps import NEM_TIME
from nem12.settings import Home
from nem12.unpack import headers
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection


def claim_day(
    connection: Connection, home: Home, day: date, patterns: list[str], profile: str | None
) -> tuple[str, int]:
    """Claim the deliveries of a day, from the archive, the rejected and the landing folder.

    A delivery counts to every day that one of its files was made on. Files without a 100 record
    have no such day.

    Args:
        connection: To the warehouse.
        home: Where the folders are.
        day: In NEM time, from 00:00 until before the next 00:00.
        patterns: For the names they were delivered with.
        profile: To judge them by; without it as they were judged last.

    Returns:
        The claim and how many deliveries it got; those that another run works on stay with it.
    """
    check_patterns(patterns)
    since = datetime(day.year, day.month, day.day, tzinfo=NEM_TIME)
    before = since + timedelta(days=1)
    # By URI: what stays where it landed may be kept and free.
    found = {drop.uri: drop for drop in _kept(connection, since, before, patterns)}
    for drop in ledger.free(connection, drops(home)):
        name = drop.path.name
        if _matches(name, patterns) and any(since <= at < before for at in _made_at(drop, home)):
            found.setdefault(drop.uri, drop)
    wanted = [replace(drop, profile=profile or drop.profile) for drop in found.values()]
    return ledger.claim(connection, wanted, again=True)


def _kept(
    connection: Connection, since: datetime, before: datetime, patterns: list[str]
) -> Iterator[Drop]:
    for row in ledger.kept_drops_of(connection, since, before):
        path = uri_path(row["kept_at"])
        kept = look(path, row["profile"])
        delivered = path.name.removeprefix(f"{(row['sha256'] or '')[:12]}-")
        if isinstance(kept, Drop) and _matches(delivered, patterns):
            yield kept


def _matches(name: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, Path(pattern).name) for pattern in patterns)


def _made_at(drop: Drop, home: Home) -> Iterator[datetime]:
    # What cannot be read, or is gone, is the watch's to deal with.
    with (
        suppress(TerminalError, OSError),
        TemporaryDirectory(prefix="headers-", dir=home.scratch) as scratch,
    ):
        local = storage.fetched(drop.path, Path(scratch) / "fetched")
        for header in headers(local, drop.profile, Path(scratch)):
            yield header.created.replace(tzinfo=NEM_TIME)
