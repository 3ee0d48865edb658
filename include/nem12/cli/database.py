"""`migrate` and `status`."""

from argparse import Namespace
from typing import Any

from nem12 import settings
from nem12.cli.databases import NothingYetError, database
from nem12.cli.output import err, out, table, to_json
from nem12.drop import Ignored, landed, overdue
from nem12.mdff.text import plural
from nem12.warehouse import ledger
from nem12.warehouse.connect import connect
from nem12.warehouse.migrate import creators, grants
from nem12.warehouse.migrate import migrate as run_migrations


def migrate(arguments: Namespace) -> int:
    """Bring the schema up to date."""
    if arguments.print_grants:
        print(grants(), end="")
        return 0
    with database(arguments, settings.OWNER_ROLE, new=True, migrated=False) as uri:
        before, now = run_migrations(uri)
        if warning := creators(uri):
            err.print(f"warning: {warning}", markup=False, soft_wrap=True)
    changed = "already at" if before == now else f"migrated from {before or 'nothing'} to"
    print(f"{changed} schema {now}")
    return 0


def status(arguments: Namespace) -> int:
    """Counts of drops, files, days; what lies in the landing folder."""
    home = settings.home()
    nothing_yet, counts = "", dict[str, Any]()
    try:
        with database(arguments, settings.READER_ROLE) as uri, connect(uri) as connection:
            counts = ledger.status(connection)
    except NothingYetError as error:
        nothing_yet = str(error)
    found = list(landed(home))
    waiting = sum(not isinstance(item, Ignored) for item in found)
    ignored = list(overdue(home))
    if arguments.format == "json":
        state = {"database": None} if nothing_yet else counts
        print(to_json({"landing": waiting, "ignored": len(ignored), **state}))
        return 0
    out.print(f"{plural(waiting, 'file')} in {home.landing}", markup=False, soft_wrap=True)
    for item in ignored:
        out.print(f"  ignored: {item.path.name!r}: {item.reason}", markup=False)
    if nothing_yet:
        out.print(f"nothing is loaded: {nothing_yet}", markup=False, soft_wrap=True)
    else:
        table("", ("", ""), [(name, _counted(counts[name])) for name in counts])
    return 0


def _counted(value: object) -> object:
    if isinstance(value, dict):
        return ", ".join(f"{count} {name}" for name, count in value.items())
    return "" if value is None else value
