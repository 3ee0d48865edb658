"""What a person waits for when files go through Airflow: its scheduler, tasks and triggers."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from typing import Any, Final
from urllib.parse import quote

from nem12 import settings
from nem12.errors import MeterError
from nem12.local import stack
from nem12.settings import MIB
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection, connect
from nem12.warehouse.migrate import migrate_schema
from tools.bench.applying import first_load
from tools.bench.database import Database
from tools.bench.filing import load
from tools.bench.measure import Measure, Timed, ratio
from tools.bench.place import Place
from tools.generate.bulk import Bulk
from tools.generate.records import end_record

_WORKERS: Final = 2
"""Tasks that run at the same time: one for each of the two cores that the limits are made for."""

_CHANNEL: Final = re.compile(rb"(?m)^(?=200,)")
_SMALL: Final = date(2024, 6, 1)
_MANY: Final = date(2024, 7, 1)
"""The day of the one and of the other files: none is a correction."""

_PATIENCE_SECONDS: Final = 3600
"""For one thing; the whole is meant for an hour."""


@dataclass(frozen=True)
class _Running:
    """An installation that is up and watches."""

    place: Place
    airflow: stack.Airflow
    connection: Connection
    database: Database

    def until(self, done: Callable[[], Any]) -> None:
        """Wait until something is the case; ledger changes wake us up."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not done():
            if time.monotonic() > deadline:
                raise MeterError("Airflow did not do it within an hour")
            self.airflow.check()
            ledger.wait_for_change(self.connection, seconds=1)

    def watches(self) -> bool:
        """Whether the sensor of the watch waits in the triggerer."""
        return bool(self._task_instances(settings.WATCH_DAG_ID, "~", "state=deferred"))

    def drop(self, files: dict[str, bytes]) -> tuple[float, list[str]]:
        """Seconds from the first file's appearance until all are settled, and their load runs."""
        home = self.place.home
        beside = [home.root / name for name in files]
        for path, data in zip(beside, files.values(), strict=True):
            path.write_bytes(data)
        return self.move_in(beside)

    def move_in(self, files: list[Path]) -> tuple[float, list[str]]:
        """The same for files that lie on the landing folder's disk."""
        self.until(self.watches)
        # A path: the folders of a measurement lie on this machine.
        landing = Path(str(self.place.home.landing))
        since, begin = datetime.now(UTC), time.perf_counter()
        uris = [path.rename(landing / path.name).as_uri() for path in files]

        def settled() -> bool:
            rows = ledger.drops_since(self.connection, uris, since)
            return [row["state"] for row in rows] == ["settled"] * len(uris)

        self.until(settled)
        seconds = time.perf_counter() - begin
        query = "SELECT DISTINCT run FROM meter_drops WHERE claimed_at >= %s"
        runs = [str(run) for (run,) in self.connection.execute(query, (since,))]
        self.until(lambda: all(map(self._has_ended, runs)))
        return seconds, runs

    def task_instances(self, runs: list[str]) -> int:
        """Of load runs."""
        return sum(self._task_instances(settings.LOAD_DAG_ID, quote(run)) for run in runs)

    def _task_instances(self, dag: str, run: str, query: str = "") -> int:
        path = f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances?{query}"
        return int(self.airflow.api("GET", path)["total_entries"])

    def _has_ended(self, run: str) -> bool:
        path = f"/api/v2/dags/{settings.LOAD_DAG_ID}/dagRuns/{quote(run)}"
        return self.airflow.api("GET", path)["state"] in ("success", "failed")


def measures(place: Place) -> Iterator[Measure]:
    """Small files one by one, thousands at once, and a big one against the command."""
    with _running(place) as running:
        yield _one_small_file(running)
        yield from _many_files(running)
        yield _a_big_file(running)


@contextmanager
def _running(place: Place) -> Iterator[_Running]:
    server = place.server
    migrate_schema(server.uri(settings.OWNER_ROLE))
    options = {"core": {"parallelism": _WORKERS}}
    with (
        stack.running(place.home, server, log=lambda _: None, options=options) as airflow,
        connect(server.uri(settings.READER_ROLE)) as connection,
    ):
        ledger.listen(connection)
        yield _Running(place, airflow, connection, Database(server, settings.DATABASE))


def _one_small_file(running: _Running) -> Measure:
    seconds = []
    for name, data in _one_day_files(running.place, running.place.sizes.small_files, _SMALL):
        took, _ = running.drop({name: data})
        seconds.append(took)
    middle = median(seconds)
    return Measure(
        "airflow", "a small file, from its drop until settled", "", middle, "s", 5.5, 4,
        spread=(max(seconds) - min(seconds)) / middle, runs=len(seconds), lower_is_better=True,
        note=f"with {settings.SETTLE_SECONDS:g} s in which it must not change",
    )  # fmt: skip


def _many_files(running: _Running) -> Iterator[Measure]:
    files = dict(_one_day_files(running.place, running.place.sizes.many_files, _MANY))
    running.database.empty()
    seconds, runs = running.drop(files)
    archived = sum(1 for _ in running.place.home.archive.rglob(f"*-{_MANY:%Y%m%d}-*.csv"))
    if archived != len(files):
        raise MeterError(f"{archived} of {len(files)} files are in the archive")
    name = f"{len(files):,} one-day files at once"
    yield Measure(
        "airflow", f"{name}, until all are settled", "", seconds, "s", 90, 45, lower_is_better=True
    )
    yield Measure(
        "airflow", f"{name}, task instances", "", running.task_instances(runs), "", 60, 10,
        lower_is_better=True, note=f"in {len(runs)} load run(s)",
    )  # fmt: skip


def _a_big_file(running: _Running) -> Measure:
    place = running.place
    path = place.file("airflow-big", first_load(place.sizes.big_file // 6))
    size = path.stat().st_size
    command = place.database("by_command")
    alone = load(command, path)
    expected = command.digest()
    # Two copies of a big file's readings may be more than the disk has room for.
    command.empty()
    running.database.empty()
    seconds, _ = running.move_in([path])
    if running.database.digest() != expected:
        raise MeterError("Airflow and the command did not give the same rows")
    running.database.empty()
    return ratio(
        "airflow", f"a file of {size / MIB:,.0f} MiB, {_WORKERS} workers", "parse_data --apply",
        [(Timed(alone.rows, seconds), alone)], least=0.8, aim=1.2,
    )  # fmt: skip


def _one_day_files(place: Place, files: int, day: date) -> Iterator[tuple[str, bytes]]:
    """So many files of a channel's day, cut out of one file of all channels."""
    whole = place.file(f"airflow-{day}", Bulk(size=files * 10_000, first=day, days=1, sites=files))
    header, *channels = _CHANNEL.split(whole.read_bytes().removesuffix(end_record()))
    for number, channel in enumerate(channels):
        yield f"{day:%Y%m%d}-{number:06}.csv", header + channel + end_record()
