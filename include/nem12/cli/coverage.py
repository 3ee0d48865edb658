"""`coverage` and `expect`: which days are missing, and what is expected."""

import sys
from argparse import Namespace
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from nem12 import settings
from nem12.cli.caller import caller_name
from nem12.cli.databases import database
from nem12.cli.output import err, out
from nem12.cli.reading import NEM_ZONE, reading
from nem12.cli.rows import print_rows
from nem12.coverage import channels, lists, said
from nem12.mdff.stamps import NEM_TIME
from nem12.mdff.wording import plural
from nem12.warehouse.connect import Connection, connect


def coverage(arguments: Namespace) -> int:
    """Print channels with their missing days, those of channels that still deliver first."""
    # What is still to come is not missing.
    today = datetime.now(NEM_TIME).date()
    query = channels.Query(
        arguments.first,
        min(arguments.last, max(today, arguments.first)),
        prefix=(arguments.nmi or "").upper(),
        standing=arguments.standing or "",
        everything=arguments.all,
        sort=arguments.sort,
    )
    with reading(arguments, NEM_ZONE) as connection:
        print_rows(channels.HEADING, _rows(connection, query), arguments.format)
    return 0


def _rows(connection: Connection, query: channels.Query) -> Iterator[tuple[Any, ...]]:
    place: channels.Place | None = channels.Place()
    while place is not None:
        looked = channels.next_channels(connection, query, place)
        yield from map(channels.row_of, looked.channels)
        place = looked.next
    if query.sort == "missing" and looked.more:
        err.print(f"the first {looked.looked_at} channels were sorted: --sort nmi lists all")


def _read(name: str) -> bytes:
    """A list, one byte more than it may have at most."""
    if name == "-":
        return sys.stdin.buffer.read(lists.MOST_BYTES + 1)
    with Path(name).open("rb") as stream:
        return stream.read(lists.MOST_BYTES + 1)


def expect(arguments: Namespace) -> int:
    """Take a list of expected NMIs, or of ends of channels; 1 if a line of it is bad."""
    text = _read(arguments.file)
    said_by = caller_name()
    try:
        items = lists.expected_nmis(text) if arguments.what == "nmis" else lists.channel_ends(text)
    except lists.BadLinesError as error:
        err.print(str(error), markup=False, soft_wrap=True)
        return 1
    with database(arguments, settings.LOADER_ROLE) as uri, connect(uri) as connection:
        keep: Any = said.expect if arguments.what == "nmis" else said.end
        taken = keep(connection, items, said_by, replace=arguments.replace)
    what = "expected NMI" if arguments.what == "nmis" else "end"
    removed = f", {taken.removed} removed" if arguments.replace else ""
    out.print(f"{plural(taken.lines, what)} taken{removed}", markup=False)
    return 0
