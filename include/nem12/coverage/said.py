"""What people say of NMIs and channels, kept in this room's tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from nem12.coverage.channels import End
from nem12.coverage.lists import ChannelEnd, ExpectedNmi
from nem12.coverage.sql import run
from nem12.warehouse.connect import Connection
from nem12.warehouse.sql import Row

MOST_NAME: Final = 200
"""Characters of who said so."""


@dataclass(frozen=True)
class Taken:
    """What became of a list.

    Attributes:
        lines: Items of the list.
        removed: Items that were kept before and are not in it.
    """

    lines: int
    removed: int


def expect(
    connection: Connection, items: Sequence[ExpectedNmi], said_by: str, *, replace: bool = False
) -> Taken:
    """Keep a list of expected NMIs, in one transaction.

    Args:
        connection: One that may write.
        items: The list.
        said_by: Who gives it.
        replace: Forget the NMIs that it does not name.
    """
    nmis = [item.nmi for item in items]
    with connection.transaction():
        removed = run(connection, "drop_other_nmis", nmis=nmis) if replace else []
        run(
            connection,
            "put_expected_nmis",
            nmis=nmis,
            labels=[item.label for item in items],
            first_days=[item.first_day for item in items],
            said_by=said_by[:MOST_NAME],
        )
    return Taken(len(items), len(removed))


def end(
    connection: Connection, items: Sequence[ChannelEnd], said_by: str, *, replace: bool = False
) -> Taken:
    """Keep a list of ends of channels, in one transaction; arguments as of `expect`."""
    keys = {
        "nmis": [item.nmi for item in items],
        "nmi_suffixes": [item.nmi_suffix for item in items],
    }
    last_days = [item.last_day for item in items]
    with connection.transaction():
        removed = run(connection, "drop_other_ends", **keys) if replace else []
        values = {"last_days": last_days, "said_by": said_by[:MOST_NAME]}
        run(connection, "put_channel_ends", **keys, **values)
    return Taken(len(items), len(removed))


def unsay(connection: Connection, nmi: str, nmi_suffix: str) -> None:
    """Forget what was said of the end of a channel: the data decide again."""
    run(connection, "drop_channel_end", nmi=nmi, nmi_suffix=nmi_suffix)


def end_of(connection: Connection, nmi: str, nmi_suffix: str) -> End | None:
    """What was said of the end of a channel, or of all channels of its NMI."""
    rows = run(connection, "said_of_channel", nmi=nmi, nmi_suffix=nmi_suffix)
    if not rows:
        return None
    last_day: date | None = rows[0]["last_day"]
    return End(last_day, "said", rows[0]["said_by"], rows[0]["said_at"])


def count(connection: Connection) -> Row:
    """How many NMIs are expected, and how many ends are known."""
    (row,) = run(connection, "said_count")
    return row
