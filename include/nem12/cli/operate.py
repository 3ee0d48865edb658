"""`verify`, `withdraw` and `redrive`: what an operator does now and then."""

from argparse import Namespace
from datetime import datetime
from difflib import get_close_matches

from nem12 import settings
from nem12.cli.databases import database
from nem12.cli.output import out, to_json
from nem12.errors import UsageError
from nem12.load.changed import kept_differences
from nem12.load.index import note_withdrawn
from nem12.load.redrive import redrive as put_back
from nem12.mdff.findings import EXPLAIN
from nem12.mdff.stamps import NEM_TIME
from nem12.mdff.text import plural, shown
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection, connect
from nem12.warehouse.verify import verify as differences


def verify(arguments: Namespace) -> int:
    """Check that the tables agree with each other; 1 where they do not."""
    failed = False
    with database(arguments, settings.READER_ROLE) as uri, connect(uri) as connection:
        for words, difference in differences(connection):
            failed |= difference is not None
            if arguments.format == "json":
                print(to_json({"check": words, "ok": difference is None, "first": difference}))
            else:
                out.print(f"{'ok ' if difference is None else 'NOT'} {words}", markup=False)
                if difference is not None:
                    out.print(f"    first: {to_json(difference)}", markup=False, soft_wrap=True)
        if arguments.archive:
            failed |= _verify_archive(arguments, connection)
    return int(failed)


def _verify_archive(arguments: Namespace, connection: Connection) -> bool:
    """Compare the kept files with the ledger and name all that differ; whether any does."""
    words = "every kept file has the SHA-256 that the ledger knows"
    found = [vars(one) for one in kept_differences(connection)]
    if arguments.format == "json":
        print(to_json({"check": words, "ok": not found, "differences": found}))
    else:
        out.print(f"{'NOT' if found else 'ok '} {words}", markup=False)
        for one in found:
            said = f"    {shown(one['place'], 500)}: {one['problem']}"
            out.print(said, markup=False, soft_wrap=True)
    return bool(found)


def withdraw(arguments: Namespace) -> int:
    """Take out a file that was delivered by mistake."""
    with database(arguments, settings.LOADER_ROLE) as uri, connect(uri) as connection:
        found = ledger.find_files(connection, arguments.file)
        if not found:
            raise UsageError(f"no file {arguments.file} is known: see the table meter_files")
        if len(found) > 1:
            ids = ", ".join(row["sha256"][:12] for row in found)
            raise UsageError(f"several files are called that, name one by its SHA-256: {ids}")
        file_id = found[0]["file_id"]
        if settings.has_home():
            note_withdrawn(connection, settings.home(), file_id, "withdrawn")
        days = ledger.withdraw(connection, file_id)
    name = shown(found[0]["name"], 200)
    out.print(f"{name}: withdrawn, {plural(days or 0, 'day')} of it", markup=False, soft_wrap=True)
    return 0


def redrive(arguments: Namespace) -> int:
    """Put refused and failed drops back into the landing folder."""
    if not (arguments.all or arguments.name or arguments.code or arguments.since):
        raise UsageError("say which: --all, --name PATTERN, --code CODE or --since DATE")
    since = None
    if arguments.since:
        try:
            since = datetime.fromisoformat(arguments.since).replace(tzinfo=NEM_TIME)
        except ValueError:
            raise UsageError(f"'{arguments.since}' is no date such as 2024-05-31") from None
    if arguments.code:
        _check_code(arguments.code)
    count = 0
    with database(arguments, settings.LOADER_ROLE) as uri, connect(uri) as connection:
        home = settings.home().make()
        for one in put_back(
            connection,
            home,
            name=arguments.name or "*",
            code=arguments.code,
            since=since,
            profile=arguments.profile,
        ):
            count += 1
            where = f" ({shown(str(one.place), 500)})" if one.place else ""
            said = f"{shown(one.name, 200)}: {one.expected}{where}"
            out.print(said, markup=False, soft_wrap=True)
        if not count and not arguments.all:
            raise UsageError(_nothing(connection, arguments.name))
    out.print(f"{plural(count, 'file')} put back")
    return 0


def _check_code(code: str) -> None:
    """Refuse a code that no finding has."""
    known = sorted({each for codes in EXPLAIN.values() for each in codes})
    if code not in known:
        near = get_close_matches(code, known)
        hint = f"do you mean {' or '.join(near)}?" if near else "reports show a file's codes"
        raise UsageError(f"there is no code '{shown(code, 100)}': {hint}")


def _nothing(connection: Connection, name: str | None) -> str:
    """Why nothing is put back."""
    known = ledger.names_like(connection, name) if name else []
    if name and not known:
        return f"no file was delivered that is called '{shown(name, 200)}'"
    if known:
        named = "; ".join(f"{shown(row['name'], 200)} is {row['status']}" for row in known)
        return f"no file of that name was refused or has failed: {named}"
    return "no file that was refused or has failed matches"
