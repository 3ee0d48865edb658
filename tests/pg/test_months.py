"""Days by month: which tables a load touches, days that are not kept, and older databases."""

from collections.abc import Iterator
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

import psycopg
import pytest

from nem12.errors import TerminalError
from nem12.load.plan import plan_claim
from nem12.operate import retention
from nem12.operate.verify import differences
from nem12.warehouse import ledger, schema
from nem12.warehouse.connect import Connection, connect
from nem12.warehouse.migrate import migrate_schema
from tests.support.deliveries import Day, delivery, load, put, staged
from tests.support.digest import tables
from tests.support.loading import Run
from tests.support.servers import Databases, Warehouse

MONTHS = [date(2018 + n // 12, n % 12 + 1, 1) for n in range(84)]
MARCH, APRIL = date(2024, 3, 1), date(2024, 4, 1)
MOST_LOCKS, MOST_LOCKS_TO_WITHDRAW = 45, 55
LOCKS = (
    "SELECT count(DISTINCT relation) FROM pg_locks"
    " WHERE locktype = 'relation' AND pid = pg_backend_pid()"
)


@pytest.fixture
def owner(warehouse: Warehouse) -> Iterator[Connection]:
    with connect(warehouse.owner) as connection:
        yield connection


def held(connection: Connection) -> int:
    row = connection.execute(LOCKS).fetchone()
    assert row is not None
    return int(row[0])


def faults(warehouse: Warehouse) -> list[str]:
    with connect(warehouse.loader) as connection:
        return [words for words, difference in differences(connection) if difference is not None]


def test_a_load_locks_the_months_that_it_brings_and_no_others(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    """Locks are kept in a table that all sessions share, and 84 months need 670 of them."""
    with loader.transaction():
        loader.execute("SELECT meter_ensure_months(%s)", (MONTHS,))
    first = delivery(Day(MARCH), Day(MARCH, value="2"), Day(MARCH + timedelta(1)))
    newer = delivery(Day(MARCH, value="3", updated="20240313081500", minutes=5))
    alike = delivery(Day(MARCH, value="4", updated="20240313081500", minutes=5))
    for data in (first, newer, alike):
        batch = staged(tmp_path, data)
        with loader.transaction(force_rollback=True):
            put(loader, batch)
            assert held(loader) <= MOST_LOCKS
        with loader.transaction():
            loader.execute(Path(batch.path).read_bytes())
            assert held(loader) <= MOST_LOCKS
    for (file_id,) in warehouse.rows("SELECT file_id FROM meter_files"):
        with loader.transaction():
            ledger.withdraw(loader, int(str(file_id)))
            assert held(loader) <= MOST_LOCKS_TO_WITHDRAW
    assert warehouse.one("SELECT count(*) FROM meter_readings") == 0
    assert warehouse.one("SELECT count(*) FROM meter_day_versions") == 0


def test_a_file_of_many_months_is_loaded_as_one(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    assert load(loader, tmp_path, delivery(*map(Day, MONTHS[:24]))) == 24 * 48
    assert warehouse.one("SELECT count(*) FROM meter_months WHERE attached") == 24
    assert faults(warehouse) == []


def test_the_days_of_a_month_are_in_its_tables(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    load(loader, tmp_path, delivery(Day(MARCH), Day(APRIL - timedelta(1)), Day(APRIL)))
    for table, days in (("meter_days_2024_03", 2), ("meter_day_versions_2024_04", 1)):
        assert warehouse.one(f"SELECT count(*) FROM {table}") == days
    assert warehouse.rows(
        "SELECT DISTINCT reloptions FROM pg_class JOIN meter_partitions ON partition = oid"
        " WHERE parent = 'meter_days'::regclass"
    ) == [(["fillfactor=90"],)]


def test_days_that_are_not_kept_pass_until_their_file_is_settled(
    warehouse: Warehouse, run: Run, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that came before the month was removed, and those that come later."""
    monkeypatch.setattr("nem12.settings.SHARD_BYTES", 200)
    run.drop("file.csv", delivery(*(Day(date(2024, 3, n)) for n in (28, 29, 30)), Day(APRIL)))
    claim = run.claim("*")
    first, second, *others = plan_claim(run.connection, run.home, claim)
    passing = "SELECT day FROM meter_day_versions_passing ORDER BY day"
    run.load_shard(first, claim)
    list(retention.remove_months(owner, APRIL, keep_tables=False))
    assert warehouse.rows(passing) == [(date(2024, 3, 28),)]
    run.load_shard(second, claim)
    assert warehouse.rows(passing) == [(date(2024, 3, 28),), (date(2024, 3, 29),)]
    assert faults(warehouse) == []
    for one in others:
        run.load_shard(one, claim)
    assert warehouse.rows(passing) == []
    assert warehouse.rows("SELECT days, removed_days FROM meter_files") == [(4, 3)]
    run.settle(claim)
    assert faults(warehouse) == []


def test_months_that_are_kept_again_come_back_with_their_files(
    warehouse: Warehouse, run: Run, owner: Connection
) -> None:
    run.drop("file.csv", delivery(Day(MARCH), Day(APRIL)))
    run.run()
    before = tables(run.connection)
    list(retention.remove_months(owner, APRIL, keep_tables=False))
    owner.execute("SELECT meter_keep_again('2024-02-01')")
    owner.commit()
    assert run.run("archive/*", reprocess=True).files == {"loaded": 1}
    now = tables(run.connection)
    assert {name for name in now if now[name] != before[name] and "drop" not in name} == set()
    list(retention.remove_months(owner, APRIL, keep_tables=False))
    assert warehouse.one("SELECT count(*) FROM meter_day_versions") == 1


def test_a_month_is_not_removed_while_a_reader_needs_it(
    warehouse: Warehouse, loader: Connection, owner: Connection, tmp_path: Path
) -> None:
    """And nobody queues behind who wants to remove it."""
    load(loader, tmp_path, delivery(Day(MARCH)))
    owner.execute("SELECT set_config('lock_timeout', '100ms', true)")
    with psycopg.connect(warehouse.loader) as reader:
        reader.execute("SELECT count(*) FROM meter_days")
        with pytest.raises(psycopg.errors.LockNotAvailable, match="try again later"):
            owner.execute("SELECT meter_lock_readers_out()")
    owner.rollback()


BEFORE = "2026_11"
MOVED = (
    "meter_files", "meter_batches", "meter_batch_parts", "meter_refusals", "meter_warnings",
    "meter_kept_from",
    "meter_days", "meter_day_versions", "meter_readings",
)  # fmt: skip
COLUMNS = (
    "SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute"
    " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
)
LATER = "UPDATE meter_day_versions SET record_id = NULL, next_scheduled_read_date = NULL"
"""Columns that came later."""


def older(databases: Databases, newer: Warehouse) -> Warehouse:
    """A database with the tables of the first revision, and what another one holds."""
    bare = databases.bare()
    migrations = files("nem12.warehouse") / "migrations" / "sql"
    with psycopg.connect(bare.owner) as old, psycopg.connect(newer.owner) as new:
        old.execute((migrations / f"{BEFORE}.sql").read_text().encode())
        old.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        old.execute("INSERT INTO alembic_version VALUES (%s)", (BEFORE,))
        old.execute("CREATE VIEW meter_old AS SELECT * FROM meter_days")
        old.execute(
            "INSERT INTO meter_schema (revision, fingerprint, package, objects)"
            " VALUES (%s, 'x', '0.1.0', '{VIEW meter_old}')",
            (BEFORE,),
        )
        for month, low, high in new.execute(
            "SELECT month, meter_midnight(month), meter_midnight(meter_next_month(month))"
            " FROM meter_months"
        ).fetchall():
            old.execute(
                f"CREATE TABLE meter_readings_{month:%Y_%m} PARTITION OF meter_readings"
                f" FOR VALUES FROM ('{low}') TO ('{high}')".encode()
            )
        for table in MOVED:
            ((columns,),) = old.execute(COLUMNS, (table,)).fetchall()
            with (
                new.cursor().copy(
                    f"COPY (SELECT {columns} FROM {table}) TO STDOUT".encode()
                ) as out,
                old.cursor().copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as into,
            ):
                for piece in out:
                    into.write(piece)
    return bare


@pytest.mark.parametrize("removed", [False, True], ids=["all", "from April"])
def test_a_database_with_days_in_one_table_is_migrated_with_what_it_holds(
    databases: Databases, warehouse: Warehouse, loader: Connection, owner: Connection,
    tmp_path: Path, *, removed: bool,
) -> None:  # fmt: skip
    load(loader, tmp_path, delivery(Day(MARCH), Day(MARCH, value="x", suffix="E2"), Day(APRIL)))
    load(loader, tmp_path, delivery(Day(APRIL, value="2")))
    if removed:
        list(retention.remove_months(owner, APRIL, keep_tables=False))
    old = older(databases, warehouse)
    before, now = migrate_schema(old.owner)
    assert (before and before.revision, now) == (BEFORE, schema.needed())
    assert faults(old) == []
    late = delivery(Day(MARCH, value="3", updated="20240313081500"), Day(APRIL, value="4"))
    with connect(old.loader) as theirs:
        for connection in (loader, theirs):
            load(connection, tmp_path, late)
            connection.execute(LATER)
        assert tables(theirs) == tables(loader)
    assert faults(old) == []
    assert old.one("SELECT to_regclass('meter_old')") is None


def test_what_users_built_on_the_days_is_named_before_these_are_made_anew(
    databases: Databases, warehouse: Warehouse
) -> None:
    old = older(databases, warehouse)
    with psycopg.connect(old.owner) as theirs:
        theirs.execute("CREATE VIEW mine AS SELECT nmi FROM meter_days")
    with pytest.raises(TerminalError, match="view mine cannot stay: built on table meter_days"):
        migrate_schema(old.owner)
    assert old.one("SELECT version_num FROM alembic_version") == BEFORE
