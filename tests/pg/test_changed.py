"""An upload that goes on, and files replaced at any time: nothing lost, nothing half."""

import gzip
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from nem12 import storage
from nem12.drop import Settling, drops
from nem12.load.arrivals import Arrivals, Watch
from nem12.load.changed import clear_left, put_back_changed
from nem12.load.claim import claim_listing, save_listing
from nem12.load.plan import plan_claim
from nem12.load.settle import free_claim
from nem12.operate.verify import differences
from nem12.settings import Home
from nem12.untrusted import LEAVING
from nem12.warehouse.connect import Connection
from tests.pg.test_arrivals import Time
from tests.support.deliveries import Day, delivery
from tests.support.loading import Run, kept_in, killed
from tests.support.servers import Warehouse, only_embedded

pytestmark = only_embedded

DAYS = [Day(date(2024, 3, 1 + n)) for n in range(8)]
WHOLE = delivery(*DAYS)
OTHER = delivery(*(Day(date(2024, 4, 1 + n), value="7") for n in range(9)))
IN_A_LINE = len(WHOLE) * 2 // 3
AT_A_LINE_END = WHOLE.rindex(b"\r\n", 0, IN_A_LINE) + 2
BEHIND_A_RECORD = WHOLE.index(b"\r\n", WHOLE.index(b"300,20240304")) + 2


@dataclass
class Sender:
    """Uploads a file bit by bit, and keeps it open; the watch looks as that clock goes on."""

    run: Run
    time: Time = field(default_factory=Time)

    def __post_init__(self) -> None:
        self.watch = Watch(Settling(2, 15), Arrivals(60))

    def wait(self, seconds: float) -> None:
        """Let time pass; what is taken is loaded."""
        begin, end = self.time.seconds, self.time.seconds + seconds
        while self.time.seconds < end:
            # Every second would be a thousand looks.
            self.time.seconds += 1 if self.time.seconds < begin + 5 else 5
            batch, _ = self.watch.look(
                self.run.connection, self.run.home, self.time.seconds, self.time.now()
            )
            if batch:
                listing = save_listing(self.run.home, batch)
                claim, _ = claim_listing(self.run.connection, self.run.home, listing)
                self.run.load(claim)
                self.run.settle(claim)
                self.__post_init__()

    def sweep(self) -> None:
        """What is done once a day, a day later."""
        self.run.connection.execute(
            "UPDATE meter_drops SET settled_at = settled_at - '1 d'::interval"
        )
        self.run.connection.commit()
        clear_left(self.run.connection, self.run.home)
        put_back_changed(self.run.connection, self.run.home)


def files_in(*folders: storage.Place) -> list[Path]:
    """All that lies there, but for what the product writes."""
    return [path for path in kept_in(*folders) if not path.name.endswith(".report.txt")]


def assert_kept(warehouse: Warehouse, run: Run, *contents: bytes) -> None:
    """These are loaded whole, and nothing else; each is kept as it was read."""
    hashes = sorted(hashlib.sha256(content).hexdigest() for content in contents)
    loaded = warehouse.rows("SELECT sha256 FROM meter_files WHERE status = 'loaded' ORDER BY 1")
    assert loaded == [(sha256,) for sha256 in hashes]
    assert warehouse.rows("SELECT * FROM meter_files WHERE status <> 'loaded'") == []
    assert_consistent(warehouse, run)
    assert files_in(run.home.landing) == []


def assert_consistent(warehouse: Warehouse, run: Run) -> None:
    for kept_at, sha256 in warehouse.rows(
        "SELECT kept_at, sha256 FROM meter_drops WHERE kept_at IS NOT NULL"
    ):
        assert storage.digest(storage.place(str(kept_at))) == sha256
    assert warehouse.rows("SELECT * FROM meter_drops WHERE state <> 'settled'") == []
    assert [words for words, difference in differences(run.connection) if difference] == []


@pytest.fixture(params=["one file system", "two file systems"])
def sender(request: pytest.FixtureRequest, loader: Connection, tmp_path: Path) -> Iterator[Sender]:
    """Landing and archive on one file system or on two."""
    root = tmp_path / "load"
    landing = root / "landing"
    elsewhere = ""
    if request.param == "two file systems":
        shared = Path("/dev/shm")  # noqa: S108 - memory: another file system than the disk
        if not os.access(shared, os.W_OK) or shared.stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("there is no second file system here")
        elsewhere = tempfile.mkdtemp(dir=shared)
        landing = Path(elsewhere) / "landing"
    home = replace(Home.below(root), landing=landing).make()
    yield Sender(Run(loader, home))
    if elsewhere:
        shutil.rmtree(elsewhere)


