"""The feed of changes: its readers end with the days in force, in whatever order writers commit."""

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from nem12.daily_totals.totals import DailyTotals
from nem12.errors import TerminalError
from nem12.operate import retention
from nem12.operate.verify import differences
from nem12.stage import Staged
from nem12.warehouse import feed, ledger
from nem12.warehouse.connect import Connection, connect
from nem12.warehouse.feed import Change, Consumer, Taken
from nem12.warehouse.migrate import migrate_schema
from tests.support.deliveries import NMI, Day, delivery, load, put, staged
from tests.support.servers import Warehouse, only_embedded

FIRST = date(2024, 3, 1)
OTHER = "6305000001"
KEY = "nmi, nmi_suffix, day, file_id, line"


@dataclass
class Recorder:
    """A consumer that remembers what it was told."""

    name: str = "recorder"
    taken: Taken = field(default_factory=Taken)
    batches: list[list[Change]] = field(default_factory=list)

    def take(self, connection: Connection, changes: Sequence[Change]) -> None:  # noqa: ARG002
        self.batches.append(list(changes))

    @property
    def changes(self) -> list[Change]:
        return [change for batch in self.batches for change in batch]


def follow(connection: Connection, consumer: Consumer, most: int = 1000) -> bool:
    return feed.follow(connection, consumer, feed.highest(connection, consumer), most)


@pytest.fixture
def recorder(loader: Connection) -> Recorder:
    """One that has read all there is: nothing."""
    assert follow(loader, Recorder())
    return Recorder()


def put_open(connection: Connection, batch: Staged) -> None:
    """Apply a batch in a transaction that stays open."""
    connection.execute("SELECT meter_ensure_months(%s::date[])", (batch.months,))
    connection.commit()
    connection.execute(Path(batch.path).read_bytes())


def days_in_force(warehouse: Warehouse) -> list[tuple[object, ...]]:
    return warehouse.rows(f"SELECT {KEY} FROM meter_days ORDER BY {KEY}")


def days_summed_up(warehouse: Warehouse) -> list[tuple[object, ...]]:
    return warehouse.rows(f"SELECT {KEY} FROM meter_daily_totals ORDER BY {KEY}")


def one(day: date = FIRST, nmi: str = NMI, suffix: str = "E1") -> Change:
    return Change(nmi, suffix, day)


def test_each_change_of_what_is_in_force_is_noted_once(
    warehouse: Warehouse, loader: Connection, recorder: Recorder, tmp_path: Path
) -> None:
    first = staged(tmp_path, delivery(Day(FIRST), Day(FIRST + timedelta(days=1))))
    put(loader, first)
    put(loader, first)
    load(loader, tmp_path, delivery(Day(FIRST, value="2", updated="20240311080000")))
    load(loader, tmp_path, delivery(Day(FIRST, value="3", updated="20240314080000")))
    noted = "SELECT nmi, nmi_suffix, day FROM meter_changes ORDER BY number"
    changes = [(NMI, "E1", FIRST), (NMI, "E1", FIRST + timedelta(days=1)), (NMI, "E1", FIRST)]
    assert warehouse.rows(noted) == changes
    assert follow(loader, recorder)
    assert sorted(recorder.changes, key=str) == [one(), one(FIRST + timedelta(days=1))]


def test_a_change_is_read_in_spite_of_an_older_transaction_that_changes_the_day_later(
    warehouse: Warehouse, loader: Connection, recorder: Recorder, tmp_path: Path
) -> None:
    """Their order by id is not the one in which they changed the day."""
    older = staged(tmp_path, delivery(Day(FIRST, value="2", updated="20240314080000")))
    younger = staged(tmp_path, delivery(Day(FIRST)))
    totals = DailyTotals()
    follow(loader, totals)
    with connect(warehouse.loader) as first:
        first.execute("SELECT pg_current_xact_id()")
        put(loader, younger)
        assert not follow(loader, totals), "the older transaction may still note changes"
        first.execute(Path(older.path).read_bytes())
        first.commit()
    assert warehouse.rows("SELECT number FROM meter_changes ORDER BY xid, number") == [(2,), (1,)]
    for consumer in (totals, recorder):
        assert follow(loader, consumer, most=1)
    assert days_summed_up(warehouse) == days_in_force(warehouse)
    assert recorder.changes == [one(), one()]


