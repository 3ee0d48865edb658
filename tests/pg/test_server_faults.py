"""PostgreSQL itself fails in the middle of a load: killed, or its disk is full."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from threading import Event
from typing import BinaryIO

import psutil  # type: ignore[import-untyped]
import psycopg
import pytest

from nem12 import settings
from nem12.errors import TransientError
from nem12.local import embedded
from nem12.operate.verify import differences
from nem12.warehouse import apply as applying
from nem12.warehouse.connect import connect
from nem12.warehouse.migrate import migrate_schema
from tests.support.commands import Command
from tests.support.deliveries import Day, delivery
from tests.support.digest import different, tables
from tests.support.loading import Run
from tests.support.servers import Warehouse, home_in, passable_folder

pytestmark = pytest.mark.slow

BEFORE = delivery(Day(date(2024, 3, 1)))
YEARS = delivery(
    *(Day(date(2022, 1, 1) + timedelta(days=n), minutes=5, value="1.25") for n in range(900))
)
LAST = date(2022, 1, 1) + timedelta(days=899)


def loads(server: embedded.Server, database: str, root: Path) -> Run:
    """Loads into a database of this server."""
    uri = server.uri(settings.LOADER_ROLE, database)
    return Run(connect(uri), home_in(root).make())


def undisturbed(server: embedded.Server, root: Path) -> dict[str, str]:
    """The tables that the same files give when nothing fails."""
    make_database(server, "undisturbed")
    run = loads(server, "undisturbed", root / "undisturbed")
    for name, data in (("before.csv", BEFORE), ("years.csv", YEARS)):
        run.drop(name, data)
        run.run()
    with run.connection as connection:
        return tables(connection)


def make_database(server: embedded.Server, name: str) -> None:
    uri = server.uri(embedded.SUPERUSER, "postgres")
    with psycopg.connect(uri, autocommit=True) as admin:
        admin.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 OWNER {settings.OWNER_ROLE}".encode()
        )
    migrate_schema(server.uri(dbname=name))


def assert_retry_ends_as(wanted: dict[str, str], run: Run, claim: str, uri: str) -> None:
    """The same claim again, as a task that is tried again: the undisturbed tables."""
    run.connection.close()
    run.connection = connect(uri)
    run.load(claim)
    assert run.settle(claim).files == {"loaded": 1}
    with run.connection as connection:
        assert different(tables(connection), wanted) == []
        assert [words for words, difference in differences(connection) if difference] == []


class Moments:
    """Points in the middle of a batch at which the server can be killed."""

    def __init__(self, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
        self.warehouse = warehouse
        self.monkeypatch = monkeypatch
        self.reached = Event()
        self.killed = Event()

    @contextmanager
    def between_two_statements(self) -> Iterator[Callable[[], object]]:
        all_of = applying.statements

        def halting(stream: BinaryIO) -> Iterator[bytes]:
            for number, statement in enumerate(all_of(stream)):
                if number == 6:
                    self.reached.set()
                    self.killed.wait(60)
                yield statement

        self.monkeypatch.setattr(applying, "statements", halting)
        yield lambda: self.reached.wait(60)
        self.monkeypatch.setattr(applying, "statements", all_of)

    @contextmanager
    def while_it_waits_for_a_lock(self) -> Iterator[Callable[[], object]]:
        with psycopg.connect(self.warehouse.loader) as holder:
            holder.execute("SELECT meter_ensure_months(ARRAY[%s::date])", (LAST,))
            holder.commit()
            holder.execute(
                "INSERT INTO meter_days (nmi, nmi_suffix, day) VALUES ('4103035613', 'E1', %s)",
                (LAST,),
            )
            yield lambda: self._asked("SELECT count(*) FROM pg_locks WHERE NOT granted")
            holder.close()

    @contextmanager
    def while_readings_are_written(self) -> Iterator[Callable[[], object]]:
        size = "SELECT pg_relation_size(to_regclass('meter_readings_2022_03'))"
        yield lambda: self._asked(size)

    def _asked(self, query: str) -> None:
        """Ask until the answer is more than nothing; each question takes a trip."""
        with psycopg.connect(self.warehouse.owner, autocommit=True) as asking:
            while asking.execute(query.encode()).fetchone() in ((0,), (None,)):
                pass


@pytest.mark.parametrize(
    "moment", ["between_two_statements", "while_it_waits_for_a_lock", "while_readings_are_written"]
)
def test_a_killed_postgresql_is_as_if_the_batch_had_not_begun(
    moment: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with passable_folder() as root, embedded.server(home_in(root)) as server:
        wanted = undisturbed(server, tmp_path)
        make_database(server, "killed")
        warehouse = Warehouse(server, "killed")
        status = Command(warehouse.uri(settings.READER_ROLE), capsys)
        run = loads(server, "killed", tmp_path / "killed")
        run.drop("before.csv", BEFORE)
        run.run()
        run.drop("years.csv", YEARS)
        claim = run.claim("*")
        moments = Moments(warehouse, monkeypatch)
        with ThreadPoolExecutor(1) as pool, getattr(moments, moment)() as until:
            loading = pool.submit(run.load, claim)
            until()
            assert not loading.done()
            kill(server, whole=moment == "while_readings_are_written")
            moments.killed.set()
            with pytest.raises(TransientError, match="PostgreSQL"):
                loading.result(60)
        assert "PostgreSQL cannot be reached" in status.refused("status")
        server.ensure_running()
        (told,) = status.json("status")
        assert told["drops"] == {"settled": 1, "running": 1}
        assert told["files"] == {"loaded": 1}
        assert (told["days"], told["delivered_readings"]) == (1, 48)
        assert_retry_ends_as(wanted, run, claim, warehouse.loader)
        (told,) = status.json("status")
        assert (told["drops"], told["files"]) == ({"settled": 2}, {"loaded": 2})


def kill(server: embedded.Server, *, whole: bool) -> None:
    """Kill the postmaster; its sessions too, or they live on until their statement ends."""
    pid_file = server.log.parent / "data" / "postmaster.pid"
    postmaster = psutil.Process(int(pid_file.read_text().splitlines()[0]))
    sessions = postmaster.children() if whole else []
    for process in (postmaster, *sessions):
        process.kill()


@contextmanager
def on_a_small_disk(folder: Path) -> Iterator[Callable[[int], None]]:
    """What lies in the folder lies on a disk of its own; gives what changes the free MiB."""

    def mount(options: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")

    def set_free(mebibytes: int) -> None:
        used = shutil.disk_usage(folder).used
        mount(f"remount,size={used + mebibytes * settings.MIB}")

    aside = folder.with_name(f"{folder.name}.aside")
    folder.rename(aside)
    folder.mkdir()
    try:
        mount("size=1g")
        try:
            subprocess.run(["cp", "-a", f"{aside}/.", folder], check=True)
            yield set_free
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)
    finally:
        folder.rmdir()
        aside.rename(folder)


@pytest.mark.parametrize(
    ("folder", "said"),
    [("base", "No space left on device"), ("pg_wal", "PostgreSQL")],
    ids=["tables", "write-ahead log"],
)
def test_a_full_disk_of_postgresql_is_mended_by_room_and_a_retry(
    folder: str, said: str, tmp_path: Path
) -> None:
    with passable_folder() as root:
        with embedded.server(home_in(root)) as server:
            make_database(server, "small")
            data = server.log.parent / "data"
        with on_a_small_disk(data / folder) as set_free, embedded.server(home_in(root)) as server:
            run = loads(server, "small", tmp_path / "small")
            run.drop("before.csv", BEFORE)
            run.run()
            run.drop("years.csv", YEARS)
            claim = run.claim("*")
            set_free(8)
            with pytest.raises(TransientError, match=said):
                run.load(claim)
            set_free(512)
            with embedded.server(home_in(root)):  # waits until it has recovered
                wanted = undisturbed(server, tmp_path)
            uri = server.uri(settings.LOADER_ROLE, "small")
            assert_retry_ends_as(wanted, run, claim, uri)
