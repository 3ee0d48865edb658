"""Bad days of production: full and read-only disks, upkeep, two of each component, a large archive.

    METER_BAD_DAYS=1 python3 manage.py test tests/soak/test_bad_days.py

One installation has two schedulers and two triggerers, and its archive on a file system of its own
that a test can fill or make read-only. Whatever happens, each file is loaded once, nothing waits.
"""

import io
import os
import subprocess
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path
from threading import Event

import psycopg
import pytest
from psycopg import errors

from nem12 import settings
from nem12.operate.verify import differences
from tests.support.deliveries import Day, delivery
from tests.support.installation import Running
from tests.support.installed import home_in, installed
from tests.support.servers import passable_folder

TWICE = (("scheduler", "--skip-serve-logs"), ("triggerer", "--skip-serve-logs"))
ARCHIVE_MIB = 256
MEMBERS = 15_000

pytestmark = [
    pytest.mark.skipif(
        "METER_BAD_DAYS" not in os.environ, reason="an extra suite: METER_BAD_DAYS=1"
    ),
    pytest.mark.timeout(3600),
]


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with passable_folder() as root, archive_disk(root / "archive"):
        home = home_in(root)
        with installed(home, more=TWICE) as started:
            yield started


@contextmanager
def archive_disk(folder: Path) -> Iterator[None]:
    """A file system in memory, mounted there."""
    folder.mkdir(mode=0o700)
    options = f"size={ARCHIVE_MIB}m,mode=0700"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=False
    )
    if mounted.returncode:
        pytest.skip("this machine does not let the tests mount a file system")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def good(number: int, month: int) -> bytes:
    return delivery(
        Day(nmi=f"71{month:02}0{number:05}", day=date(2024, month, 1) + timedelta(number % 28))
    )


def send(running: Running, prefix: str, count: int, month: int) -> list[str]:
    """Drop good files; their URIs."""
    uris = []
    for number in range(count):
        beside = running.home.landing / ".sending.part"
        beside.write_bytes(good(number, month))
        path = beside.replace(running.home.landing / f"{prefix}-{number:04}.csv")
        uris.append(path.as_uri())
    return uris


def outcomes(running: Running, uris: Sequence[str]) -> dict[str, int]:
    rows = running.connection.execute(
        "SELECT coalesce(outcome, state), count(*) FROM meter_drops WHERE uri = ANY (%s)"
        " GROUP BY 1",
        (list(uris),),
    ).fetchall()
    return dict(rows)


def until_loaded(running: Running, uris: Sequence[str]) -> None:
    running.until(lambda: outcomes(running, uris) == {"loaded": len(uris)})


def is_consistent(running: Running) -> bool:
    return not [words for words, difference in differences(running.connection) if difference]


def test_two_schedulers_and_triggerers_load_each_file_once(running: Running) -> None:
    uris = send(running, "two", 300, 1)
    until_loaded(running, uris)
    days = "SELECT count(*) FROM meter_day_versions WHERE nmi LIKE '7101%'"
    assert running.connection.execute(days).fetchone() == (300,)
    assert is_consistent(running)


def test_an_archive_of_15000_members_is_loaded_whole(running: Running) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(MEMBERS):
            archive.writestr(f"{number:05}.csv", good(number, 2))
    beside = running.home.landing / ".sending.part"
    beside.write_bytes(held.getvalue())
    path = beside.replace(running.home.landing / "many.zip")
    until_loaded(running, [path.as_uri()])
    days = "SELECT count(*) FROM meter_days WHERE nmi LIKE '7102%'"
    assert running.connection.execute(days).fetchone() == (MEMBERS,)
    assert is_consistent(running)


def test_vacuum_full_and_reindex_beside_loads_hold_up_files_and_lose_none(running: Running) -> None:
    loaded = Event()
    with ThreadPoolExecutor(1) as pool:
        keeping = pool.submit(upkeep, running, loaded)
        try:
            uris = send(running, "upkeep", 300, 5)
            until_loaded(running, uris)
        finally:
            loaded.set()
        assert keeping.result() > 0
    attempts = "SELECT DISTINCT attempt FROM meter_drops WHERE uri = ANY (%s)"
    assert running.connection.execute(attempts, (uris,)).fetchall() == [(1,)]
    assert is_consistent(running)


def upkeep(running: Running, loaded: Event) -> int:
    """Rewrite all tables and their indexes again and again; how often all had their turn."""
    rounds = 0
    with psycopg.connect(running.server.uri(settings.OWNER_ROLE), autocommit=True) as owner:
        while not (rounds and loaded.is_set()):
            for act in ("VACUUM (FULL, ANALYZE)", "REINDEX SCHEMA public"):
                with suppress(errors.DeadlockDetected):
                    owner.execute(act.encode())
            rounds += 1
    return rounds


def test_a_full_archive_keeps_files_waiting_until_there_is_room(running: Running) -> None:
    filler = running.home.archive / "filler"
    with pytest.raises(OSError, match="No space"):
        filler.write_bytes(bytes((ARCHIVE_MIB + 1) << 20))
    uris = send(running, "full", 5, 3)
    refusals_of_the_disk(running, "No space left on device")
    filler.unlink()
    until_loaded(running, uris)
    assert is_consistent(running)


def test_a_read_only_archive_keeps_files_waiting_until_it_can_be_written(running: Running) -> None:
    remount(running, "ro")
    uris = send(running, "ro", 5, 4)
    refusals_of_the_disk(running, "Read-only file system")
    remount(running, "rw")
    until_loaded(running, uris)
    assert is_consistent(running)


def remount(running: Running, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(running.home.archive)], check=True)


def refusals_of_the_disk(running: Running, words: str) -> None:
    """Wait until a task's log says so."""
    logs = running.home.airflow / "logs"

    def said() -> bool:
        return any(words in path.read_text(errors="replace") for path in logs.rglob("*.log"))

    running.until(said)
