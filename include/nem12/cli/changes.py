"""`changes`: which days were corrected since a bill, and by how much."""

from argparse import Namespace
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any

from nem12.analysis.changes import COLUMNS, changed_days
from nem12.cli.output import err
from nem12.cli.reading import NEM_ZONE, reading
from nem12.cli.rows import print_rows
from nem12.mdff.wording import plural
from nem12.warehouse.sql import Row


def changes(arguments: Namespace) -> int:
    """Print the days that have changed; for people, with their number and sum."""
    count = Counter[str]()
    sums: dict[str, Decimal] = {}
    with (
        reading(arguments, NEM_ZONE) as connection,
        closing(
            changed_days(
                connection, arguments.since, arguments.first, arguments.last, arguments.nmi
            )
        ) as rows,
    ):
        print_rows(COLUMNS, _summed(rows, count, sums), arguments.format)
    if arguments.format == "table":
        parts = [plural(count.total(), "channel-day"), *(f"{sums[uom]:+f} {uom}" for uom in sums)]
        err.print(f"changed since {arguments.since:%Y-%m-%d %H:%M}: {', '.join(parts)}")
    return 0


def _summed(
    rows: Iterable[Row], count: Counter[str], sums: dict[str, Decimal]
) -> Iterator[tuple[Any, ...]]:
    """The rows as they come, counted and added up by unit on the way."""
    for row in rows:
        count[row["uom"]] += 1
        if row["difference"] is not None:
            sums[row["uom"]] = sums.get(row["uom"], Decimal()) + row["difference"]
        yield tuple(row[name] for name in COLUMNS)
