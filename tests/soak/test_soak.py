"""Half an hour of drops and kills: nothing lost, nothing twice.

    METER_SOAK_MINUTES=30 python3 manage.py test tests/soak

Random files land all the time: first deliveries, corrections, older versions, copies, faulty and
truncated ones. Meanwhile tasks, components of Airflow and PostgreSQL are killed. In the end the
tables have to be what the same files give when they are loaded one after the other by one process
that nobody disturbs.
"""

import os
import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import psycopg
import pytest

from nem12 import settings
from nem12.local import embedded, stack
from nem12.local.stack import processes
from nem12.operate.redrive import redrive_drops
from nem12.operate.verify import differences
from nem12.settings import FolderHome, Home
from nem12.warehouse.connect import connect
from nem12.warehouse.migrate import migrate_schema
from tests.support.deliveries import Day, delivery
from tests.support.digest import tables
from tests.support.installed import COMPARED, undisturbed

MINUTES = float(os.environ.get("METER_SOAK_MINUTES", "0"))
END_MINUTES = 25
"""For the attempts that are left to come round: claims of dead runs are looked at every five
minutes, and a drop waits up to four."""

pytestmark = [
    pytest.mark.skipif(not MINUTES, reason="an extra suite: set METER_SOAK_MINUTES"),
    pytest.mark.timeout((MINUTES + END_MINUTES + 5) * 60),
]

VICTIMS = {
    "task": 45,
    "session": 20,
    "triggerer": 8,
    "dag-processor": 8,
    "scheduler": 8,
    "api-server": 6,
    "postgres": 5,
}
"""Who is killed, and how often of a hundred."""


