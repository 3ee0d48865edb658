"""Components that are killed while a batch is being applied: the file is loaded all the same."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import psutil  # type: ignore[import-untyped]
import psycopg
import pytest

from nem12.local import embedded
from nem12.operate.verify import differences
from tests.support.deliveries import Day, delivery
from tests.support.installation import Running

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

DAYS = 3
WAITING = "SELECT pid FROM pg_locks WHERE relation = 'meter_day_versions'::regclass AND NOT granted"


@contextmanager
def applying_is_held_up(running: Running) -> Iterator[psycopg.Connection]:
    """A task that applies a batch waits, in the middle of its transaction, until this ends."""
    with psycopg.connect(running.server.uri(embedded.SUPERUSER)) as holder:
        holder.execute("LOCK TABLE meter_day_versions IN SHARE MODE")
        yield holder


def component(running: Running, name: str) -> psutil.Process:
    process = next(one.process for one in running.airflow.components if one.name == name)
    assert process
    return psutil.Process(process.pid)


def running_task(running: Running) -> psutil.Process:
    """The process that runs a task: a child of one of the executor's workers."""
    workers = component(running, "scheduler").children()
    return next(task for worker in workers for task in worker.children())


@pytest.mark.parametrize("victim", ["scheduler", "task", "api-server", "dag-processor"])
def test_a_file_is_loaded_once_although_its_load_is_killed(running: Running, victim: str) -> None:
    nmi = f"41{sum(victim.encode()):08}"
    days = [Day(date(2023, 5, 1) + timedelta(days=n), nmi=nmi) for n in range(DAYS)]
    since = datetime.now(UTC)
    with applying_is_held_up(running) as holder:
        dropped = running.home.landing / f"{victim}.csv"
        dropped.write_bytes(delivery(*days))
        running.until(lambda: holder.execute(WAITING).fetchone())
        process = running_task(running) if victim == "task" else component(running, victim)
        process.send_signal(signal.SIGKILL)
        psutil.wait_procs([process])
        running.airflow.check()  # starts it again, and ends what it has left running
    row = running.settled(dropped, since)
    assert (row["file_outcome"], row["readings"]) == ("loaded", DAYS * 48)
    readings = "SELECT count(*) FROM meter_readings WHERE nmi = %s"
    assert running.connection.execute(readings, (nmi,)).fetchone() == (DAYS * 48,)
    assert [words for words, difference in differences(running.connection) if difference] == []
    assert running.load_run(dropped)["state"] == "success"
