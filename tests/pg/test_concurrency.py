"""Several appliers at once: no deadlock, and the tables that one of them alone would make."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from threading import Barrier
from urllib.parse import quote

import pytest

from nem12.drop import drops
from nem12.load.claim import claim_listing, save_listing
from nem12.load.settle import Settlement
from nem12.shard import Shard, parts
from nem12.stage import Staged, stage
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection, connect
from nem12.warehouse.verify import verify
from tests.pg.deliveries import Day, delivery, put, staged, surveyed
from tests.pg.digest import tables
from tests.pg.loading import Run
from tests.pg.servers import Warehouse, only_embedded

FIRST = date(2024, 3, 1)
CHANCE = random.Random(12)  # noqa: S311 - not for secrets


def overlapping(count: int) -> list[bytes]:
    """Deliveries of the same few days in many versions, each in an order of its own."""
    found = []
    for _ in range(count):
        days = [
            Day(
                FIRST + timedelta(days=CHANCE.randrange(20)),
                value=str(CHANCE.randrange(1000)),
                suffix=CHANCE.choice(["E1", "E2"]),
                minutes=CHANCE.choice([5, 30]),
                updated=f"2024030{CHANCE.randrange(1, 4)}080000",
            )
            for _ in range(12)
        ]
        found.append(delivery(*days))
    return found


def at_once(warehouse: Warehouse, acts: Sequence[Callable[[Connection], object]]) -> list[object]:
    """Run acts in threads that begin together, each on its own connection."""
    start = Barrier(len(acts))

    def run(act: Callable[[Connection], object]) -> object:
        with connect(warehouse.loader) as connection:
            start.wait(60)
            return act(connection)

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def deadlocks(warehouse: Warehouse) -> object:
    return warehouse.one(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    )


def appliers(batches: Sequence[Sequence[Staged]]) -> list[Callable[[Connection], object]]:
    """One for each list of batches."""

    def applier(own: Sequence[Staged]) -> Callable[[Connection], object]:
        return lambda connection: [put(connection, batch) for batch in own]

    return [applier(own) for own in batches]


def test_overlapping_batches_end_as_if_applied_one_by_one(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    batches = [staged(tmp_path / str(n), data) for n, data in enumerate(overlapping(40))]
    before = deadlocks(warehouse)
    at_once(warehouse, appliers([batches[n::4] for n in range(4)]))
    together = tables(loader)
    assert deadlocks(warehouse) == before
    warehouse.empty()
    for batch in batches:
        put(loader, batch)
    assert tables(loader) == together


def test_two_appliers_of_one_batch_change_as_much_as_one(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    batch = staged(tmp_path, *overlapping(4))
    counts = at_once(warehouse, appliers([[batch]] * 3))
    assert sorted(map(str, counts))[:2] == ["[0]", "[0]"]
    together = tables(loader)
    warehouse.empty()
    assert [[put(loader, batch)]] == [count for count in counts if count != [0]]
    assert tables(loader) == together


@only_embedded
def test_the_same_files_packed_otherwise_may_be_applied_at_once(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    """As two runs do that claimed copies of the same files."""
    before = deadlocks(warehouse)
    for turn in range(6):
        data = overlapping(8)
        files = [surveyed(tmp_path, one, f"{turn}-{n}.csv", cut=1) for n, one in enumerate(data)]
        pieces = [part for file in files for part in parts(file)]
        packed = []
        for n in range(4):
            CHANCE.shuffle(pieces)
            half = len(pieces) // 2
            folder = tmp_path / f"{turn}-{n}"
            folder.mkdir()
            shards = (Shard(tuple(pieces[:half])), Shard(tuple(pieces[half:])))
            packed.append([stage(shard, folder) for shard in shards])
        at_once(warehouse, appliers(packed))
        assert warehouse.one("SELECT bool_and(status <> 'loading') FROM meter_files")
        for file in files:
            ledger.settle_file(loader, file.file_id)
        together = tables(loader)
        warehouse.empty()
        for batch in packed[0]:
            put(loader, batch)
        assert tables(loader) == together
        warehouse.empty()
    assert deadlocks(warehouse) == before


def test_the_parts_of_one_file_applied_at_once_settle_it(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    days = [Day(FIRST + timedelta(days=n)) for n in range(16)]
    file = surveyed(tmp_path, delivery(*days), cut=1)
    batches = [[stage(Shard((part,)), tmp_path)] for part in parts(file)]
    for n in range(0, len(batches), 4):
        at_once(warehouse, appliers(batches[n : n + 4]))
    assert warehouse.rows("SELECT status, days FROM meter_files") == [("loaded", 16)]


@pytest.mark.parametrize("order", ["alike", "in a circle"])
def test_the_same_months_can_be_made_at_once(warehouse: Warehouse, order: str) -> None:
    months = [f"{year}-{month:02}-01" for year in (2023, 2024) for month in range(1, 13)]
    wanted = [months if order == "alike" else months[n * 6 :] + months[: n * 6] for n in range(4)]

    def maker(own: list[str]) -> Callable[[Connection], object]:
        def make(connection: Connection) -> object:
            row = connection.execute("SELECT meter_ensure_months(%s::date[])", (own,)).fetchone()
            assert row is not None
            return row[0]

        return make

    made = at_once(warehouse, [maker(own) for own in wanted])
    assert sorted(map(str, made)) == ["0", "0", "0", "24"]
    count = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'meter_readings'::regclass"
    assert warehouse.one(count) == 24


@only_embedded
@pytest.mark.parametrize("day", ["new", "known"])
def test_a_batch_waits_for_the_one_that_holds_its_day_and_then_sees_it(
    warehouse: Warehouse, tmp_path: Path, day: str
) -> None:
    """The maximum is taken after the lock is held: a stale one must not win.

    Whatever isolation level the server gives by default.
    """
    options = quote("-c default_transaction_isolation=serializable")
    with connect(f"{warehouse.loader}&options={options}") as loader:
        if day == "known":
            put(loader, staged(tmp_path / "c", delivery(Day(updated="20240311080000"))))
        newer = Day(value="2", updated="20240313080000", minutes=5)
        first = staged(tmp_path / "a", delivery(newer))
        second = staged(
            tmp_path / "b", delivery(replace(newer, value="1", updated="20240312080000"))
        )
        loader.execute("SELECT meter_ensure_months('{2024-03-01}')")
        loader.commit()
        with connect(warehouse.loader) as running, ThreadPoolExecutor(1) as pool:
            running.execute(Path(first.path).read_bytes())
            waiting = pool.submit(put, loader, second)
            _until_it_waits(warehouse, loader.info.backend_pid)
            assert not waiting.done()
            running.commit()
            assert waiting.result(60) == 0
        query = "SELECT DISTINCT consumption, count(*) OVER () FROM meter_readings"
        assert warehouse.rows(query) == [(2, 288)]


def _until_it_waits(warehouse: Warehouse, pid: int) -> None:
    """Ask until the server says that this session waits for a lock; each question takes a trip."""
    query = "SELECT count(*) FROM pg_locks WHERE pid = %s AND NOT granted"
    with connect(warehouse.owner, timeout_seconds=60) as asking:
        while asking.execute(query, (pid,)).fetchone() == (0,):
            asking.rollback()


@only_embedded
def test_runs_that_claim_the_same_files_load_each_once(
    warehouse: Warehouse, loader: Connection, run: Run
) -> None:
    """By glob, as people and the sweep do, and by listing, as the watch does, all at once."""
    for number in range(40):
        run.drop(f"{number}.csv", delivery(Day(FIRST + timedelta(days=number))))
    seen = drops(run.home)
    listings = [save_listing(run.home, list(order)) for order in (seen, seen[::-1], seen[::-1])]

    def by_glob(connection: Connection) -> Settlement:
        return Run(connection, run.home).run()

    def by_listing(listing: Path) -> Callable[[Connection], object]:
        def act(connection: Connection) -> Settlement:
            own = Run(connection, run.home)
            claim, _ = claim_listing(connection, run.home, listing)
            own.load(claim)
            return own.settle(claim)

        return act

    ended = at_once(warehouse, [by_glob, by_glob, *map(by_listing, listings)])
    assert sum((each.files for each in ended), Counter()) == {"loaded": 40}
    assert warehouse.rows("SELECT DISTINCT state, outcome, attempt FROM meter_drops") == [
        ("settled", "loaded", 1)
    ]
    assert warehouse.one("SELECT count(*) FROM meter_readings") == 40 * 48
    assert [words for words, difference in verify(loader) if difference] == []
    assert not [path for path in run.home.landing.iterdir() if path.is_file()]