class Sender:
    """Makes files as providers send them: right, late, again, broken."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.sent: dict[str, bytes] = {}

    def send(self, landing: Path) -> None:
        """Drop a few files, each under a partial name first."""
        for _ in range(self.chance.randint(1, 12)):
            name = f"{len(self.sent):06}.csv"
            data = self._file()
            self.sent[name] = data
            beside = landing / f".{name}.part"
            beside.write_bytes(data)
            beside.replace(landing / name)

    def _file(self) -> bytes:
        kind = self.chance.random()
        if kind < 0.08 and self.sent:
            return self.chance.choice(list(self.sent.values()))
        days = [self._day() for _ in range(self.chance.randint(1, 40))]
        data = delivery(*days)
        if kind < 0.12:
            return data.removesuffix(b"900\r\n")
        if kind < 0.18:
            return data.replace(b",A,", b",T,", 1)
        return data

    def _day(self) -> Day:
        stamp = f"202403{self.chance.randint(1, 14):02}{self.chance.randint(0, 23):02}1500"
        return Day(
            day=date(2024, 1, 1) + timedelta(days=self.chance.randint(0, 60)),
            value=f"{self.chance.randint(0, 9999) / 1000:.3f}",
            nmi=f"41030{self.chance.randint(0, 39):05}",
            suffix=self.chance.choice(["E1", "E2", "Q1"]),
            minutes=self.chance.choice([5, 30, 30, 30]),
            updated=stamp,
        )


class Killer:
    """Kills something every few seconds."""

    def __init__(self, seed: int, airflow: stack.Airflow, server: embedded.Server) -> None:
        self.chance = random.Random(seed)
        self.airflow = airflow
        self.server = server
        self.killed: Counter[str] = Counter()

    def kill(self) -> None:
        """One victim; components that die are started again by their owner."""
        (victim,) = self.chance.choices(list(VICTIMS), weights=list(VICTIMS.values()))
        if victim == "task":
            done = self._kill_task()
        elif victim == "session":
            done = self._kill_session()
        elif victim == "postgres":
            done = self._kill_postgres()
        else:
            done = self._kill_component(victim)
        self.killed[victim] += done

    def _component(self, name: str) -> psutil.Process | None:
        process = next(c.process for c in self.airflow.components if c.name == name)
        try:
            return psutil.Process(process.pid) if process else None
        except psutil.NoSuchProcess:
            return None

    def _kill_task(self) -> bool:
        """One that runs a task: a child of the executor's workers.

        An idle worker of the LocalExecutor is left alone: it dies with the lock of Airflow's own
        queue in its hand, and then no task starts before the scheduler is started again.
        """
        scheduler = self._component("scheduler")
        try:
            workers = scheduler.children() if scheduler else []
            running = [task for worker in workers for task in worker.children()]
        except psutil.NoSuchProcess:
            return False
        return bool(running) and _kill(self.chance.choice(running))

    def _kill_component(self, name: str) -> bool:
        process = self._component(name)
        return process is not None and _kill(process)

    def _kill_session(self) -> bool:
        """One that works, where one turns up within a few looks; else one that waits."""
        query = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND pid <> pg_backend_pid() AND (state <> 'idle' OR %s)"
            " ORDER BY random() LIMIT 1"
        )
        try:
            with psycopg.connect(self.server.uri(embedded.SUPERUSER), autocommit=True) as session:
                looks = range(200, -1, -1)
                return any(
                    session.execute(query, (settings.DATABASE, not left)).fetchone()
                    for left in looks
                )
        except psycopg.Error:
            return False

    def _kill_postgres(self) -> bool:
        pid_file = self.server.log.parent / "data" / "postmaster.pid"
        try:
            return _kill(psutil.Process(int(pid_file.read_text().split()[0])))
        except (OSError, psutil.NoSuchProcess):
            return False


def _kill(process: psutil.Process) -> bool:
    try:
        process.send_signal(signal.SIGKILL)
    except psutil.NoSuchProcess:
        return False
    return True


@pytest.fixture
def root() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="nem12-soak-"))
    folder.chmod(0o755)  # so that the server's account reaches its data
    yield folder
    shutil.rmtree(folder)


def test_nothing_is_lost_and_nothing_twice(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "RESTARTS", 10_000)
    home = Home.below(root).make()
    seed = int(os.environ.get("METER_SOAK_SEED", "1"))
    sender = Sender(seed)
    with embedded.server(home) as server:
        migrate_schema(server.uri())
        with stack.running(home, server) as airflow:
            killer = Killer(seed, airflow, server)
            _soak(home, sender, killer)
            rounds = _until_settled(home, server, airflow)
        with connect(server.uri(settings.LOADER_ROLE)) as connection:
            found = tables(connection)
            broken = [words for words, difference in differences(connection) if difference]
            counts = connection.execute(
                "SELECT status, count(*) FROM meter_files GROUP BY 1 ORDER BY 1"
            ).fetchall()
            readings = connection.execute("SELECT count(*) FROM meter_readings").fetchone()
        wanted = undisturbed(server, sender.sent, root / "again")
    print(f"files sent {len(sender.sent)}, killed {dict(killer.killed)}, redriven {rounds},")
    print(f"files {dict(counts)}, readings {readings}")
    assert broken == []
    assert [table for table in COMPARED if found[table] != wanted[table]] == []
    assert not [path for path in home.landing.iterdir() if path.is_file()]


def _soak(home: FolderHome, sender: Sender, killer: Killer) -> None:
    end = time.monotonic() + MINUTES * 60
    next_kill = time.monotonic() + 5
    while time.monotonic() < end:
        if len(list(home.landing.iterdir())) < 500:
            sender.send(home.landing)
        # Time passes here: what is tested is what happens at any time.
        time.sleep(killer.chance.uniform(1, 4))
        if time.monotonic() > next_kill:
            killer.kill()
            next_kill = time.monotonic() + killer.chance.uniform(4, 14)
        _revive(killer.airflow, killer.server)


def _revive(airflow: stack.Airflow, server: embedded.Server) -> None:
    server.ensure_running()
    airflow.check()


def _until_settled(home: FolderHome, server: embedded.Server, airflow: stack.Airflow) -> int:
    """Wait for what is left; drops that failed too often are put back, as an operator does."""
    deadline = time.monotonic() + END_MINUTES * 60
    redriven = 0
    while any(path.is_file() for path in home.landing.iterdir()) or _open(server):
        assert time.monotonic() < deadline, "not everything was settled"
        _revive(airflow, server)
        time.sleep(5)
        with connect(server.uri(settings.LOADER_ROLE)) as connection:
            failed = connection.execute(
                "SELECT count(*) FROM meter_drops WHERE state = 'failed'"
            ).fetchone()
            if failed and failed[0]:
                redriven += sum(1 for _ in redrive_drops(connection, home, name="*"))
    return redriven


def _open(server: embedded.Server) -> Any:
    with connect(server.uri(settings.READER_ROLE)) as connection:
        row = connection.execute(
            "SELECT count(*) FROM meter_drops WHERE state <> 'settled'"
        ).fetchone()
    return row and row[0]
