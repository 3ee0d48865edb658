"""Several appliers at once: no deadlock, and the tables that one of them alone would make."""

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any
from urllib.parse import quote

import pytest

from nem12.errors import TransientError
from nem12.operate import retention
from nem12.operate.verify import differences
from nem12.shard import Shard, parts
from nem12.stage import Staged, stage_shard
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection, connect
from tests.support.deliveries import NMI, Day, delivery, put, staged, surveyed
from tests.support.digest import tables
from tests.support.servers import Warehouse, only_embedded

FIRST = date(2024, 3, 1)


def overlapping(count: int, seed: int = 12) -> list[bytes]:
    """Deliveries of the same few days in many versions, each in an order of its own."""
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    found = []
    for _ in range(count):
        days = [
            Day(
                FIRST + timedelta(days=chance.randrange(20)),
                value=str(chance.randrange(1000)),
                suffix=chance.choice(["E1", "E2"]),
                minutes=chance.choice([5, 30]),
                updated=f"2024030{chance.randrange(1, 4)}080000",
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
    chance = random.Random(12)  # noqa: S311 - not for secrets
    for turn in range(6):
        data = overlapping(8, seed=turn)
        files = [surveyed(tmp_path, one, f"{turn}-{n}.csv", cut=1) for n, one in enumerate(data)]
        pieces = [part for file in files for part in parts(file)]
        packed = []
        for n in range(4):
            chance.shuffle(pieces)
            half = len(pieces) // 2
            folder = tmp_path / f"{turn}-{n}"
            folder.mkdir()
            shards = (Shard(tuple(pieces[:half])), Shard(tuple(pieces[half:])))
            packed.append([stage_shard(shard, folder) for shard in shards])
        at_once(warehouse, appliers(packed))
        assert warehouse.one("SELECT bool_and(status <> 'loading') FROM meter_files")
        ledger.settle_files(loader, [file.file_id for file in files])
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
    batches = [[stage_shard(Shard((part,)), tmp_path)] for part in parts(file)]
    for n in range(0, len(batches), 4):
        at_once(warehouse, appliers(batches[n : n + 4]))
    assert warehouse.rows("SELECT status, days FROM meter_files") == [("loaded", 16)]


@only_embedded
def test_the_last_two_parts_of_a_file_applied_at_once_settle_it(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    """The second waits until it can see the part of the first."""
    days = [Day(FIRST + timedelta(days=n)) for n in range(3)]
    pieces = parts(surveyed(tmp_path, delivery(*days), cut=1))
    before, first, second = [stage_shard(Shard((part,)), tmp_path) for part in pieces]
    put(loader, before)
    with connect(warehouse.loader) as running, ThreadPoolExecutor(1) as pool:
        running.execute(Path(first.path).read_bytes())
        waiting = pool.submit(put, loader, second)
        _until_it_waits(warehouse, loader, waiting)
        running.commit()
        waiting.result(60)
    assert warehouse.rows("SELECT status, days FROM meter_files") == [("loaded", 3)]


@only_embedded
def test_parts_of_two_cuts_are_not_taken_for_a_whole_file(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    data = delivery(*(Day(FIRST + timedelta(days=n)) for n in range(4)))
    block = len(data) // 4
    cuts = [parts(surveyed(tmp_path, data, cut=cut)) for cut in (block * 3 // 2, block * 5 // 2)]
    assert [len(cut) for cut in cuts] == [2, 2]
    for cut in cuts:
        put(loader, stage_shard(Shard((cut[1],)), tmp_path))
    assert warehouse.rows("SELECT status FROM meter_files") == [("loading",)]
    put(loader, stage_shard(Shard((cuts[0][0],)), tmp_path))
    put(loader, stage_shard(Shard((cuts[1][0],)), tmp_path))
    assert warehouse.rows("SELECT status, days FROM meter_files") == [("loaded", 4)]


@only_embedded
def test_a_late_part_of_another_cut_leaves_those_that_the_file_was_loaded_by(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    data = delivery(*(Day(FIRST + timedelta(days=n)) for n in range(4)))
    block = len(data) // 4
    first, second = [parts(surveyed(tmp_path, data, cut=block * n // 2)) for n in (3, 5)]
    for part in first:
        put(loader, stage_shard(Shard((part,)), tmp_path))
    loaded_by = warehouse.rows("SELECT byte_start, byte_end, batch_id FROM meter_batch_parts")
    put(loader, stage_shard(Shard((second[0],)), tmp_path))
    held = warehouse.rows("SELECT byte_start, byte_end, batch_id FROM meter_batch_parts")
    assert set(loaded_by) < set(held)


@only_embedded
def test_days_are_made_in_one_order(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    """Who waits for the first holds none of the others, for which somebody else may wait."""
    days = [FIRST + timedelta(days=n) for n in range(8)]
    batch = staged(tmp_path, delivery(*(Day(day) for day in reversed(days))))
    loader.execute("SELECT meter_ensure_months('{2024-03-01}')")
    loader.commit()
    insert = f"INSERT INTO meter_days (nmi, nmi_suffix, day) VALUES ('{NMI}', 'E1', %s)"
    with connect(warehouse.loader) as holder, ThreadPoolExecutor(1) as pool:
        holder.execute(insert.encode(), (days[0],))
        waiting = pool.submit(put, loader, batch)
        _until_it_waits(warehouse, loader, waiting)
        holder.execute("SET LOCAL lock_timeout = '2s'")
        for day in days[1:]:
            holder.execute(insert.encode(), (day,))
        holder.rollback()
        assert waiting.result(60) == 8 * 48


@only_embedded
@pytest.mark.parametrize("by", ["the batch", "the end of a run"])
def test_files_are_settled_in_one_order(
    warehouse: Warehouse, loader: Connection, tmp_path: Path, by: str
) -> None:
    """As with days."""
    data = [delivery(Day(), Day(suffix="E2"), created=f"20240315103{n}") for n in range(8)]
    files = [surveyed(tmp_path, one, f"{n}.csv", cut=1) for n, one in enumerate(data)]
    first, last = [
        stage_shard(Shard(tuple(parts(file)[n] for file in files)), tmp_path) for n in (0, 1)
    ]
    put(loader, first)
    lowest, *others = sorted(file.file_id for file in files)
    lock = "SELECT FROM meter_files WHERE file_id = %s FOR NO KEY UPDATE NOWAIT"
    with connect(warehouse.loader) as holder, ThreadPoolExecutor(1) as pool:
        holder.execute(lock, (lowest,))
        if by == "the batch":
            waiting: Future[Any] = pool.submit(put, loader, last)
        else:
            waiting = pool.submit(ledger.settle_files, loader, [*reversed(others), lowest])
        _until_it_waits(warehouse, loader, waiting)
        for file_id in others:
            holder.execute(lock, (file_id,))
        holder.rollback()
        waiting.result(60)


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
            _until_it_waits(warehouse, loader, waiting)
            running.commit()
            assert waiting.result(60) == 0
        query = "SELECT DISTINCT consumption, count(*) OVER () FROM meter_readings"
        assert warehouse.rows(query) == [(2, 288)]


@only_embedded
def test_of_two_batches_that_wait_for_one_day_the_second_sees_the_first(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    """Both are past the insert of the day, which would make one wait for the other."""
    put(loader, staged(tmp_path / "c", delivery(Day(updated="20240311080000"))))
    newest = staged(tmp_path / "a", delivery(Day(value="2", updated="20240313080000", minutes=5)))
    stale = staged(tmp_path / "b", delivery(Day(value="1", updated="20240312080000")))
    with (
        connect(warehouse.loader) as holder,
        connect(warehouse.loader) as first,
        connect(warehouse.loader) as second,
        ThreadPoolExecutor(2) as pool,
    ):
        holder.execute("SELECT FROM meter_days FOR UPDATE")
        waiting = []
        for connection, batch in ((first, newest), (second, stale)):
            waiting.append(pool.submit(put, connection, batch))
            _until_it_waits(warehouse, connection, waiting[-1])
        holder.commit()
        assert [each.result(60) for each in waiting] == [288, 0]
    assert [words for words, difference in differences(loader) if difference] == []


@only_embedded
def test_a_file_that_is_withdrawn_while_a_part_is_applied_goes_whole(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    days = [Day(FIRST + timedelta(days=n)) for n in range(2)]
    file = surveyed(tmp_path, delivery(*days), cut=1)
    first, second = [stage_shard(Shard((part,)), tmp_path) for part in parts(file)]
    put(loader, first)
    with connect(warehouse.loader) as running, ThreadPoolExecutor(1) as pool:
        running.execute(Path(second.path).read_bytes())
        withdrawing = pool.submit(ledger.withdraw, loader, file.file_id)
        _until_it_waits(warehouse, loader, withdrawing)
        running.commit()
        assert withdrawing.result(60) == 2
    assert warehouse.one("SELECT count(*) FROM meter_readings") == 0
    assert [words for words, difference in differences(loader) if difference] == []


@only_embedded
def test_who_withdraws_waits_for_no_batch_and_leaves_those_that_are_applied(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    """Who applies holds the batch first and the file afterwards, who withdraws the other way."""
    for value in "12":
        put(loader, staged(tmp_path, delivery(Day(value=value))))
    batches = "SELECT batch_id FROM meter_batches ORDER BY batch_id"
    held, _ = warehouse.rows(batches)
    files = warehouse.rows("SELECT file_id FROM meter_files")
    with connect(warehouse.loader) as applying:
        applying.execute("SELECT FROM meter_batches WHERE batch_id = %s FOR NO KEY UPDATE", held)
        loader.execute("SELECT set_config('lock_timeout', '2s', true)")
        assert [ledger.withdraw(loader, int(str(file_id))) for (file_id,) in files] == [1, 1]
        loader.commit()
    assert warehouse.rows(batches) == [held]


EXTENDED = delivery(Day(), Day(date(2024, 3, 11))).replace(b"900\r\n", b"610,1\r\n900\r\n")
"""Its last part has a record that the standard profile refuses, and the lenient one passes over."""


@only_embedded
@pytest.mark.parametrize("late", ["begins", "commits"], ids=["late part begins", "late part ends"])
def test_late_parts_of_a_less_tolerant_run_add_nothing_to_what_replaced_theirs(
    warehouse: Warehouse, loader: Connection, tmp_path: Path, late: str
) -> None:
    standard = surveyed(tmp_path, EXTENDED, cut=1)
    lenient = replace(standard, profile="lenient", replaces=True, cuts=())
    first, last = [stage_shard(Shard((part,)), tmp_path) for part in parts(standard)]
    (whole,) = [stage_shard(Shard((part,)), tmp_path) for part in parts(lenient)]
    put(loader, first)
    with connect(warehouse.loader) as slow, ThreadPoolExecutor(1) as pool:
        if late == "commits":
            slow.execute(Path(last.path).read_bytes())
            replacing = pool.submit(put, loader, whole)
            _until_it_waits(warehouse, loader, replacing)
            slow.commit()
            # The days are the same by both profiles.
            assert replacing.result(60) == 0
        else:
            put(loader, whole)
        # As often as it is tried again: the run that wants it has to be planned anew.
        for _ in range(2):
            with pytest.raises(TransientError, match="another profile"):
                put(slow, last)
    told = "SELECT profile, status, refused_records FROM meter_files"
    assert warehouse.rows(told) == [("lenient", "loaded", 0)]
    assert warehouse.one("SELECT count(*) FROM meter_refusals") == 0
    assert [words for words, difference in differences(loader) if difference] == []


@only_embedded
def test_a_part_that_waits_for_another_run_s_file_gives_way_to_it(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    """Neither run has anything of the file yet: the first to insert it decides."""
    standard = surveyed(tmp_path, EXTENDED, cut=1)
    lenient = replace(standard, profile="lenient", cuts=())
    first, *_ = [stage_shard(Shard((part,)), tmp_path) for part in parts(standard)]
    (whole,) = [stage_shard(Shard((part,)), tmp_path) for part in parts(lenient)]
    before = deadlocks(warehouse)
    with connect(warehouse.loader) as fast, ThreadPoolExecutor(1) as pool:
        fast.execute(Path(whole.path).read_bytes())
        waiting = pool.submit(put, loader, first)
        _until_it_waits(warehouse, loader, waiting)
        fast.commit()
        with pytest.raises(TransientError, match="another profile"):
            waiting.result(60)
    assert warehouse.rows("SELECT profile, status FROM meter_files") == [("lenient", "loaded")]
    assert deadlocks(warehouse) == before


@only_embedded
def test_two_parts_of_a_new_file_wait_once_and_not_in_a_circle(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    file = surveyed(tmp_path, delivery(Day(), Day(suffix="E2")), cut=1)
    first, second, *_ = [stage_shard(Shard((part,)), tmp_path) for part in parts(file)]
    before = deadlocks(warehouse)
    with connect(warehouse.loader) as running, ThreadPoolExecutor(1) as pool:
        running.execute(Path(first.path).read_bytes())
        waiting = pool.submit(put, loader, second)
        _until_it_waits(warehouse, loader, waiting)
        running.commit()
        assert waiting.result(60) == 48
    assert warehouse.rows("SELECT status, days FROM meter_files") == [("loaded", 2)]
    assert deadlocks(warehouse) == before


APRIL = date(2024, 4, 1)
OVER = delivery(Day(date(2024, 3, 31)), Day(date(2024, 3, 30), value="x"), Day(APRIL))


@pytest.fixture
def owner(warehouse: Warehouse) -> Iterator[Connection]:
    with connect(warehouse.owner) as connection:
        yield connection


def drop_march(owner: Connection) -> object:
    return list(retention.remove_months(owner, APRIL, keep_tables=False))


@only_embedded
@pytest.mark.parametrize(
    "act", [drop_march, lambda owner: retention.purge(owner, NMI, APRIL)], ids=["drop", "purge"]
)
def test_what_is_not_kept_any_more_waits_for_those_who_load_it(
    warehouse: Warehouse,
    loader: Connection,
    owner: Connection,
    tmp_path: Path,
    act: Callable[[Connection], object],
) -> None:
    batch = staged(tmp_path, OVER)
    loader.execute("SELECT meter_ensure_months('{2024-03-01,2024-04-01}')")
    loader.commit()
    with ThreadPoolExecutor(1) as pool:
        loader.execute(Path(batch.path).read_bytes())
        removing = pool.submit(act, owner)
        _until_it_waits(warehouse, owner, removing)
        loader.commit()
        removing.result(60)
    assert warehouse.rows("SELECT days, removed_days FROM meter_files") == [(2, 1)]
    assert warehouse.rows("SELECT DISTINCT day FROM meter_day_versions") == [(APRIL,)]
    assert [words for words, difference in differences(loader) if difference] == []
    if act is not drop_march:
        assert warehouse.rows("SELECT message FROM meter_refusals") == [("purged",)]


@only_embedded
def test_no_partition_is_made_of_a_month_that_is_being_dropped(
    warehouse: Warehouse, loader: Connection, owner: Connection
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with owner.transaction():
            owner.execute("SELECT meter_remove_months(%s, false)", (APRIL,))
            making = pool.submit(loader.execute, "SELECT meter_ensure_months('{2024-03-01}')")
            _until_it_waits(warehouse, loader, making)
        making.result(60)
    loader.commit()
    assert retention.months(owner) == []


@only_embedded
def test_who_withdraws_holds_no_file_while_it_waits_for_a_drop(
    warehouse: Warehouse, loader: Connection, owner: Connection, tmp_path: Path
) -> None:
    """The drop will want the file, and each would wait for the other."""
    put(loader, staged(tmp_path, OVER))
    (file_id,) = warehouse.rows("SELECT file_id FROM meter_files")[0]
    with ThreadPoolExecutor(1) as pool:
        with owner.transaction():
            owner.execute("SELECT meter_raise_kept('', %s)", (FIRST,))
            withdrawing = pool.submit(ledger.withdraw, loader, int(str(file_id)))
            _until_it_waits(warehouse, loader, withdrawing)
            owner.execute("SELECT FROM meter_files FOR UPDATE NOWAIT")
        assert withdrawing.result(60) == 2


@only_embedded
def test_two_who_settle_a_file_count_once_what_is_not_kept(
    warehouse: Warehouse, loader: Connection, owner: Connection, tmp_path: Path
) -> None:
    drop_march(owner)
    file = surveyed(tmp_path, OVER, cut=1)
    first, *others = [stage_shard(Shard((part,)), tmp_path) for part in parts(file)]
    put(loader, first)
    with connect(warehouse.loader) as running, ThreadPoolExecutor(1) as pool:
        for other in others:
            running.execute(Path(other.path).read_bytes())
        settling = pool.submit(ledger.settle_files, loader, [file.file_id])
        _until_it_waits(warehouse, loader, settling)
        running.commit()
        assert settling.result(60) == {file.file_id: "partial"}
    assert warehouse.rows("SELECT days, removed_days FROM meter_files") == [(2, 1)]


def _until_it_waits(warehouse: Warehouse, connection: Connection, act: Future[Any]) -> None:
    """Ask until the server says that its session waits for a lock; each question takes a trip."""
    query = "SELECT count(*) FROM pg_locks WHERE pid = %s AND NOT granted"
    with connect(warehouse.owner, timeout_seconds=60) as asking:
        while asking.execute(query, (connection.info.backend_pid,)).fetchone() == (0,):
            asking.rollback()
            assert not act.done()
