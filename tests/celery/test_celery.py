"""The CeleryExecutor with a real broker: workers share the work, and one that dies loses nothing.

.venv/bin/pip install -c constraints.txt -r requirements-celery.txt
METER_CELERY=1 python3 manage.py test tests/celery
"""

import signal
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from nem12 import settings
from nem12.local.stack import processes
from nem12.operate.verify import differences
from nem12.warehouse.connect import connect
from tests.celery.broker import WORKERS, redis, require, two_workers
from tests.support.deliveries import Day, delivery
from tests.support.digest import tables
from tests.support.installation import Running
from tests.support.installed import COMPARED, home_in, installed, undisturbed
from tests.support.servers import passable_folder

SMALL = {
    f"small-{n}.csv": delivery(*(Day(nmi=f"41030000{n}{site}", value=f"{n}.5") for site in "123"))
    for n in range(6)
}
LARGE = {
    f"large-{n}.csv": delivery(
        *(
            Day(date(2020, 1, 1) + timedelta(days=day), f"{day % 9}.25", f"420000000{n}", minutes=5)
            for day in range(4000)
        )
    )
    for n in range(2)
}


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    require()
    with (
        passable_folder() as root,
        redis(root) as broker,
        installed(home_in(root), **two_workers(broker, root)) as running,
    ):
        yield running


def log_of(running: Running, worker: str) -> str:
    return (running.home.airflow / "components" / f"{worker}.log").read_text(errors="replace")


def applies(running: Running, worker: str) -> int:
    """How many batches a worker was given to apply."""
    lines = log_of(running, worker).splitlines()
    return sum("Executing workload" in line and "load.apply" in line for line in lines)


def land(running: Running, name: str, data: bytes) -> Path:
    beside = running.home.root / name
    beside.write_bytes(data)
    return beside.rename(running.home.landing / name)


def check_tables(running: Running, sent: dict[str, bytes], folder: Path) -> None:
    """The tables are those that an undisturbed load gives."""
    with connect(running.server.uri(settings.LOADER_ROLE)) as connection:
        found = tables(connection)
        assert [words for words, difference in differences(connection) if difference] == []
    wanted = undisturbed(running.server, sent, folder)
    assert [table for table in COMPARED if found[table] != wanted[table]] == []


def test_the_workers_share_what_lands(running: Running) -> None:
    for name, data in SMALL.items():
        since = datetime.now(UTC)
        dropped = land(running, name, data)
        running.until(partial(running.of, dropped, "claim"))
    for name in SMALL:
        running.settled(running.home.landing / name, since - timedelta(hours=1))
    assert [worker for worker in WORKERS if not applies(running, worker)] == []


def test_a_worker_that_is_killed_while_it_applies_loses_nothing(
    running: Running, tmp_path: Path
) -> None:
    since = datetime.now(UTC)
    before = {worker: applies(running, worker) for worker in WORKERS}
    dropped = [land(running, name, data) for name, data in LARGE.items()]
    victim = running.until(
        lambda: next((w for w in WORKERS if applies(running, w) > before[w]), None)
    )
    running.until(lambda: is_applying(running))
    kill(running, victim)
    for one in dropped:
        running.settled(one, since)
    assert attempts(running, dropped[0]) > 1
    check_tables(running, SMALL | LARGE, tmp_path / "again")


def is_applying(running: Running) -> bool:
    """Whether a batch is in the middle of its transaction."""
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'nem12 airflow'"
        " AND backend_xid IS NOT NULL"
    )
    row = running.connection.execute(query).fetchone()
    return bool(row and row[0])


def kill(running: Running, worker: str) -> None:
    """All of its processes at once, as when its machine fails."""
    component = next(c for c in running.airflow.components if c.name == worker)
    assert component.leader
    for process in processes.members([component.leader]):
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)


def attempts(running: Running, dropped: Path) -> int:
    """Tries of the applying task that took this drop."""
    query = (
        "SELECT max(b.try_number) FROM meter_batches b"
        " JOIN meter_batch_parts p USING (batch_id) JOIN meter_drop_files f USING (file_id)"
        " JOIN meter_drops d USING (drop_id) WHERE d.uri = %s"
    )
    row = running.connection.execute(query, (dropped.as_uri(),)).fetchone()
    return int(row[0]) if row else 0
