"""`verify`, `withdraw` and `redrive`: the commands of an operator."""

from argparse import Namespace
from contextlib import closing
from datetime import datetime
from pathlib import PurePath
from typing import Any, Final

from nem12 import settings
from nem12.cli.databases import database
from nem12.cli.output import at_work, out
from nem12.errors import UsageError
from nem12.exact_json import to_json
from nem12.load.changed import kept_differences
from nem12.mdff.findings import EXPLAIN
from nem12.mdff.stamps import NEM_TIME
from nem12.mdff.wording import plural, shown
from nem12.operate.redrive import redrive_drops
from nem12.operate.unmatched import advice_for_parse_data, similar, why_nothing_matches
from nem12.operate.verify import CHECKS, differences
from nem12.operate.withdrawal import withdraw_file
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection, connect

_MOST_LEFT: Final = 20
"""Lines about drops that cannot be put back; more are counted."""


def verify(arguments: Namespace) -> int:
    """Check that the tables agree with each other; 1 if they do not."""
    failed = False
    with database(arguments, settings.READER_ROLE) as uri, connect(uri) as connection:
        # Closed before the connection, whose transaction it holds.
        with closing(differences(connection)) as checks:
            for number, name in enumerate(CHECKS.values(), 1):
                with at_work(f"check {number} of {len(CHECKS)}: {name}"):
                    words, difference = next(checks)
                failed |= difference is not None
                _print_check(arguments, words, difference)
        if arguments.archive:
            failed |= _verify_archive(arguments, connection)
    return int(failed)


def _print_check(arguments: Namespace, words: str, difference: dict[str, Any] | None) -> None:
    if arguments.format == "json":
        print(to_json({"check": words, "ok": difference is None, "first": difference}))
        return
    out.print(f"{'ok ' if difference is None else 'NOT'} {words}", markup=False)
    if difference is not None:
        out.print(f"    first: {to_json(difference)}", markup=False, soft_wrap=True)


def _verify_archive(arguments: Namespace, connection: Connection) -> bool:
    """Compare the kept files with the ledger and print all that differ; whether any does."""
    words = "every kept file has the SHA-256 of the ledger"
    landing = settings.home().landing if settings.has_home() else None
    with at_work(words):
        differences = [vars(difference) for difference in kept_differences(connection, landing)]
    if arguments.format == "json":
        print(to_json({"check": words, "ok": not differences, "differences": differences}))
    else:
        out.print(f"{'NOT' if differences else 'ok '} {words}", markup=False)
        for difference in differences:
            line = f"    {shown(difference['place'], 500)}: {difference['problem']}"
            out.print(line, markup=False, soft_wrap=True)
    return bool(differences)


def withdraw(arguments: Namespace) -> int:
    """Take out a file that was delivered by mistake."""
    with database(arguments, settings.LOADER_ROLE) as uri, connect(uri) as connection:
        files = ledger.find_files(connection, arguments.file)
        if not files:
            raise UsageError(_unknown_file(connection, arguments.file))
        if len(files) > 1:
            ids = ", ".join(row["sha256"][:12] for row in files)
            raise UsageError(f"several files have this name; give the SHA-256 of one: {ids}")
        home = settings.home() if settings.has_home() else None
        days = withdraw_file(connection, home, files[0]["file_id"])
    name = shown(files[0]["name"], 200)
    out.print(f"{name}: withdrawn, {plural(days or 0, 'day')} of it", markup=False, soft_wrap=True)
    return 0


def _unknown_file(connection: Connection, name: str) -> str:
    """Why a file cannot be withdrawn: it is not known, or it is an archive of files that are."""
    files = ledger.files_of_archive(connection, PurePath(name).name)
    members = sorted(file.name for file in files)
    if not members:
        return f"no file {shown(name, 500)} is known: see the table meter_files"
    listed = ", ".join(shown(member, 200) for member in members[:_MOST_LEFT])
    more = f" and {len(members) - _MOST_LEFT} more" if len(members) > _MOST_LEFT else ""
    return f"{shown(name, 500)} is an archive; withdraw its files one by one: {listed}{more}"


def redrive(arguments: Namespace) -> int:
    """Put refused and failed drops back into the landing folder; 1 if none could be."""
    if not (arguments.all or arguments.name or arguments.code or arguments.since):
        raise UsageError("choose files: --all, --name PATTERN, --code CODE or --since DATE")
    since = None
    if arguments.since:
        try:
            since = datetime.fromisoformat(arguments.since).replace(tzinfo=NEM_TIME)
        except ValueError:
            raise UsageError(f"'{arguments.since}' is not a date such as 2024-05-31") from None
    if arguments.code:
        _check_code(arguments.code)
    back = settled = 0
    left: list[str] = []
    with database(arguments, settings.LOADER_ROLE) as uri, connect(uri) as connection:
        home = settings.home().make()
        for redriven in redrive_drops(
            connection,
            home,
            name=arguments.name or "*",
            code=arguments.code,
            since=since,
            profile=arguments.profile,
        ):
            where = f" ({shown(str(redriven.place), 500)})" if redriven.place else ""
            line = f"{shown(redriven.name, 200)}: {redriven.expected}{where}"
            back += redriven.place is not None
            settled += redriven.place is None and not redriven.left
            if redriven.left:
                left.append(line)
            else:
                out.print(line, markup=False, soft_wrap=True)
        _print_left(left)
        if not (back or settled or left or arguments.all):
            raise UsageError(why_nothing_matches(connection, arguments.name, arguments.code))
        if arguments.all and not back and (line := advice_for_parse_data(connection, None)):
            out.print(line, markup=False, soft_wrap=True)
    out.print(f"{plural(back, 'file')} put back")
    return int(bool(left) and not back)


def _print_left(left: list[str]) -> None:
    """Print the drops that cannot be put back."""
    for line in left[:_MOST_LEFT]:
        out.print(line, markup=False, soft_wrap=True)
    if len(left) > _MOST_LEFT:
        out.print(f"and {len(left) - _MOST_LEFT} more that cannot be put back")


def _check_code(code: str) -> None:
    """Refuse an unknown code."""
    codes = sorted({each for explained in EXPLAIN.values() for each in explained})
    if code not in codes:
        hint = similar(code, codes) or "reports show a file's codes"
        raise UsageError(f"there is no code '{shown(code, 100)}': {hint}")