@contextmanager
def running(warehouse: Warehouse) -> Iterator[object]:
    """A session with an id in an open transaction; its process number."""
    with connect(warehouse.loader, application="holder") as holder:
        holder.execute("SELECT pg_current_xact_id()")
        yield holder.info.backend_pid
        holder.rollback()


@contextmanager
def prepared(warehouse: Warehouse) -> Iterator[object]:
    """A prepared transaction; its name."""
    with psycopg.connect(warehouse.loader, autocommit=True) as holder:
        holder.execute("BEGIN")
        holder.execute("SELECT pg_current_xact_id()")
        try:
            holder.execute("PREPARE TRANSACTION 'forgotten'")
        except psycopg.errors.ObjectNotInPrerequisiteState:
            pytest.skip("this server prepares no transactions")
        try:
            yield "forgotten"
        finally:
            holder.execute("ROLLBACK PREPARED 'forgotten'")


@pytest.mark.parametrize("hold", [running, prepared])
def test_changes_wait_for_an_older_transaction_and_who_that_is_can_be_seen(
    warehouse: Warehouse, loader: Connection, recorder: Recorder, tmp_path: Path,
    hold: Callable[[Warehouse], AbstractContextManager[object]],
) -> None:  # fmt: skip
    with hold(warehouse) as holding:
        load(loader, tmp_path, delivery(Day(FIRST)))
        until = feed.highest(loader, recorder)
        assert not feed.follow(loader, recorder, until, 10)
        assert not feed.can_take(loader, recorder.name)
        (lag,) = feed.lags(loader)
        assert (lag.consumer, lag.state) == ("recorder", "following")
        assert (lag.unread_changes, lag.held_changes) == (1, 1)
        (holder,) = feed.holders(loader)
        assert holding in (holder.pid, holder.prepared)
        assert str(holding) in str(holder)
        assert holder.since is not None
    assert feed.can_take(loader, recorder.name)
    assert feed.follow(loader, recorder, until, 10)
    assert recorder.changes == [one()]
    (lag,) = feed.lags(loader)
    assert (lag.unread_since, lag.unread_changes) == (None, 0)
    assert feed.holders(loader) == []


def test_of_a_transaction_that_is_rolled_back_nothing_is_noted(
    warehouse: Warehouse, loader: Connection, recorder: Recorder, tmp_path: Path
) -> None:
    with connect(warehouse.loader) as aborted:
        put_open(aborted, staged(tmp_path, delivery(Day(FIRST))))
        aborted.rollback()
    load(loader, tmp_path, delivery(Day(FIRST, suffix="E2")))
    assert follow(loader, recorder)
    assert recorder.changes == [one(suffix="E2")]
    assert warehouse.one("SELECT min(number) FROM meter_changes") == 2


def test_a_run_ends_when_it_has_read_what_there_was_at_its_start(
    warehouse: Warehouse, loader: Connection, recorder: Recorder, tmp_path: Path
) -> None:
    """What another batch brings meanwhile is the matter of the next event."""
    load(loader, tmp_path, delivery(Day(FIRST)))
    until = feed.highest(loader, recorder)
    with connect(warehouse.loader) as other:
        put_open(other, staged(tmp_path, delivery(Day(FIRST, suffix="E2"))))
        load(loader, tmp_path, delivery(Day(FIRST, nmi=OTHER)))
        assert feed.follow(loader, recorder, until, 10)
        other.commit()
    assert recorder.changes == [one()]
    assert follow(loader, recorder)
    assert set(recorder.changes) == {one(), one(nmi=OTHER), one(suffix="E2")}


