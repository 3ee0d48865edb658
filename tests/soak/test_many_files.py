"""Many files at once, one small file, one large file: how long each takes through Airflow.

    METER_MANY_FILES=5000 python3 manage.py test tests/soak/test_many_files.py

A machine that does other work at the same time makes the figures larger; the limits have room for
that. METER_LARGE_MIB=1024 adds a file of that size.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from nem12 import settings
from nem12.generate.bulk import Bulk, write_bulk
from nem12.warehouse import ledger
from tests.e2e.installed import home_in, installed, new_database, task_instances
from tests.e2e.main_job.installation import Running
from tests.pg.deliveries import Day, delivery
from tests.pg.servers import passable_folder

FILES = int(os.environ.get("METER_MANY_FILES", "0"))
LARGE_MIB = int(os.environ.get("METER_LARGE_MIB", "0"))
SMALL_FILES = 7
MOST_TASK_INSTANCES = 60
MOST_SECONDS = 10

pytestmark = [
    pytest.mark.skipif(not FILES, reason="an extra suite: set METER_MANY_FILES"),
    pytest.mark.timeout(3600),
]


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with passable_folder() as root, installed(home_in(root)) as running:
        running.until(lambda: watches(running))
        yield running


def watches(running: Running) -> bool:
    """Whether the sensor of the watch waits in the triggerer."""
    path = f"/api/v2/dags/{settings.WATCH_DAG_ID}/dagRuns/~/taskInstances?state=deferred"
    return bool(running.airflow.api("GET", path)["total_entries"])


def land(running: Running, name: str, data: bytes) -> Path:
    """A file that appears whole."""
    beside = running.home.root / name
    beside.write_bytes(data)
    return beside.rename(running.home.landing / name)


def wait(running: Running, landed: list[Path], since: datetime) -> None:
    """Until all are settled."""
    uris = [path.as_uri() for path in landed]
    deadline = time.monotonic() + 1800
    while True:
        rows = ledger.drops_since(running.connection, uris, since)
        if sum(row["state"] == "settled" for row in rows) == len(uris):
            return
        assert time.monotonic() < deadline, "waited too long"
        running.airflow.check()
        ledger.wait_for_change(running.connection, seconds=1)


def took(running: Running, load_run: str) -> None:
    """Print where the time went."""
    for dag, run in (
        (settings.LOAD_DAG_ID, load_run),
        (settings.WATCH_DAG_ID, "~"),
    ):
        found = task_instances(running, quote(run), dag)["task_instances"]
        for one in sorted(found, key=lambda each: each["start_date"] or "")[-40:]:
            begun, ended = (str(one[key])[14:23] for key in ("start_date", "end_date"))
            queued = str(one["queued_when"])[14:23]
            print(f"  {one['task_id']:14} queued {queued} started {begun} ended {ended}")


def test_small_files_are_queryable_within_seconds(running: Running) -> None:
    seconds = []
    for number in range(SMALL_FILES):
        running.until(lambda: watches(running))
        since, begun = datetime.now(UTC), time.monotonic()
        day = Day(day=date(2023, 1, 1) + timedelta(days=number), nmi="4103099999")
        landed = land(running, f"small-{number}.csv", delivery(day))
        wait(running, [landed], since)
        seconds.append(time.monotonic() - begun)
        run = running.of(landed, "run")
        running.ended(run)
    print("seconds until queryable and settled:", [round(each, 1) for each in seconds])
    took(running, run)
    assert statistics.median(seconds) <= MOST_SECONDS


def test_thousands_of_files_need_few_task_instances(running: Running) -> None:
    since = datetime.now(UTC)
    files = [
        (f"{n:06}.csv", delivery(Day(nmi=f"42{n:08}", minutes=5, value=f"{n % 97}.{n % 10}")))
        for n in range(FILES)
    ]
    begun = time.monotonic()
    landed = [land(running, name, data) for name, data in files]
    print(f"{FILES} files dropped in {time.monotonic() - begun:.1f} s")
    wait(running, landed, since)
    print(f"all settled {time.monotonic() - begun:.1f} s after the first was dropped")
    query = "SELECT DISTINCT run FROM meter_drops WHERE claimed_at >= %s"
    runs = [str(row[0]) for row in running.connection.execute(query, (since,))]
    instances = 0
    for run in runs:
        running.ended(run)
        instances += int(task_instances(running, quote(run))["total_entries"])
        took(running, run)
    print(f"{len(runs)} load runs, {instances} task instances")
    assert instances <= MOST_TASK_INSTANCES
    assert len(list(running.home.archive.rglob("??????????*-??????.csv"))) == FILES


@pytest.mark.skipif(not LARGE_MIB, reason="takes minutes and disk space: set METER_LARGE_MIB")
def test_a_large_file_takes_little_longer_than_by_one_command(
    running: Running, tmp_path: Path
) -> None:
    file = running.home.root / "large.csv"
    with file.open("wb") as out:
        write_bulk(out, Bulk(size=LARGE_MIB * settings.MIB))
    uri = new_database(running.server, "by_command")
    env = {**os.environ, "METER_DB_URI": uri, "METER_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "nem12.cli", "parse_data", "--apply", "--file", str(file)]
    begun = time.monotonic()
    subprocess.run(command, check=True, env=env, capture_output=True)
    alone = time.monotonic() - begun
    since, begun = datetime.now(UTC), time.monotonic()
    landed = file.rename(running.home.landing / file.name)
    wait(running, [landed], since)
    by_airflow = time.monotonic() - begun
    print(f"{LARGE_MIB} MiB: {alone:.0f} s by parse_data, {by_airflow:.0f} s by Airflow")
    running.load_run(landed)
    assert by_airflow < 1.5 * alone + 30
