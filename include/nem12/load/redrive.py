"""Put refused and failed drops back, to be judged anew."""

import fnmatch
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from nem12 import storage
from nem12.drop import uri_path
from nem12.load.report import REPORT_SUFFIX
from nem12.settings import Home
from nem12.storage import Place
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection

_NAME_BYTES: Final = 240
"""Of a name that is taken: with a number before it, it stays below the 255 of file systems."""


def redrive(
    connection: Connection,
    home: Home,
    *,
    name: str = "*",
    code: str | None = None,
    since: datetime | None = None,
) -> Iterator[Place]:
    """Put back the refused drops that match, and let failed ones be claimed at once.

    A refused file is judged anew only by another profile or reader; put back under the same ones
    it is refused again, by what the ledger knows.

    Args:
        connection: To the warehouse.
        home: Where the folders are.
        name: Pattern for the delivered name.
        code: Only drops of a file that was refused with this code.
        since: Only drops that landed since then.

    Yields:
        Where each of them lies now, in the landing folder.
    """
    for row in ledger.refused_drops(connection, code=code, since=since):
        landed = uri_path(row["uri"])
        if not fnmatch.fnmatchcase(landed.name, name):
            continue
        if row["state"] == "failed":
            ledger.redrive_drop(connection, row["drop_id"])
            yield landed
        elif row["kept_at"] is not None:
            kept = uri_path(row["kept_at"])
            if storage.relative(kept, home.rejected) and storage.exists(kept):
                yield _put_back(kept, _landing(home, row["profile"]) / landed.name)


def _landing(home: Home, profile: str) -> Place:
    return home.landing if profile == "standard" else home.landing / profile


def _put_back(kept: Place, target: Place) -> Place:
    """Move it so that the watch never sees half of it."""
    free = target
    number = 1
    while storage.exists(free):
        number += 1
        free = target.with_name(f"{number}-{storage.shortened(target.name, _NAME_BYTES)}")
    storage.move(kept, free)
    storage.remove(kept.with_name(f"{kept.name}{REPORT_SUFFIX}"))
    return free