@pytest.mark.parametrize("folder", ["", "lenient"])
@pytest.mark.parametrize(
    ("cut", "stall"),
    [
        (IN_A_LINE, 3), (IN_A_LINE, 59), (IN_A_LINE, 70), (IN_A_LINE, 600),
        (AT_A_LINE_END, 600), (BEHIND_A_RECORD, 600), (0, 600),
    ],
)  # fmt: skip
def test_a_stalled_upload_is_loaded_whole(
    warehouse: Warehouse, sender: Sender, folder: str, cut: int, stall: int
) -> None:
    path = Path(str(sender.run.home.landing)) / folder / "upload.csv"
    with path.open("wb", buffering=0) as stream:
        stream.write(WHOLE[:cut])
        sender.wait(stall)
        stream.write(WHOLE[cut:])
        sender.wait(70)
        sender.sweep()
        sender.wait(5)
        sender.sweep()
    assert_kept(warehouse, sender.run, WHOLE)
    assert warehouse.one("SELECT count(*) FROM meter_readings") == 48 * len(DAYS)
    assert warehouse.one("SELECT name FROM meter_files") == "upload.csv"
    assert warehouse.one("SELECT profile FROM meter_files") == (folder or "standard")
    kept = files_in(sender.run.home.archive, sender.run.home.rejected)
    assert kept[0].read_bytes() in (WHOLE, WHOLE[:cut])
    assert not (path.parent / LEAVING).exists()


def test_a_compressed_upload_that_stalls_is_loaded_whole(
    warehouse: Warehouse, sender: Sender
) -> None:
    packed = gzip.compress(WHOLE)
    path = Path(str(sender.run.home.landing)) / "upload.csv.gz"
    with path.open("wb", buffering=0) as stream:
        stream.write(packed[:100])
        sender.wait(100)
        stream.write(packed[100:])
        sender.sweep()
        sender.wait(10)
        sender.sweep()
    assert_kept(warehouse, sender.run, WHOLE)
    assert warehouse.one("SELECT count(*) FROM meter_drops WHERE kept_at LIKE '%archive%'") == 1


def in_place(path: Path, content: bytes) -> None:
    """As by an upload over the same name."""
    with path.open("r+b") as stream:
        stream.truncate(0)
        stream.write(content)


def by_another_file(path: Path, content: bytes) -> None:
    beside = path.with_name(".beside")
    beside.write_bytes(content)
    beside.replace(path)


@pytest.mark.parametrize("replace", [in_place, by_another_file])
@pytest.mark.parametrize("moment", ["claimed", "loaded by half", "loaded"])
def test_a_file_that_is_replaced_before_it_is_settled_is_a_drop_of_its_own(
    warehouse: Warehouse,
    sender: Sender,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
    replace: Callable[[Path, bytes], None],
) -> None:
    monkeypatch.setattr("nem12.settings.SHARD_BYTES", 600)
    run = sender.run
    path = run.drop("a.csv", WHOLE)
    claim = run.claim("*")
    if moment == "claimed":
        replace(path, OTHER)
    shards = plan_claim(run.connection, run.home, claim)
    for number, shard in enumerate(shards):
        if moment == "loaded by half" and number == 2:
            replace(path, OTHER)
            break
        run.load_shard(shard, claim)
    if moment == "loaded":
        replace(path, OTHER)
    run.settle(claim)
    assert path.read_bytes() == OTHER
    assert warehouse.rows("SELECT * FROM meter_files WHERE status = 'loading'") == [], "no half"
    sender.wait(10)
    sender.sweep()
    assert_kept(warehouse, run, *([WHOLE] if moment == "loaded" else []), OTHER)


@pytest.mark.parametrize("content", [OTHER, WHOLE + b"\r\n", WHOLE[:-5]])
def test_a_file_that_is_changed_after_it_was_moved_is_a_drop_of_its_own(
    warehouse: Warehouse, sender: Sender, content: bytes
) -> None:
    run = sender.run
    path = run.drop("a.csv", WHOLE, "lenient")
    with path.open("r+b", buffering=0) as stream:
        assert run.run().files == {"loaded": 1}
        stream.truncate(0)
        stream.write(content)
        sender.sweep()
    assert [one.read_bytes() for one in files_in(run.home.landing / "lenient")] == [content]
    sender.wait(100)
    sender.sweep()
    same = content.startswith(WHOLE)
    assert_kept(warehouse, run, *([] if same else [WHOLE]), content)


def test_what_was_only_touched_stays_where_it_is_kept(warehouse: Warehouse, run: Run) -> None:
    run.drop("a.csv", WHOLE)
    run.run()
    (kept,) = files_in(run.home.archive)
    kept.touch()
    assert put_back_changed(run.connection, run.home) == 0
    assert_kept(warehouse, run, WHOLE)


