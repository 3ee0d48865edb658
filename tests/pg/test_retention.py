"""Months that are dropped and NMIs that are purged: the ledger stays true, late files too."""

from collections.abc import Iterator
from datetime import date
from itertools import permutations
from pathlib import Path
from threading import Thread

import pytest

from nem12.errors import TerminalError
from nem12.load.plan import plan_claim
from nem12.operate import retention
from nem12.operate.verify import differences
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection, connect
from nem12.warehouse.migrate import migrate_schema
from tests.support.deliveries import NMI, Day, delivery
from tests.support.deliveries import load as load_batch
from tests.support.digest import tables
from tests.support.loading import Run
from tests.support.servers import ODD, Databases, Warehouse, only_embedded, preferring

pytestmark = only_embedded

CREATED, LATER = "202404201030", "20240413081500"
OTHER = "6305000001"
MARCH, APRIL = date(2024, 3, 1), date(2024, 4, 1)
OVER = delivery(Day(date(2024, 3, 30)), Day(date(2024, 3, 31)), Day(APRIL), created=CREATED)
CORRECTION = delivery(
    Day(date(2024, 3, 31), value="9", updated=LATER), Day(APRIL, updated=LATER), created=CREATED
)
REPEATED = delivery(
    Day(date(2024, 3, 30)), Day(date(2024, 3, 30), value="7"), Day(APRIL), created=CREATED
)
OLD = delivery(Day(date(2024, 2, 1)), Day(date(2024, 2, 2)))
FILES = {"over.csv": OVER, "correction.csv": CORRECTION, "repeated.csv": REPEATED, "old.csv": OLD}
TWO = delivery(
    Day(nmi=OTHER), Day(nmi=OTHER, day=date(2024, 3, 11), value="x"), Day(nmi=OTHER, suffix="E2"),
    Day(), Day(day=date(2024, 3, 11), value="y"), Day(suffix="E2"),
)  # fmt: skip


@pytest.fixture
def owner(warehouse: Warehouse) -> Iterator[Connection]:
    with connect(warehouse.owner) as connection:
        yield connection


def drop_before(owner: Connection, first_day: date, *, keep_tables: bool = False) -> list[date]:
    removed = retention.remove_months(owner, first_day, keep_tables=keep_tables)
    return [month for month, _ in removed]


def data(connection: Connection) -> dict[str, str]:
    """The digests of all but the drops: they tell in which order files came."""
    return {name: value for name, value in tables(connection).items() if "drop" not in name}


def found_by_verify(warehouse: Warehouse) -> list[str]:
    with connect(warehouse.loader) as connection:
        return [words for words, difference in differences(connection) if difference is not None]


def load(run: Run, *names: str) -> None:
    for name in names:
        run.drop(name, FILES[name])
        run.run()


def test_a_dropped_month_takes_its_days_along_and_is_counted(
    warehouse: Warehouse, run: Run, owner: Connection
) -> None:
    load(run, *FILES)
    assert drop_before(owner, APRIL) == [date(2024, 2, 1), MARCH]
    assert [month.month for month in retention.months(owner)] == [APRIL]
    assert retention.first_day_kept(owner) == APRIL
    assert warehouse.one("SELECT min(day) FROM meter_day_versions") == APRIL
    assert warehouse.one("SELECT min(day) FROM meter_days") == APRIL
    counts = "SELECT days, removed_days, removed_readings FROM meter_files WHERE name = %s"
    assert warehouse.rows(counts, "over.csv") == [(3, 2, 96)]
    assert warehouse.rows(counts, "repeated.csv") == [(2, 1, 48)]
    assert warehouse.rows(counts, "old.csv") == [(2, 2, 96)]
    assert found_by_verify(warehouse) == []


@pytest.mark.parametrize("keep_tables", [False, True], ids=["drop", "detach"])
def test_a_late_file_leaves_the_tables_as_if_it_had_come_before_the_drop(
    databases: Databases, run: Run, warehouse: Warehouse, owner: Connection, *, keep_tables: bool
) -> None:
    load(run, *FILES)
    drop_before(owner, APRIL, keep_tables=keep_tables)
    expected = data(run.connection)
    for order in list(permutations(FILES))[::7]:
        with databases.migrated() as other, connect(other.loader) as loader:
            late = Run(loader, run.home)
            for number, name in enumerate(order):
                if number == 2:
                    with connect(other.owner) as theirs:
                        drop_before(theirs, APRIL, keep_tables=keep_tables)
                load(late, name)
            assert data(loader) == expected, order
            assert found_by_verify(other) == []
    assert found_by_verify(warehouse) == []


