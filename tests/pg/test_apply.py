"""What a batch does to the tables, applied by the loader as by psql."""

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest

from nem12.errors import TerminalError
from nem12.warehouse.connect import Connection, connect
from nem12.warehouse.readings import Winner, numeric, rows
from tests.cases.faults.make import CASES
from tests.support.deliveries import Day, delivery, load, put, staged, surveyed
from tests.support.digest import digest, tables
from tests.support.servers import ODD, Databases, Warehouse, only_embedded, preferring

VARIED = Day(
    date(2024, 2, 29),
    quality="V",
    events=("400,1,24,A,,", "400,25,30,S14,32,", "400,31,48,F51,0,Meter board 'C:\\' replaced"),
)
REPEATED = delivery(Day(), Day(value="2"), Day(value="1.50"))
DELIVERIES = (
    delivery(Day(), Day(suffix="Q1", uom="VArh"), VARIED),
    delivery(Day(minutes=5, updated="20240313000000"), Day(value="nonsense", suffix="E2")),
    REPEATED,
    CASES[0].data,
)


def test_readings_made_from_the_days_are_those_of_the_table(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    columns = 'id, nmi, nmi_suffix, "timestamp", interval_minutes, consumption, uom, quality_method'
    views = [f"SELECT {columns} FROM {name}" for name in ("meter_readings", "meter_readings_all")]
    load(loader, tmp_path, *DELIVERIES)
    load(loader, tmp_path, delivery(Day(value="7", updated="20240319000000", minutes=15)))
    for first, second in (views, reversed(views)):
        assert warehouse.rows(f"{first} EXCEPT ALL {second}") == []
    assert warehouse.rows(
        'SELECT DISTINCT meter_nem_day("timestamp") = day FROM meter_readings_all'
    ) == [(True,)]
    assert warehouse.one(
        "SELECT count(*) FROM meter_readings_all JOIN meter_days USING"
        " (nmi, nmi_suffix, day, file_id, line)"
    ) == warehouse.one("SELECT count(*) FROM meter_readings")


def test_psql_does_the_same_as_the_loader(databases: Databases, tmp_path: Path) -> None:
    batch = staged(tmp_path, *DELIVERIES)
    with databases.migrated() as a, databases.migrated() as b:
        # psql finds no partition at all: the call inside the file makes them.
        done = b.psql("-v", "ON_ERROR_STOP=1", "-1", "-f", batch.path)
        assert (done.returncode, done.stderr) == (0, "")
        with connect(a.loader) as by_apply, connect(b.loader) as by_psql:
            put(by_apply, batch)
            assert tables(by_apply) == tables(by_psql)
        assert a.one("SELECT count(*) FROM meter_readings") == 2 * 288 + 96 + 4 * 48


def test_a_batch_means_the_same_in_every_session(
    warehouse: Warehouse, loader: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever client, role or database prefer, and on days on which their clocks change."""
    replaced = "400,1,48,F51,0,Z\u00e4hler 'C:\\' ersetzt"
    clocks = (date(2024, 4, 7), date(2024, 10, 6))
    batch = staged(
        tmp_path,
        delivery(
            replace(VARIED, events=(replaced,)),
            *(Day(day, updated="20241106081500") for day in clocks),
            created="202411071030",
        ),
    )
    put(loader, batch)
    wanted = tables(loader)
    warehouse.empty()
    with monkeypatch.context() as patch:
        patch.setenv("PGOPTIONS", preferring(ODD))
        with connect(warehouse.loader) as odd:
            put(odd, batch)
    assert tables(loader) == wanted
    warehouse.empty()
    with monkeypatch.context() as patch:
        patch.setenv("PGOPTIONS", preferring(ODD))
        done = warehouse.psql("-v", "ON_ERROR_STOP=1", "-1", "-f", batch.path)
    assert (done.returncode, done.stderr) == (0, "")
    assert tables(loader) == wanted


@only_embedded
def test_a_staged_file_without_its_end_leaves_nothing(loader: Connection, tmp_path: Path) -> None:
    batch = staged(tmp_path, *DELIVERIES)
    before = tables(loader)
    whole = Path(batch.path).read_bytes()
    end = whole.rindex(b"SELECT meter_apply_batch")
    for cut in (whole[:end], whole[: end - 2], whole[:end] + whole[end:].replace(b" AS ", b" as ")):
        Path(batch.path).write_bytes(cut)
        with pytest.raises(
            TerminalError, match=r"staged file \w+\.sql has no end: clear the parse"
        ):
            put(loader, batch)
        assert tables(loader) == before
    Path(batch.path).write_bytes(whole)
    assert put(loader, batch) > 0


def test_applied_again_nothing_changes(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    def rows() -> list[tuple[object, ...]]:
        return warehouse.rows("SELECT tableoid, ctid, xmin, id FROM meter_readings ORDER BY id")

    batch = staged(tmp_path, *DELIVERIES)
    assert put(loader, batch) > 0
    before, held = tables(loader), rows()
    assert put(loader, batch) == 0
    assert warehouse.psql("-v", "ON_ERROR_STOP=1", "-1", "-f", batch.path).returncode == 0
    assert tables(loader) == before
    assert rows() == held


def test_the_ids_are_those_of_the_design(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    days = (
        Day(date(2024, 1, 1)),
        Day(date(2024, 2, 29), minutes=5),
        Day(date(2004, 12, 31), nmi="NEM1201009", suffix="B1"),
    )
    load(loader, tmp_path, delivery(*(replace(day, suffix=day.suffix) for day in days)).replace(
        b"E1E2Q1", b"E1B1Q1"
    ))  # fmt: skip
    query = "SELECT id FROM meter_readings WHERE nmi = %s AND nmi_suffix = %s AND timestamp = %s"
    for nmi, suffix, start, want in (
        ("4103035613", "E1", "2024-01-01 00:00+10", "dd8dc431-86b5-891a-9409-00004d0b0000"),
        ("4103035613", "E1", "2024-02-29 23:55+10", "dd8dc431-86b5-891a-9409-00004d46059b"),
        ("NEM1201009", "B1", "2004-12-31 00:30+10", "135eba4d-9be1-8808-8a30-000031ef001e"),
    ):
        assert warehouse.one(query, nmi, suffix, start) == uuid.UUID(want)
    assert warehouse.one("SELECT count(DISTINCT id) = count(*) FROM meter_readings")


def test_half_past_midnight_has_one_id_in_any_interval_length(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    query = "SELECT id FROM meter_readings WHERE timestamp = '2024-03-10 00:30+10'"
    found = set()
    for version, minutes in enumerate((30, 15, 5)):
        day = Day(minutes=minutes, updated=f"2024031208150{version}")
        load(loader, tmp_path, delivery(day))
        found.add(warehouse.one(query))
    assert len(found) == 1


@pytest.mark.parametrize(
    ("uom", "value", "stored", "unit"),
    [
        ("kWh", "0.461", "0.461", "kWh"),
        ("Wh", "461", "0.461", "kWh"),
        ("wh", "0.1", "0.0001", "kWh"),
        ("MWh", "0.0004617", "0.4617", "kWh"),
        ("kVArh", "999999999999999.1234", "999999999999999.1234", "kVArh"),
        ("MVArh", "999999999999999.1234567", "999999999999999123.4567", "kVArh"),
        ("pf", ".999", "0.999", "pf"),
    ],
)
def test_values_stay_exact_in_the_kilo_unit(
    warehouse: Warehouse, loader: Connection, tmp_path: Path,
    uom: str, value: str, stored: str, unit: str,
) -> None:  # fmt: skip
    load(loader, tmp_path, delivery(Day(uom=uom, value=value)))
    query = "SELECT DISTINCT consumption, uom FROM meter_readings"
    assert warehouse.rows(query) == [(Decimal(stored), unit)]


@only_embedded
def test_numbers_are_made_as_the_server_makes_them(warehouse: Warehouse) -> None:
    texts = ["0", "0.000", "1", ".5", "0.0001", "12.345", "10000", "100000.10", "-0.5", "9999.9999"]
    texts += ["999999999999999.1234567", "0.00000001", "20000000", "00012.50", "-0.0"]
    for text in texts:
        sent = warehouse.one("SELECT numeric_send(%s::numeric)", text)
        assert numeric(text) == sent, text


def test_a_day_that_has_lost_values_is_not_put_in_force() -> None:
    day = Winner("4103035613", "E1", date(2024, 3, 10), 30, "kWh", "A", None, None, "1,2,3", False)
    with pytest.raises(ValueError, match="3 values, not 48"):
        rows(day)


def test_each_interval_has_its_own_quality_and_none_is_v(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    partly = Day(suffix="E2", quality="S14", reason="1", events=("400,10,12,E52,,",))
    load(loader, tmp_path, delivery(VARIED, partly))
    query = "SELECT quality_method FROM meter_readings WHERE nmi_suffix = %s ORDER BY timestamp"
    qualities = [[quality for (quality,) in warehouse.rows(query, s)] for s in ("E1", "E2")]
    assert qualities == [
        ["A"] * 24 + ["S14"] * 6 + ["F51"] * 18,
        ["S14"] * 9 + ["E52"] * 3 + ["S14"] * 36,
    ]
    descriptions = warehouse.one(
        "SELECT event_reason_descriptions FROM meter_day_versions WHERE nmi_suffix = 'E1'"
    )
    assert descriptions == ["", "", "Meter board 'C:\\' replaced"]


@pytest.mark.parametrize("day", [date(2023, 4, 2), date(2023, 10, 1)], ids=["autumn", "spring"])
@pytest.mark.parametrize("minutes", [30, 5])
def test_a_timestamp_is_the_start_in_nem_time_also_when_clocks_change(
    warehouse: Warehouse, loader: Connection, tmp_path: Path, day: date, minutes: int
) -> None:
    values = tuple(str(n) for n in range(1440 // minutes))
    load(loader, tmp_path, delivery(Day(day, minutes=minutes, values=values)))
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=10)
    assert warehouse.rows("SELECT timestamp, consumption FROM meter_readings ORDER BY 1") == [
        (midnight + timedelta(minutes=minutes * n), n) for n in range(1440 // minutes)
    ]


def test_the_partition_is_the_month_in_nem_time(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    load(loader, tmp_path, delivery(Day(date(2024, 1, 31)), Day(date(2024, 2, 1))))
    query = "SELECT tableoid::regclass::text FROM meter_readings WHERE timestamp = %s"
    assert warehouse.one(query, "2024-01-31 23:30+10") == "meter_readings_2024_01"
    assert warehouse.one(query, "2024-02-01 00:00+10") == "meter_readings_2024_02"
    assert warehouse.one("SELECT count(*) FROM meter_readings") == 96


def test_a_batch_that_fails_leaves_nothing(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    batch = staged(tmp_path, delivery(Day()))
    before = digest(loader)
    with Path(batch.path).open("a") as file:
        file.write("\nSELECT 1 / 0;\n")
    with pytest.raises(TerminalError, match="division by zero"):
        put(loader, batch)
    assert digest(loader) == before
    assert warehouse.psql("-v", "ON_ERROR_STOP=1", "-1", "-f", batch.path).returncode == 3
    assert digest(loader) == before
    assert warehouse.one("SELECT count(*) FROM meter_batches") == 0


def test_a_staged_file_that_is_gone_says_what_to_do(loader: Connection, tmp_path: Path) -> None:
    batch = staged(tmp_path, delivery(Day()))
    Path(batch.path).unlink()
    with pytest.raises(TerminalError, match="is gone: clear the parse task"):
        put(loader, batch)


def test_a_running_batch_holds_up_neither_readers_nor_other_months(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    first = staged(tmp_path / "a", delivery(Day(date(2024, 2, 1))))
    with connect(warehouse.loader, timeout_seconds=20) as other:
        other.execute("SELECT meter_ensure_months('{2024-02-01}')")
        other.commit()
        with psycopg.connect(warehouse.loader) as running:
            running.execute(Path(first.path).read_bytes())
            assert other.execute("SELECT count(*) FROM meter_readings").fetchone() == (0,)
            other.rollback()
            load(other, tmp_path / "b", delivery(Day(date(2024, 2, 2))))
            load(other, tmp_path / "c", delivery(Day(date(2024, 3, 1))))
            assert warehouse.one("SELECT count(*) FROM meter_readings") == 96
        assert warehouse.one("SELECT count(*) FROM meter_readings") == 144


def test_making_a_month_holds_up_no_batch_whose_months_are_there(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    load(loader, tmp_path / "a", delivery(Day(date(2024, 1, 1))))
    with psycopg.connect(warehouse.loader) as running:
        running.execute("SELECT meter_ensure_months('{2024-05-01}')")
        load(loader, tmp_path / "b", delivery(Day(date(2024, 1, 2))))


@only_embedded
def test_a_killed_applier_leaves_nothing_and_the_batch_can_be_applied_again(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    batch = staged(tmp_path, *DELIVERIES)
    before = digest(loader)
    with psycopg.connect(warehouse.loader) as doomed:
        doomed.execute(Path(batch.path).read_bytes())
        pid = doomed.info.backend_pid
        # A session of the same role may end it.
        loader.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))
        loader.rollback()
        with pytest.raises(psycopg.OperationalError):
            doomed.commit()
    assert digest(loader) == before
    assert put(loader, batch) > 0


@only_embedded
def test_two_cuts_of_one_file_count_it_once(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    """A run that died had applied a part of another size."""
    from nem12.shard import Shard, pack, parts
    from nem12.stage import stage_shard

    data = delivery(Day(updated=""), Day(date(2024, 3, 11), updated=""))
    small = surveyed(tmp_path, data, cut=1)
    put(loader, stage_shard(Shard((parts(small)[0],)), tmp_path))
    put(loader, stage_shard(pack([surveyed(tmp_path, data)])[0], tmp_path))
    query = "SELECT status, records, days, warnings FROM meter_files"
    assert warehouse.rows(query) == [("loaded", 6, 2, {"update-missing": 2})]


@only_embedded
def test_days_are_taken_out_without_a_look_at_others(loader: Connection, tmp_path: Path) -> None:
    """Also by a planner that would read the whole table."""
    load(loader, tmp_path, delivery(Day(), Day(date(2024, 4, 11))))
    counts = (
        "SELECT sum(seq_scan)::int, sum(n_tup_del)::int FROM pg_stat_xact_user_tables"
        " WHERE relname LIKE 'meter_readings_%'"
    )
    with loader.transaction():
        before = loader.execute(counts).fetchone() or ()
        loader.execute("SET LOCAL enable_nestloop = off")
        loader.execute(
            "SELECT meter_delete_readings(array_agg(meter_day_named(nmi, nmi_suffix, day)))"
            " FROM meter_days"
        )
        after = loader.execute(counts).fetchone() or ()
    scans, deleted = (now - then for now, then in zip(after, before, strict=True))
    assert (scans, deleted) == (0, 96)


@only_embedded
def test_the_loader_may_not_change_the_schema(loader: Connection) -> None:
    for statement in (
        "DROP TABLE meter_readings",
        "CREATE TABLE public.mine ()",
        "TRUNCATE meter_readings",
        "ALTER FUNCTION meter_array_sum(numeric[]) STABLE",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), loader.transaction():
            loader.execute(statement.encode())


@only_embedded
def test_readers_can_wait_for_nothing_while_a_partition_is_made(warehouse: Warehouse) -> None:
    """A query that began before may go on, and its transaction does not hold up the partition."""
    done = Event()
    with psycopg.connect(warehouse.loader) as reader:
        reader.execute("SELECT count(*) FROM meter_readings")

        def make() -> None:
            with psycopg.connect(warehouse.loader) as maker:
                maker.execute("SELECT meter_ensure_months('{2024-05-01}')")
            done.set()

        thread = Thread(target=make)
        thread.start()
        assert done.wait(20)
        thread.join()
        reader.execute("SELECT count(*) FROM meter_readings")
