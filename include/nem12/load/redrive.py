"""Put refused and failed drops back, to be judged anew."""

import fnmatch
from collections.abc import Iterator
from datetime import datetime

from nem12 import storage
from nem12.drop import uri_path
from nem12.load.keeping import put_back
from nem12.settings import Home
from nem12.storage import Place
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection


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
                yield put_back(home, kept, landed.name, row["profile"])
