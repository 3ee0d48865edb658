"""`up` and `demo`: a real Airflow and a real PostgreSQL on this machine."""

import os
import signal
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from nem12 import settings, storage
from nem12.cli.files import named
from nem12.cli.output import err, finding_line, out, progress, table
from nem12.drop import uri_path
from nem12.errors import TerminalError, UsageError
from nem12.local import embedded, stack
from nem12.local.embedded import Server
from nem12.mdff.wording import shown
from nem12.settings import Home
from nem12.states import DropState, Outcome
from nem12.tell import notifiers
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection, connect
from nem12.warehouse.migrate import migrate_schema
from nem12.warehouse.sql import Row, run

DEMO_SECONDS: Final = 170
"""Time limit of the demo; loading the samples takes about 30 s."""

DEMO_STANDSTILL_SECONDS: Final = 5
"""Instead of the minute that a file without an end waits for more of it."""

CHECK_SECONDS: Final = 2
"""Interval between checks that everything still runs."""

_SETTLED: Final = (DropState.SETTLED, DropState.WAITING, DropState.FAILED)


def up(arguments: Namespace) -> int:
    """Run everything until Ctrl-C."""
    ports = (arguments.port,) if arguments.port else stack.API_PORTS
    with _terminated_like_interrupted(), _running(ports) as (home, server, airflow):
        out.print(f"Airflow      {airflow.url}", soft_wrap=True)
        out.print(f"Meter data   {airflow.url}/plugin/{settings.PAGE_ROUTE}", soft_wrap=True)
        out.print(
            f"login        {airflow.user}, password in {airflow.password_file}", soft_wrap=True
        )
        out.print(f"drop files   {home.landing}", soft_wrap=True)
        out.print(f"PostgreSQL   {server.uri(settings.READER_ROLE)}", soft_wrap=True)
        if os.geteuid() == 0:
            out.print(
                "running as root, with access to every file: an ordinary user is safer,"
                " see docs/security.md",
                soft_wrap=True,
            )
        out.print("Press Ctrl-C to stop.")
        # Ctrl-C is how it is meant to end.
        with suppress(KeyboardInterrupt):
            while True:
                server.ensure_running()
                airflow.check()
                time.sleep(CHECK_SECONDS)
    return 0


def airflow(arguments: Namespace) -> int:
    """Run an `airflow` command on the installation of `up`, whether that runs or not."""
    home = settings.home()
    if not stack.exists(home):
        raise UsageError(
            f"there is no Airflow in {home.root} yet: run `{settings.command('up')}` first"
        )
    with embedded.server(home) as server:
        command = [sys.executable, "-m", "airflow", *arguments.airflow]
        return subprocess.run(command, check=False, env=stack.command_env(home, server)).returncode


def demo(arguments: Namespace) -> int:  # noqa: ARG001 - has no arguments of its own
    """Drop the samples, wait until they are settled, show the result."""
    # One sample has no end: wait less, since samples are copied as a whole.
    os.environ.setdefault("METER_STANDSTILL_SECONDS", str(DEMO_STANDSTILL_SECONDS))
    with _terminated_like_interrupted(), _running() as (home, server, airflow):
        samples = named([str(settings.shipped("samples"))])
        err.print(f"dropping {len(samples)} sample files into {home.landing}", soft_wrap=True)
        with connect(server.uri(settings.READER_ROLE)) as connection:
            ledger.listen(connection)
            since = datetime.now(UTC)
            uris = [_drop(sample, home) for sample in samples]
            rows = _wait(connection, airflow, uris, since)
            _wait_for_runs(airflow)
            _show(connection, rows)
    return 0


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """SIGTERM ends all in order as Ctrl-C does, instead of leaving processes behind."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _running(
    ports: Sequence[int] = stack.API_PORTS,
) -> Iterator[tuple[Home, Server, stack.Airflow]]:
    notifiers.configured()
    notifiers.silent_hours()
    home = settings.home().make()
    with ExitStack() as ends:
        err.print("starting PostgreSQL and Airflow")
        begun = time.monotonic()
        server = ends.enter_context(embedded.server(home))
        migrate_schema(server.uri(settings.OWNER_ROLE))
        airflow = ends.enter_context(stack.running(home, server, ports=ports, log=err.print))
        err.print(f"ready after {time.monotonic() - begun:.0f} s")
        yield home, server, airflow
        err.print("stopping")


def _drop(sample: Path, home: Home) -> str:
    """Copy as a careful sender does: no reader sees a part of the file."""
    target = home.landing / sample.name
    storage.copy(sample.resolve(), target)
    return target.as_uri()


def _wait(
    connection: Connection, airflow: stack.Airflow, uris: list[str], since: datetime
) -> list[dict[str, Any]]:
    """Wait until all drops are settled, by notifications of the database."""
    deadline = time.monotonic() + DEMO_SECONDS
    with progress() as bars:
        bar = bars.add_task("loading", total=len(uris))
        while True:
            rows = ledger.drops_since(connection, uris, since)
            done = {row["uri"] for row in rows if row["state"] in _SETTLED}
            bars.update(bar, completed=len(done))
            if len(done) == len(uris):
                return rows
            if time.monotonic() > deadline:
                left = ", ".join(uri_path(uri).name for uri in uris if uri not in done)
                raise TerminalError(
                    f"not settled after {DEMO_SECONDS} s: {left}; see the logs in "
                    f"{airflow.password_file.parent}"
                )
            airflow.check()
            ledger.wait_for_change(connection, seconds=1)


def _wait_for_runs(airflow: stack.Airflow) -> None:
    """The last task of a run, which tells how it went, comes after the drops are settled."""
    path = f"/api/v2/dags/{settings.LOAD_DAG_ID}/dagRuns?state=running&state=queued"
    deadline = time.monotonic() + DEMO_SECONDS
    while airflow.api("GET", path)["total_entries"] and time.monotonic() < deadline:
        airflow.check()
        time.sleep(1)


def _show(connection: Connection, rows: list[dict[str, Any]]) -> None:
    out.print()
    table(
        "Files",
        ("file", "outcome", "readings", "days", "refused records"),
        [
            (
                shown(row["name"] or uri_path(row["uri"]).name, 60),
                row["file_outcome"] or row["outcome"],
                row["readings"],
                row["days"],
                row["refused_records"],
            )
            for row in rows
        ],
    )
    out.print()
    out.print("[bold]Refused, and why[/]")
    for row in rows:
        if row["file_outcome"] in (Outcome.PARTIAL, Outcome.REFUSED):
            for refusal in ledger.refusals(connection, row["file_id"], 5)[0]:
                line = finding_line(shown(row["name"], 60), refusal.row())
                out.print(f"  {line}", markup=False, soft_wrap=True)
        if row["message"]:
            out.print(f"  {shown(row['message'], 200)}", markup=False, soft_wrap=True)
    _print_rows("meter_readings, the first rows", run(connection, "demo_readings"))
    _print_rows("meter_daily, the first days", run(connection, "demo_days"))
    out.print()
    out.print(
        f"More: {settings.command('query')}",
        '"SELECT * FROM meter_daily LIMIT 5", or',
        settings.command("up"),
        soft_wrap=True,
    )


def _print_rows(title: str, rows: list[Row]) -> None:
    out.print()
    table(title, list(rows[0]) if rows else [], [list(row.values()) for row in rows])
