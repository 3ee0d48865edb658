"""What was refused of channels, by the days that it would have given."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from nem12.coverage.sql import run
from nem12.warehouse.connect import Connection
from nem12.warehouse.sql import Row

MOST_REFUSALS: Final = 400
"""Of a channel: one for each day of a year."""


def refusals(
    connection: Connection, channels: Iterable[tuple[str, str]], first: date, last: date
) -> dict[tuple[str, str], list[Row]]:
    """What was refused of these channels, NMI and suffix, in a span of days; the newest first."""
    pairs = list(channels)
    rows = run(
        connection,
        "refusals",
        nmis=[nmi for nmi, _ in pairs],
        nmi_suffixes=[nmi_suffix for _, nmi_suffix in pairs],
        first=first,
        last=last,
        most=MOST_REFUSALS,
    )
    of_channel: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        of_channel.setdefault((row.pop("nmi"), row.pop("nmi_suffix")), []).append(row)
    return of_channel


def refusals_of(
    connection: Connection, nmi: str, nmi_suffix: str, first: date, last: date
) -> list[Row]:
    """The same of one channel."""
    channel = nmi, nmi_suffix
    return refusals(connection, [channel], first, last).get(channel, [])
