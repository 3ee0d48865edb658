"""`partitions` and `purge`: what is kept, and what is removed."""

import sys
from argparse import Namespace
from datetime import date, datetime
from typing import Final

from nem12 import settings
from nem12.cli.databases import database
from nem12.cli.output import out, table
from nem12.errors import UsageError
from nem12.exact_json import to_json
from nem12.mdff.stamps import NEM_TIME
from nem12.mdff.wording import plural, shown
from nem12.operate import retention
from nem12.operate.holding import files_holding
from nem12.warehouse.connect import Connection, connect

_MOST_AHEAD: Final = 120
"""Ten years: more is a typing error."""

_NMI_LENGTH: Final = 10


def partitions(arguments: Namespace) -> int:
    """List the months of readings, after making, detaching or removing some."""
    before = arguments.detach_before or arguments.drop_before
    first_day = _month(before) if before else None
    ahead = arguments.create_ahead
    if ahead is not None and not 0 <= ahead <= _MOST_AHEAD:
        raise UsageError(f"--create-ahead takes 0 to {_MOST_AHEAD} months")
    role = settings.READER_ROLE if ahead is None and first_day is None else settings.OWNER_ROLE
    with database(arguments, role, new=ahead is not None) as uri, connect(uri) as connection:
        if ahead is not None:
            retention.create_months(connection, ahead)
        if first_day is not None:
            keep_tables = arguments.detach_before is not None
            doing = "detach the readings and remove the days" if keep_tables else "remove all days"
            _confirmed(arguments, before, f"{doing} before {first_day}")
            for month, days in retention.remove_months(
                connection, first_day, keep_tables=keep_tables
            ):
                if arguments.format == "text":
                    gone = plural(days, "version")
                    out.print(f"{month:%Y-%m}: deleted {gone} of its days")
        _print(connection, arguments.format)
    return 0


def purge(arguments: Namespace) -> int:
    """Delete an NMI, and print the files that still contain it; 1 if there are any."""
    nmi = arguments.nmi.upper()
    if len(nmi) > _NMI_LENGTH or not (nmi.isascii() and nmi.isalnum()):
        raise UsageError(
            f"'{shown(nmi, 20)}' is not an NMI, which has up to ten letters and digits"
        )
    first_day = _day(arguments.before) if arguments.before else None
    until = f"before {first_day}" if first_day else "up to today"
    with database(arguments, settings.OWNER_ROLE) as uri, connect(uri) as connection:
        _confirmed(arguments, nmi, f"delete all data of {nmi} {until}")
        gone = retention.purge(connection, nmi, first_day)
        names = retention.names_naming(connection, nmi)
    held = list(files_holding(settings.home(), nmi))
    if arguments.format == "json":
        files = [{"file": str(file.path), "why": file.why} for file in held]
        print(to_json({"nmi": nmi, **gone, "files": files, "names": names}))
        return int(bool(held or names))
    out.print(
        f"{nmi}: deleted {plural(gone['day_versions'], 'day version')} and"
        f" {plural(gone['readings'], 'reading')}, removed the text of"
        f" {plural(gone['findings'], 'finding')}; days before {gone['first_day']} are not loaded"
        " again",
        soft_wrap=True,
    )
    for file in held:
        line = f"  {shown(str(file.path), 500)}: {file.why}"
        out.print(line, markup=False, soft_wrap=True)
    for name in names:
        line = f"  {shown(name, 500)}: a name in the ledger"
        out.print(line, markup=False, soft_wrap=True)
    if held or names:
        out.print(
            "These files and names still contain the NMI or cannot be searched, and backups may"
            " contain it: delete or correct them yourself.",
            soft_wrap=True,
        )
    return int(bool(held or names))


def _print(connection: Connection, how: str) -> None:
    months = retention.months(connection)
    if how == "json":
        for month in months:
            print(
                to_json(
                    {
                        "month": f"{month.month:%Y-%m}",
                        "attached": month.attached,
                        "readings": month.readings,
                        "bytes": month.bytes,
                    }
                )
            )
        return
    table(
        "",
        ("month", "readings (about)", "MiB", ""),
        [
            (
                f"{month.month:%Y-%m}",
                month.readings,
                round(month.bytes / settings.MIB, 1),
                "" if month.attached else "detached",
            )
            for month in months
        ],
    )
    first_kept = retention.first_day_kept(connection)
    if first_kept:
        out.print(
            f"Days before {first_kept} are not kept:"
            " they are left out when files that contain them are loaded."
        )


def _month(text: str) -> date:
    """The first day of a month up to which months may be removed: not one in the future."""
    try:
        month = datetime.strptime(text, "%Y-%m").replace(tzinfo=NEM_TIME).date()
    except ValueError:
        raise UsageError(f"'{text}' is not a month such as 2024-05") from None
    if month > datetime.now(NEM_TIME).date():
        raise UsageError(f"{text} is in the future: give this month or an earlier one")
    return month


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"'{text}' is not a day such as 2024-05-31") from None


def _confirmed(arguments: Namespace, word: str, doing: str) -> None:
    """Ask for confirmation on a terminal; programs give --yes.

    Raises:
        UsageError: It is not confirmed.
    """
    if arguments.yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"this would {doing} and cannot be undone: add --yes")
    if input(f"This will {doing} and cannot be undone. Type {word} to continue: ").strip() != word:
        raise UsageError("not confirmed; nothing was changed")
