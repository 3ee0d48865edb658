"""A load that is killed at any point ends, tried again, as if nothing had happened."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nem12.drop import drops
from nem12.load.claim import claim_by_glob, claim_listing, save_listing
from nem12.load.settle import free_claim
from nem12.operate.verify import differences
from nem12.settings import FolderHome, Home
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection, connect
from tests.support import crashing
from tests.support.crashing import AT_FATAL, POINTS
from tests.support.deliveries import Day, delivery
from tests.support.digest import different, tables
from tests.support.servers import Databases, Warehouse, only_embedded

pytestmark = only_embedded

CRASHING = Path(crashing.__file__)
FILES = {
    "first.csv": delivery(Day(), Day(suffix="E2", value="x")),
    "second.csv": delivery(Day(value="9.5", updated="20240313081500")),
    "third.csv": delivery(Day())[:-10],
}


FATAL = {"fatal.csv": delivery(Day(nmi="6203000001"))}


def land(home: FolderHome, files: dict[str, bytes] = FILES) -> None:
    for name, data in files.items():
        path = home.landing / name
        path.write_bytes(data)
        os.utime(path, (1_700_000_000, 1_700_000_000))


def loads(home: FolderHome, warehouse: Warehouse, claim: str, point: str) -> int:
    """Run the acts in a process of their own; how it ended."""
    command = [sys.executable, str(CRASHING), str(home.root), warehouse.loader, point, claim]
    env = {**os.environ, "METER_HOME": str(home.root)}
    done = subprocess.run(command, env=env, check=False, capture_output=True, text=True)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


@pytest.fixture
def home(tmp_path: Path) -> FolderHome:
    return Home.below(tmp_path / "home").make()


@pytest.fixture
def undisturbed(databases: Databases, tmp_path: Path) -> dict[str, str]:
    """What the files give when nothing crashes."""
    calm = Home.below(tmp_path / "undisturbed")
    land(calm.make())
    with databases.migrated() as warehouse, connect(warehouse.loader) as connection:
        claim, _ = claim_by_glob(connection, calm, ["*"], None)
        assert loads(calm, warehouse, claim, "none") == 0
        return tables(connection)


@pytest.mark.parametrize("recovery", ["retry", "another run"])
@pytest.mark.parametrize("point", POINTS)
def test_a_killed_load_ends_in_the_same_tables(
    warehouse: Warehouse,
    loader: Connection,
    home: FolderHome,
    undisturbed: dict[str, str],
    point: str,
    recovery: str,
) -> None:
    land(home)
    claim, _ = claim_by_glob(loader, home, ["*"], None)
    assert loads(home, warehouse, claim, point) == -signal.SIGKILL
    if recovery == "another run":
        free_claim(loader, home, claim, "its run is gone")
        loader.execute("UPDATE meter_drops SET not_before = now()")
        loader.commit()
        claim, _ = claim_by_glob(loader, home, ["*"], None)
    assert loads(home, warehouse, claim, "none") == 0
    assert different(tables(loader), undisturbed) == []
    assert [words for words, difference in differences(loader) if difference] == []
    assert not [path for path in home.landing.iterdir() if path.is_file()]
    kept = [*home.archive.rglob("*.csv"), *home.rejected.glob("*.csv")]
    assert sorted(path.name.partition("-")[2] for path in kept) == sorted(FILES)


def test_a_full_staging_folder_leaves_nothing_behind_and_is_tried_again(
    warehouse: Warehouse, loader: Connection, home: FolderHome, undisturbed: dict[str, str]
) -> None:
    """A limit on the size of files stands in for a full disk: writing fails in the middle."""
    land(home)
    claim, _ = claim_by_glob(loader, home, ["*"], None)
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000));"
        "sys.argv = sys.argv[1:]; import runpy; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    command = [sys.executable, "-c", code, str(CRASHING), str(home.root), warehouse.loader]
    done = subprocess.run(
        [*command, "none", claim],
        env={**os.environ, "METER_HOME": str(home.root)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert "File too large" in done.stderr
    assert not list(home.staging.rglob("*.part"))
    assert not list(home.staging.rglob("*.sql"))
    assert loads(home, warehouse, claim, "none") == 0
    assert different(tables(loader), undisturbed) == []


def test_a_file_that_kills_its_process_is_left_out_by_the_next_try(
    warehouse: Warehouse, loader: Connection, home: FolderHome
) -> None:
    land(home, {**FILES, **FATAL})
    claim, _ = claim_by_glob(loader, home, ["*"], None)
    assert loads(home, warehouse, claim, AT_FATAL) == -signal.SIGKILL
    assert loads(home, warehouse, claim, AT_FATAL) == 0
    assert [path for path in home.landing.iterdir() if path.is_file()] == [
        home.landing / "fatal.csv"
    ]
    assert states(loader) == {"settled": 3, "waiting": 1}
    (message,) = loader.execute("SELECT message FROM meter_drops WHERE state = 'waiting'")
    assert "was killed or timed out" in str(message)


def test_a_file_that_kills_its_process_at_every_run_is_soon_alone(
    warehouse: Warehouse, loader: Connection, home: FolderHome
) -> None:
    """Without another try within the run, as if the worker were killed with it."""
    land(home, {**FILES, **FATAL})
    claimed = []
    while free := ledger.free(loader, drops(home)):
        claim, count = claim_listing(loader, home, save_listing(home, free))
        claimed.append(count)
        if loads(home, warehouse, claim, AT_FATAL) != 0:
            free_claim(loader, home, claim, "its run is gone")
            loader.execute("UPDATE meter_drops SET not_before = now() WHERE state = 'waiting'")
        loader.commit()
    assert claimed == [4, 1, 1, 3]
    assert states(loader) == {"settled": 3, "failed": 1}


def test_a_sweep_takes_the_others_before_a_file_that_kills_its_process(
    warehouse: Warehouse, loader: Connection, home: FolderHome
) -> None:
    land(home, {**FILES, **FATAL})
    claim, _ = claim_by_glob(loader, home, ["*"], None)
    assert loads(home, warehouse, claim, AT_FATAL) == -signal.SIGKILL
    free_claim(loader, home, claim, "its run is gone")
    loader.execute("UPDATE meter_drops SET not_before = now()")
    assert [claim_by_glob(loader, home, ["*"], None)[1] for _ in range(3)] == [3, 1, 0]


def states(connection: Connection) -> dict[str, int]:
    rows = connection.execute("SELECT state, count(*) FROM meter_drops GROUP BY state")
    return {str(state): int(count) for state, count in rows}
