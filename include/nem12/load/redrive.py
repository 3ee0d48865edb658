"""Put refused and failed drops back into the landing folder."""

import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from nem12 import storage
from nem12.drop import uri_path
from nem12.load.keeping import delivered_name, put_back
from nem12.mdff.profile import profile as profile_named
from nem12.settings import READER_VERSION, Home, keep_landing
from nem12.storage import Place
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection
from nem12.warehouse.sql import Row


@dataclass(frozen=True, slots=True)
class Redriven:
    """A drop that waits in the landing folder again.

    Attributes:
        place: Where it lies now.
        expected: What will happen to it, in a few words.
    """

    place: Place
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
    """Put back the refused drops that match, and let failed ones be claimed at once.

    Args:
        connection: To the warehouse.
        home: Where the folders are.
        name: Pattern for the delivered name.
        code: Only drops of a file that was refused with this code.
        since: Only drops that landed since then.
        profile: To judge them by; without it the one that they were judged by before.
    """
    for row in ledger.refused_drops(connection, code=code, since=since):
        delivered = delivered_name(home, row["uri"], row["sha256"] or "")
        if not fnmatch.fnmatchcase(delivered, name):
            continue
        if row["state"] == "failed":
            ledger.redrive_drop(connection, row["drop_id"])
            yield Redriven(uri_path(row["uri"]), "is tried again")
        elif row["kept_at"] is not None and not keep_landing():
            kept = uri_path(row["kept_at"])
            if storage.relative(kept, home.landing) is None and storage.exists(kept):
                judged_by = profile or row["profile"]
                place = put_back(home, kept, delivered, judged_by)
                # Another file may be kept there later: this drop must not be taken for it.
                ledger.not_kept_any_more(connection, row["kept_at"], "put back into the folder")
                yield Redriven(place, _expected(row, judged_by))


def _expected(row: Row, judged_by: str) -> str:
    """What the ledger will say of content that it knows as refused: see `known_outcome`."""
    more_tolerant = profile_named(judged_by).tolerance > profile_named(row["profile"]).tolerance
    if more_tolerant or set(row["reader_versions"]) - {READER_VERSION}:
        return f"is judged again, by the {judged_by} profile"
    if judged_by == "lenient":
        return "will be refused again: this reader has refused the same content as lenient"
    return "will be refused again: its content is known; --profile lenient judges it again"
