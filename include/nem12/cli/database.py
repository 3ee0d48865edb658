"""`migrate` and `status`."""

from argparse import Namespace
from dataclasses import asdict
from typing import Any, Final

from nem12 import settings
from nem12.cli.databases import NothingYetError, database
from nem12.cli.output import err, finding_line, out, table
from nem12.cli.paused import airflow_database, paused_dags
from nem12.drop import Ignored, landed, overdue, uri_path
from nem12.exact_json import to_json
from nem12.mdff.stamps import NEM_TIME
from nem12.mdff.wording import plural, shown
from nem12.warehouse import feed, ledger
from nem12.warehouse.connect import connect
from nem12.warehouse.migrate import creators, grants, migrate_schema
from nem12.warehouse.sql import Row

_MOST_LATEST: Final = 5
"""Most refusals and failures that `status` shows; the page has all."""


def migrate(arguments: Namespace) -> int:
    """Bring the schema up to date."""
    if arguments.print_grants:
        print(grants(), end="")
        return 0
    with database(arguments, settings.OWNER_ROLE, new=True, migrated=False) as uri:
        before, now = migrate_schema(uri)
        if warning := creators(uri):
            err.print(f"warning: {warning}", markup=False, soft_wrap=True)
    changed = "already at" if before == now else f"migrated from {before or 'nothing'} to"
    print(f"{changed} schema {now}")
    return 0


def status(arguments: Namespace) -> int:
    """Print counts of drops, files and days, the landing folder, and the latest refusals."""
    home = settings.home()
    paused: list[str] | None = None
    nothing_yet, counts, lately = "", dict[str, Any](), dict[str, list[Row]]()
    lags, holders = list[feed.Lag](), list[feed.Holder]()
    try:
        with database(arguments, settings.READER_ROLE) as uri, connect(uri) as connection:
            counts = ledger.status(connection)
            # Inside the block: the embedded server stops at its end.
            paused = paused_dags(airflow_database(arguments, uri))
            lately = {
                "latest_refusals": ledger.latest_refusals(connection, _MOST_LATEST),
                "failed_drops": ledger.failed_drops(connection, _MOST_LATEST),
            }
            lags = feed.lags(connection)
            holders = feed.holders(connection) if any(one.held_changes for one in lags) else []
    except NothingYetError as error:
        nothing_yet = str(error)
    items = list(landed(home))
    waiting = sum(not isinstance(item, Ignored) for item in items)
    ignored = list(overdue(home))
    if arguments.format == "json":
        followed = {
            "consumers": [asdict(one) for one in lags],
            "changes_wait_for": [asdict(one) for one in holders],
        }
        state = {"database": None} if nothing_yet else {**counts, **lately, **followed}
        print(to_json({"landing": waiting, "ignored": len(ignored), "paused": paused, **state}))
        return 0
    _say(f"{plural(waiting, 'file')} in {home.landing}")
    for item in ignored:
        out.print(f"  ignored: {item.path.name!r}: {item.reason}", markup=False)
    for dag_id in paused or []:
        out.print(f"the DAG {dag_id} is paused: {settings.PAUSED[dag_id]} until you unpause it")
    if nothing_yet:
        _say(f"no files loaded yet: {nothing_yet}")
    else:
        table("", ("", ""), _in_words(counts))
        _print_lately(lately)
        _print_lags(lags, holders)
    return 0


def _print_lately(lately: dict[str, list[Row]]) -> None:
    """Why files were refused and drops failed, the newest first."""
    for row in lately["latest_refusals"]:
        at = f"{row['seen_at'].astimezone(NEM_TIME):%Y-%m-%d %H:%M}"
        records = plural(row["refused_records"], "refused record")
        _say(f"{row['status']} {at}, {records}: {finding_line(shown(row['name'], 200), row)}")
    for row in lately["failed_drops"]:
        name = shown(uri_path(row["uri"]).name, 200)
        _say(f"failed after {plural(row['attempt'], 'run')}: {name}: {shown(row['message'], 500)}")


def _print_lags(lags: list[feed.Lag], holders: list[feed.Holder]) -> None:
    """How far the consumers of changes are behind, and who holds them up."""
    for lag in lags:
        _say(f"{lag.consumer}: {lag}")
    for holder in holders:
        _say(f"changes wait for the end of an older transaction: {holder}")


def _say(line: str) -> None:
    out.print(line, markup=False, soft_wrap=True)


def _in_words(counts: Row) -> list[tuple[str, object]]:
    """Names and counts; with too many days to count all, those of days and channels are marked."""
    exact = {name: _counted(value) for name, value in counts.items() if name != "estimated"}
    if counts["estimated"]:
        exact["days"] = f"about {exact['days']}"
        if counts["channels"] >= settings.COUNTED_CHANNELS:
            exact["channels"] = f"{exact['channels']} or more"
    return list(exact.items())


def _counted(value: object) -> object:
    if isinstance(value, dict):
        return ", ".join(f"{count} {name}" for name, count in value.items())
    return "" if value is None else value
