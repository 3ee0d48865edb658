"""`totals`: how much an NMI consumes and generates."""

from argparse import Namespace
from contextlib import closing

from nem12.analysis.totals import COLUMNS, NET_COLUMNS, Span, channel_totals, known_days, net_totals
from nem12.cli.output import err
from nem12.cli.reading import NEM_ZONE, reading
from nem12.cli.rows import print_rows
from nem12.errors import UsageError
from nem12.mdff.wording import shown


def totals(arguments: Namespace) -> int:
    """Print the totals of a span by period, then of the whole span."""
    if arguments.net and arguments.suffix:
        raise UsageError("--net is of all channels of the NMI: leave out --suffix or --net")
    span = Span(arguments.nmi, arguments.first, arguments.last, arguments.by)
    with reading(arguments, NEM_ZONE) as connection:
        loaded_days = known_days(connection, span.nmi)
        if loaded_days is None:
            raise UsageError(f"no readings of the NMI {span.nmi} are loaded: check the number")
        if span.last < loaded_days[0] or span.first > loaded_days[1]:
            err.print(f"{span.nmi} has readings from {loaded_days[0]} to {loaded_days[1]} only")
        suffix = arguments.suffix and shown(arguments.suffix.upper(), 20)
        rows = (
            net_totals(connection, span)
            if arguments.net
            else channel_totals(connection, span, suffix)
        )
        with closing(rows):
            columns = NET_COLUMNS if arguments.net else COLUMNS
            print_rows(columns, (tuple(row.values()) for row in rows), arguments.format)
    return 0