def test_what_cannot_be_put_back_holds_up_no_other(warehouse: Warehouse, run: Run) -> None:
    for name, data in (("a.csv", WHOLE), ("b.csv", OTHER)):
        run.drop(name, data)
    run.run()
    first, second = sorted(files_in(run.home.archive), key=lambda path: path.name[13:])
    for path in (first, second):
        path.write_bytes(path.read_bytes() + b"\r\n")
    with pytest.MonkeyPatch.context() as broken:
        move = storage.move

        def refuse(source: Path, target: Path) -> None:
            if source == first:
                raise PermissionError(13, "Permission denied", str(target))
            move(source, target)

        broken.setattr(storage, "move", refuse)
        assert put_back_changed(run.connection, run.home) == 1
    assert [drop.path.name for drop in drops(run.home)] == ["b.csv"]
    assert put_back_changed(run.connection, run.home) == 1, "the next day"
    del warehouse


def test_a_refused_end_takes_nothing_away(warehouse: Warehouse, sender: Sender) -> None:
    """Behind a whole file comes what makes all of it a file that is refused."""
    run = sender.run
    path = run.drop("a.csv", WHOLE)
    with path.open("ab", buffering=0) as stream:
        run.run()
        stream.write(OTHER)
        sender.sweep()
    sender.wait(10)
    sender.sweep()
    assert warehouse.rows("SELECT status, days FROM meter_files ORDER BY days") == [
        ("refused", 0),
        ("loaded", len(DAYS)),
    ]
    assert warehouse.one("SELECT count(*) FROM meter_readings") == 48 * len(DAYS)
    assert_consistent(warehouse, run)


def test_a_kept_file_that_has_changed_is_not_lost_under_a_copy_of_what_it_was(
    warehouse: Warehouse, sender: Sender
) -> None:
    run = sender.run
    path = run.drop("a.csv", WHOLE, "lenient")
    with path.open("ab", buffering=0) as stream:
        run.run()
        stream.write(OTHER)
    run.drop("a.csv", WHOLE, "lenient")
    assert run.run().files == {"duplicate": 1}
    sender.sweep()
    sender.wait(10)
    sender.sweep()
    loaded = {sha256 for (sha256,) in warehouse.rows("SELECT sha256 FROM meter_files")}
    assert hashlib.sha256(WHOLE + OTHER).hexdigest() in loaded
    assert_consistent(warehouse, run)


def test_a_file_that_stays_where_it_landed_and_grows_is_loaded_whole(
    warehouse: Warehouse, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METER_KEEP_LANDING", "true")
    path = run.drop("a.csv", WHOLE[:IN_A_LINE], "lenient")
    assert run.run().files == {"partial": 1}
    path.write_bytes(WHOLE)
    put_back_changed(run.connection, run.home)
    assert run.run().files == {"loaded": 1}
    assert warehouse.rows("SELECT sha256 FROM meter_files") == [
        (hashlib.sha256(WHOLE).hexdigest(),)
    ]
    assert path.read_bytes() == WHOLE
    assert [words for words, difference in differences(run.connection) if difference] == []


@pytest.mark.parametrize("sender", ["two file systems"], indirect=True)
@pytest.mark.parametrize("point", ["left", "copied", "marked"])
@pytest.mark.parametrize("recovery", ["retry", "another run"])
def test_a_crash_on_the_way_to_another_file_system_loses_nothing(
    warehouse: Warehouse,
    sender: Sender,
    monkeypatch: pytest.MonkeyPatch,
    point: str,
    recovery: str,
) -> None:
    run = sender.run
    run.drop("a.csv", WHOLE)
    claim = run.claim("*")
    run.load(claim)

    copied = storage.copied

    def copied_and_killed(*arguments: Any) -> None:
        copied(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as crash:
        if point == "marked":
            crash.setattr("nem12.load.settle.settle_drops", killed)
        else:
            crash.setattr(storage, "copied", killed if point == "left" else copied_and_killed)
        with pytest.raises(KeyboardInterrupt):
            run.settle(claim)
    landing = Path(str(run.home.landing))
    assert [path.name for path in (landing / LEAVING).iterdir()] == ["1-a.csv"]
    assert drops(run.home) == []
    if recovery == "retry":
        run.settle(claim)
    else:
        free_claim(run.connection, run.home, claim, "its run is gone")
    clear_left(run.connection, run.home)
    assert (landing / LEAVING).exists(), "it has not stood still for long"
    sender.sweep()
    assert not (landing / LEAVING).exists()
    assert_kept(warehouse, run, WHOLE)
    assert len(files_in(run.home.archive)) == 1


@pytest.mark.parametrize("sender", ["two file systems"], indirect=True)
def test_a_link_in_the_place_of_the_folder_that_drops_leave_from_leads_nowhere(
    sender: Sender, tmp_path: Path
) -> None:
    run = sender.run
    (tmp_path / "elsewhere").mkdir()
    Path(str(run.home.landing), LEAVING).symlink_to(tmp_path / "elsewhere")
    run.drop("a.csv", WHOLE)
    done = run.run()
    assert done.drops == {"waiting": 1}
    assert ".leaving is not a folder: remove it" in done.problems[0]
    assert list((tmp_path / "elsewhere").iterdir()) == []