def test_a_late_file_of_a_dropped_month_is_loaded_and_told_of(
    warehouse: Warehouse, run: Run, owner: Connection
) -> None:
    drop_before(owner, APRIL)
    run.drop("over.csv", OVER)
    settlement = run.run()
    assert settlement.files == {"loaded": 1}
    assert settlement.problems == [
        "over.csv: 2 of 3 days are not kept: their month was removed or their NMI purged"
    ]
    assert warehouse.one("SELECT count(*) FROM meter_readings") == 48
    assert [month.month for month in retention.months(owner)] == [APRIL]


def test_a_file_cut_into_batches_is_judged_whole_before_its_old_days_go(
    warehouse: Warehouse, run: Run, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nem12.settings.SHARD_BYTES", 200)
    drop_before(owner, APRIL)
    run.drop("repeated.csv", REPEATED)
    claim = run.claim("*")
    assert run.load(claim) > 1
    run.settle(claim)
    assert warehouse.one("SELECT refused_records FROM meter_files") == 1
    assert warehouse.one("SELECT removed_days FROM meter_files") == 1
    assert found_by_verify(warehouse) == []


@pytest.mark.parametrize("what", ["month", "NMI"])
def test_verify_expects_nothing_of_what_is_not_kept_while_its_file_is_loading(
    warehouse: Warehouse,
    run: Run,
    owner: Connection,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
) -> None:
    if what == "month":
        drop_before(owner, APRIL)
    else:
        retention.purge(owner, NMI, APRIL)
    monkeypatch.setattr("nem12.settings.SHARD_BYTES", 200)
    run.drop("over.csv", OVER)
    claim = run.claim("*")
    first, *others = plan_claim(run.connection, run.home, claim)
    assert others
    run.load_shard(first, claim)
    assert warehouse.rows("SELECT day FROM meter_day_versions") == [(date(2024, 3, 30),)]
    assert found_by_verify(warehouse) == []


def test_a_month_that_is_dropped_while_a_file_is_half_loaded_is_counted_once(
    warehouse: Warehouse, run: Run, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nem12.settings.SHARD_BYTES", 200)
    run.drop("over.csv", OVER)
    claim = run.claim("*")
    planned = plan_claim(run.connection, run.home, claim)
    assert len(planned) > 1
    for number, one in enumerate(planned):
        run.load_shard(one, claim)
        if number == 0:
            drop_before(owner, APRIL)
    assert run.settle(claim).files == {"loaded": 1}
    counts = "SELECT days, removed_days, removed_readings FROM meter_files"
    assert warehouse.rows(counts) == [(3, 2, 96)]
    assert found_by_verify(warehouse) == []


def test_reprocessing_and_withdrawing_count_anew(
    warehouse: Warehouse, run: Run, owner: Connection
) -> None:
    load(run, *FILES)
    drop_before(owner, APRIL)
    before = data(run.connection)
    run.run("archive/*", reprocess=True)
    assert data(run.connection) == before
    for (file_id,) in warehouse.rows("SELECT file_id FROM meter_files"):
        ledger.withdraw(run.connection, int(str(file_id)))
        assert found_by_verify(warehouse) == []
    assert warehouse.one("SELECT count(*) FROM meter_readings") == 0


def test_as_at_does_not_know_a_dropped_month(
    warehouse: Warehouse, run: Run, owner: Connection
) -> None:
    load(run, *FILES)
    drop_before(owner, APRIL)
    query = 'SELECT min("timestamp")::text, count(*) FROM meter_readings_as_at(%s)'
    assert warehouse.rows(query, "2024-04-01") == [("2024-03-31 14:00:00+00", 48)]
    assert warehouse.rows(query, "infinity") == [("2024-03-31 14:00:00+00", 48)]


def test_a_detached_month_keeps_its_readings_until_it_is_dropped(
    warehouse: Warehouse, run: Run, owner: Connection
) -> None:
    load(run, *FILES)
    assert drop_before(owner, APRIL, keep_tables=True) == [date(2024, 2, 1), MARCH]
    assert warehouse.one("SELECT count(*) FROM meter_readings_2024_03") == 96
    assert [(m.month, m.attached) for m in retention.months(owner)][:2] == [
        (date(2024, 2, 1), False), (MARCH, False),
    ]  # fmt: skip
    assert drop_before(owner, APRIL, keep_tables=True) == []
    assert drop_before(owner, APRIL) == [date(2024, 2, 1), MARCH]
    assert warehouse.one("SELECT to_regclass('meter_readings_2024_03')") is None


def test_what_is_not_kept_does_not_come_back_by_an_earlier_day(owner: Connection) -> None:
    drop_before(owner, APRIL)
    drop_before(owner, MARCH)
    assert retention.first_day_kept(owner) == APRIL


def test_only_whole_months_and_an_nmi_that_is_named_go(owner: Connection) -> None:
    with pytest.raises(TerminalError, match="a month begins on its first day"):
        drop_before(owner, date(2024, 3, 15))
    with pytest.raises(TerminalError, match="an NMI is needed"):
        retention.purge(owner, "")
    assert retention.first_day_kept(owner) is None


def test_a_dropped_month_makes_readers_wait_for_seconds_at_most(owner: Connection) -> None:
    """They queue behind the session that waits for the lock."""
    with owner.transaction():
        owner.execute("SELECT meter_remove_months('2024-04-01', false)")
        assert owner.execute("SELECT current_setting('lock_timeout')").fetchone() == ("5s",)


def test_months_are_made_ahead_once(owner: Connection) -> None:
    assert retention.create_months(owner, 2) == 3
    assert retention.create_months(owner, 3) == 1
    assert len(retention.months(owner)) == 4


def test_a_purged_nmi_is_nowhere_in_the_tables(
    warehouse: Warehouse, run: Run, owner: Connection
) -> None:
    run.drop("two.csv", TWO)
    run.run()
    drop_before(owner, date(2024, 4, 1), keep_tables=True)
    run.drop("correction.csv", CORRECTION)
    run.drop("cut.csv", TWO.removesuffix(b"900\r\n"))
    run.run()
    assert refused_nmis(warehouse) == {NMI, OTHER}
    owner.execute(
        "INSERT INTO meter_notes (written_by, sha256, line, code, note, asked_again)"
        " VALUES ('somebody', '', 0, '', %s, true)",
        (f"asked for {NMI} again",),
    )
    owner.commit()
    gone = retention.purge(owner, NMI)
    assert (gone["readings"], gone["findings"]) == (48 + 96, 2)
    assert refused_nmis(warehouse) == {OTHER}
    named = """
        SELECT table_name, column_name FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name LIKE 'meter%%'
            AND table_name NOT IN ('meter_kept_from', 'meter_changes')
    """
    for table, column in warehouse.rows(named):
        query = f"SELECT count(*) FROM {table} WHERE strpos(\"{column}\"::text, '{NMI}') > 0"
        assert warehouse.one(query) == 0, (table, column)
    # One notice of all of it, none of a day.
    changes = "SELECT nmi_suffix, day FROM meter_changes WHERE nmi = %s"
    assert warehouse.rows(changes, NMI) == [(None, None)]
    # Where its days are gone too, a refusal still tells whose it was.
    assert refusals(warehouse) == [
        (5, OTHER, "value"), (11, None, "purged"), (13, None, "purged"),
    ]  # fmt: skip
    assert found_by_verify(warehouse) == []


def refused_nmis(warehouse: Warehouse) -> set[object]:
    """Of which days were refused with their file."""
    return {nmi for (nmi,) in warehouse.rows("SELECT nmi FROM meter_refused_days")}


def test_days_that_were_refused_with_their_file_are_forgotten_up_to_the_day_of_a_purge(
    warehouse: Warehouse, run: Run, owner: Connection
) -> None:
    march = [date(2024, 3, n) for n in (10, 11, 12)]
    cut = delivery(*map(Day, march)).removesuffix(b"900\r\n")
    run.drop("cut.csv", cut)
    run.run()
    retention.purge(owner, NMI, march[1])
    left = "SELECT DISTINCT day, last_day FROM meter_refused_days"
    assert warehouse.rows(left) == [(march[1], march[2])]
    run.drop("again.csv", cut + b"\r\n")
    run.run()
    assert warehouse.rows(left) == [(march[1], march[2])]


def refusals(warehouse: Warehouse) -> list[tuple[object, ...]]:
    """Line, NMI, and the code; `purged` where nothing more is known."""
    return warehouse.rows(
        "SELECT line, nmi, CASE WHEN message = 'purged' AND excerpt = '' THEN message ELSE code END"
        " FROM meter_refusals ORDER BY line"
    )


def test_of_a_purged_nmi_only_what_is_said_of_days_that_are_not_kept_is_blank(
    warehouse: Warehouse, run: Run, owner: Connection
) -> None:
    days = [Day(day=date(2024, 3, n), value=value) for n, value in ((11, "x"), (12, "y"))]
    run.drop("two.csv", delivery(*days, Day(nmi=OTHER)))
    run.run()
    later = date(2024, 3, 12)
    assert retention.purge(owner, NMI, later)["findings"] == 1
    assert refusals(warehouse) == [(3, None, "purged"), (5, NMI, "value")]
    run.drop("again.csv", delivery(*days, Day(nmi=OTHER), created="202403151031"))
    run.run()
    assert refusals(warehouse) == [(3, None, "purged")] * 2 + [(5, NMI, "value")] * 2


@pytest.mark.parametrize("nmi", ["!", "4103O35613X", "NEM12"])
def test_a_refusal_whose_nmi_cannot_be_read_is_blank_where_it_may_be_of_a_purged_one(
    warehouse: Warehouse, run: Run, owner: Connection, nmi: str
) -> None:
    run.drop("far.csv", delivery(Day(nmi=OTHER), Day(nmi=nmi), Day(nmi=OTHER, suffix="E2"), Day()))
    run.drop("near.csv", delivery(Day(nmi=OTHER), Day(nmi=nmi), Day(suffix="E2")))
    run.run()
    before = refusals(warehouse)
    assert [(line, code) for line, _, code in before] == [(4, "nmi")] * 2
    retention.purge(owner, NMI)
    if before[0][1] is None:
        assert sorted(refusals(warehouse), key=str) == [(4, None, "nmi"), (4, None, "purged")]
    else:
        assert refusals(warehouse) == before


def test_a_purged_nmi_does_not_come_back_and_its_later_days_do(
    warehouse: Warehouse, run: Run, owner: Connection
) -> None:
    run.drop("two.csv", TWO)
    load(run, "over.csv")
    retention.purge(owner, NMI, APRIL)
    purged = data(run.connection)
    held = f"SELECT day FROM meter_day_versions WHERE nmi = '{NMI}'"
    assert warehouse.rows(held) == [(APRIL,)]
    assert run.run("archive/*", reprocess=True).files == {"loaded": 1, "partial": 1}
    assert data(run.connection) == purged
    load(run, "correction.csv")
    assert warehouse.rows(held) == [(APRIL,), (APRIL,)]
    assert found_by_verify(warehouse) == []


def test_text_between_days_of_another_nmi_survives_a_purge(
    warehouse: Warehouse, run: Run, owner: Connection
) -> None:
    run.drop("two.csv", TWO)
    run.run()
    retention.purge(owner, NMI)
    texts = "SELECT message FROM meter_refusals WHERE excerpt <> ''"
    assert warehouse.one(texts) == "IntervalValue 1 'x' is not a plain decimal number"


def test_months_are_found_whatever_the_one_who_migrated_preferred(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a view is made of means the same in every session."""
    bare = databases.bare()
    with monkeypatch.context() as patch:
        patch.setenv("PGOPTIONS", preferring(ODD))
        migrate_schema(bare.owner)
    with connect(bare.loader) as loader:
        load_batch(loader, tmp_path, OVER)
    with connect(bare.owner) as owner:
        assert len(retention.months(owner)) == 2
        assert retention.purge(owner, NMI)["readings"] == 144
    assert bare.one("SELECT count(*) FROM meter_readings") == 0


def test_the_loader_may_neither_drop_nor_purge(warehouse: Warehouse, run: Run) -> None:
    load(run, "over.csv")
    with pytest.raises(TerminalError, match="permission denied"):
        drop_before(run.connection, APRIL)
    with pytest.raises(TerminalError, match="permission denied"):
        retention.purge(run.connection, NMI)
    with pytest.raises(Exception, match="permission denied"):
        run.connection.execute("INSERT INTO meter_kept_from VALUES ('', '2024-04-01')")
    run.connection.rollback()
    assert warehouse.one("SELECT count(*) FROM meter_readings") == 144


def test_dropping_and_purging_while_files_are_loaded_loses_no_count(
    warehouse: Warehouse, run: Run, owner: Connection
) -> None:
    files = [
        delivery(*(Day(date(2024, m, d), nmi=nmi, value=str(n)) for m in (1, 2, 3) for d in (1, 2)
                   for nmi in (NMI, OTHER)), created=f"2024042010{n:02}")
        for n in range(24)
    ]  # fmt: skip

    def writer(part: int) -> None:
        with connect(warehouse.loader) as connection:
            own = Run(connection, run.home)
            for number, file in list(enumerate(files))[part::3]:
                run.drop(f"{number}.csv", file)
                own.run(f"{number}.csv")

    threads = [Thread(target=writer, args=(part,)) for part in range(3)]
    for thread in threads:
        thread.start()
    for first_day in (date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)):
        drop_before(owner, first_day)
        retention.purge(owner, OTHER, first_day.replace(day=2))
    for thread in threads:
        thread.join()
    assert found_by_verify(warehouse) == []
    assert warehouse.one("SELECT count(*) FROM meter_files WHERE status = 'loaded'") == 24
    assert warehouse.rows("SELECT DISTINCT removed_days FROM meter_files") == [(9,)]
    assert warehouse.rows("SELECT nmi, day FROM meter_days ORDER BY 1, 2") == [
        (NMI, date(2024, 3, 1)), (NMI, date(2024, 3, 2)), (OTHER, date(2024, 3, 2)),
    ]  # fmt: skip