def test_a_day_whose_only_file_is_withdrawn_while_another_is_waiting_for_it_is_decided(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    load(loader, tmp_path, delivery(Day(FIRST)))
    file_id = int(str(warehouse.one("SELECT file_id FROM meter_files")))
    batch = staged(tmp_path, delivery(Day(FIRST, value="2", updated="20240314080000")))
    with connect(warehouse.loader) as withdrawing, ThreadPoolExecutor(1) as pool:
        # The day is locked before it is deleted, and the batch comes in between.
        withdrawing.execute("SELECT FROM meter_days FOR NO KEY UPDATE")
        waiting = pool.submit(put, loader, batch)
        query = "SELECT count(*) FROM pg_locks WHERE pid = %s AND NOT granted"
        while warehouse.one(query, loader.info.backend_pid) == 0:
            assert not waiting.done()
        withdrawing.execute("SELECT meter_withdraw_file(%s)", (file_id,))
        withdrawing.commit()
        assert waiting.result(60) == 48
    assert found_by_verify(loader) == []


def found_by_verify(connection: Connection) -> list[str]:
    return [words for words, difference in differences(connection) if difference is not None]


def test_a_removed_month_is_one_notice(
    warehouse: Warehouse, loader: Connection, recorder: Recorder, tmp_path: Path
) -> None:
    days = [FIRST, FIRST + timedelta(days=1), date(2024, 4, 1), date(2024, 5, 1)]
    load(loader, tmp_path, delivery(*map(Day, days)))
    follow(loader, recorder)
    recorder.batches.clear()
    with connect(warehouse.owner) as owner:
        list(retention.remove_months(owner, date(2024, 5, 1), keep_tables=False))
    assert follow(loader, recorder)
    months = [Change(None, None, FIRST), Change(None, None, date(2024, 4, 1))]
    assert sorted(recorder.changes, key=str) == months


def test_a_consumer_that_begins_or_fell_behind_reads_all_days_in_force(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    days = [FIRST + timedelta(days=n) for n in range(5)]
    load(loader, tmp_path, delivery(*map(Day, days)))
    everything = [Change(None, None, None), *map(one, days)]
    beginner, slow = Recorder(), Recorder(name="slow")
    for consumer in (beginner, slow):
        assert follow(loader, consumer, most=2)
        assert consumer.changes == everything
        assert [len(batch) for batch in consumer.batches] == [1, 2, 2, 1]
        consumer.batches.clear()
    load(loader, tmp_path, delivery(Day(FIRST, suffix="E2")))
    assert follow(loader, beginner)
    assert beginner.changes == [one(suffix="E2")]
    assert feed.trim(loader) == 0, "what is not old is kept"
    with psycopg.connect(warehouse.owner) as owner:
        owner.execute("UPDATE meter_changes SET changed_at = changed_at - interval '31 days'")
    load(loader, tmp_path, delivery(Day(FIRST, nmi=OTHER)))
    assert feed.trim(loader) == 6
    states = "SELECT consumer, state FROM meter_consumers ORDER BY 1"
    assert warehouse.rows(states) == [("recorder", "following"), ("slow", "rebuild")]
    assert follow(loader, slow)
    assert set(slow.changes) == {*everything, one(suffix="E2"), one(nmi=OTHER)}
    assert follow(loader, beginner)
    assert beginner.changes == [one(suffix="E2"), one(nmi=OTHER)]


def test_a_database_from_another_server_is_refused_until_it_is_migrated(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    """Its transaction ids mean nothing here; what a consumer has not read is read again."""
    totals = DailyTotals()
    load(loader, tmp_path, delivery(Day(FIRST)))
    follow(loader, totals)
    # Of a server that had given many more ids; read in their order, not in that of their numbers.
    with psycopg.connect(warehouse.owner) as owner:
        owner.execute("UPDATE meter_cluster SET system_identifier = 1")
        owner.execute(
            "INSERT INTO meter_changes (xid, nmi, nmi_suffix, day) VALUES"
            " ('7000000002', 'X', 'E1', '2024-03-03'), ('7000000001', 'X', 'E1', '2024-03-02'),"
            " ('7000000004', 'X', 'E1', '2024-03-05'), ('7000000003', 'X', 'E1', '2024-03-04')"
        )
        owner.execute("UPDATE meter_consumers SET xid = '7000000002', number = 2")
        owner.execute(
            "INSERT INTO meter_consumers (consumer, state) VALUES ('recorder', 'following')"
        )
    said = "the database has come from another server: run `migrate` before it is loaded or its"
    batch = staged(tmp_path, delivery(Day(FIRST, suffix="E2")))
    with pytest.raises(TerminalError, match=said):
        put(loader, batch)
    with pytest.raises(TerminalError, match=said):
        follow(loader, totals)
    migrate_schema(warehouse.owner)
    assert put(loader, batch) == 48
    for name, most in (("nem12_daily_totals", 2), ("recorder", 100)):
        recorder = Recorder(name=name)
        assert follow(loader, recorder, most=most)
        unread = {one(FIRST + timedelta(days=n), "X") for n in (3, 4)} | {one(suffix="E2")}
        every = unread | {one(FIRST + timedelta(days=n), "X") for n in (1, 2)} | {one()}
        assert set(recorder.changes) == (unread if most == 2 else every)
    assert warehouse.one("SELECT count(*) FROM meter_changes WHERE xid = '0'") == 5


class _KilledError(Exception):
    """In place of the end of a process."""


@dataclass
class Mortal(DailyTotals):
    """Is killed now and then, before or after it has written."""

    chance: random.Random = field(default_factory=random.Random)  # noqa: S311 - not for secrets

    def take(self, connection: Connection, changes: Sequence[Change]) -> None:
        if self.chance.random() < 0.2:
            raise _KilledError
        super().take(connection, changes)
        if self.chance.random() < 0.2:
            raise _KilledError


@only_embedded
@pytest.mark.parametrize("seed", range(4))
def test_a_consumer_ends_with_the_days_in_force_beside_writers_that_commit_in_any_order(
    warehouse: Warehouse, loader: Connection, tmp_path: Path, seed: int
) -> None:
    """Batches of any size, a consumer killed anywhere, writers that give up, files withdrawn."""
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    totals = Mortal(chance=chance)
    with ExitStack() as stack:
        writers = [stack.enter_context(connect(warehouse.loader)) for _ in range(3)]
        for turn in range(12):
            for number, writer in enumerate(writers):
                # Each has a channel of its own in a turn, and another's in the next: they commit in
                # any order, and none waits for another.
                _write(writer, chance, f"430000000{(number + turn) % 3}", tmp_path)
                if chance.random() < 0.4:
                    _read(loader, totals, chance.randrange(1, 9))
            for writer in chance.sample(writers, len(writers)):
                (writer.rollback if chance.random() < 0.15 else writer.commit)()
                _read(loader, totals, chance.randrange(1, 9))
    while not _read(loader, totals, 5):
        pass
    assert days_summed_up(warehouse) == days_in_force(warehouse)
    assert len(days_in_force(warehouse)) >= 8


def _read(connection: Connection, totals: Mortal, most: int) -> bool:
    """Let the consumer read until it is killed; whether it has read all."""
    try:
        return follow(connection, totals, most)
    except _KilledError:
        return False


def _write(writer: Connection, chance: random.Random, nmi: str, folder: Path) -> None:
    """Load or withdraw a file of an NMI in a transaction that stays open."""
    files = writer.execute(
        "SELECT DISTINCT file_id FROM meter_day_versions WHERE nmi = %s ORDER BY 1", (nmi,)
    ).fetchall()
    writer.rollback()
    if files and chance.random() < 0.25:
        writer.execute("SELECT meter_withdraw_file(%s)", chance.choice(files))
    else:
        put_open(writer, staged(folder, _random_delivery(chance, nmi)))


def _random_delivery(chance: random.Random, nmi: str) -> bytes:
    return delivery(*(
        Day(
            FIRST + timedelta(days=chance.randrange(8)),
            value=str(chance.randrange(1000)),
            nmi=nmi,
            updated=f"202403{chance.randrange(10, 15)}080000",
        )
        for _ in range(3)
    ))  # fmt: skip


def test_a_consumer_reads_no_more_days_than_have_changed(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    days = [FIRST + timedelta(days=n) for n in range(20)]
    load(
        loader, tmp_path, delivery(*(Day(day, suffix=f"E{n}") for n in range(1, 5) for day in days))
    )
    follow(loader, DailyTotals())
    for value in ("3", "4"):
        load(
            loader,
            tmp_path,
            delivery(*(Day(day, value=value, updated=f"2024031{value}090000") for day in days)),
        )
    totals = DailyTotals()
    assert follow(loader, totals)
    assert totals.taken.channel_days / len(days) <= 1.05
    assert days_summed_up(warehouse) == days_in_force(warehouse)


def test_what_is_read_by_a_file_that_is_gone_is_removed(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    load(loader, tmp_path, delivery(Day(FIRST)))
    follow(loader, DailyTotals())
    ledger.withdraw(loader, int(str(warehouse.one("SELECT file_id FROM meter_files"))))
    follow(loader, DailyTotals())
    assert days_summed_up(warehouse) == days_in_force(warehouse) == []
