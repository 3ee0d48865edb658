"""Backup and restore as docs/operating.md has them: database first, then files; nothing is lost."""

import shutil
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import psycopg
import pytest

from nem12 import settings
from nem12.daily_totals.totals import DailyTotals
from nem12.load.settle import free_claim
from nem12.operate import retention
from nem12.operate.verify import differences
from nem12.warehouse import feed, ledger
from nem12.warehouse.connect import connect
from nem12.warehouse.migrate import migrate_schema
from tests.support.commands import Command
from tests.support.deliveries import NMI, Day, delivery
from tests.support.digest import tables
from tests.support.loading import Run
from tests.support.servers import Databases, Warehouse, only_embedded

pytestmark = only_embedded

LATER = "20240313081500"
BEFORE = {
    "first.csv": delivery(Day(), Day(date(2024, 3, 11), value="x")),
    "old.csv": delivery(Day(date(2024, 2, 1))),
}
IN_WORK = delivery(Day(value="9", updated=LATER), Day(date(2024, 3, 12), updated=LATER))
AFTER = {
    "after.csv": delivery(Day(date(2024, 3, 11), minutes=5, updated=LATER)),
    "refused.csv": delivery(Day(suffix="E2")).removesuffix(b"900\r\n"),
}
WAITS = delivery(Day(nmi="6305000001"))


def dump(warehouse: Warehouse, target: Path) -> None:
    command = ["pg_dump", "--format=custom", f"--file={target}", warehouse.owner]
    _run(warehouse, command)


def restore(warehouse: Warehouse, source: Path) -> None:
    """In place of what is there; the roles are. All of it or nothing."""
    how = ["--clean", "--if-exists", "--single-transaction"]
    _run(warehouse, ["pg_restore", *how, f"--dbname={warehouse.owner}", str(source)])


def _run(warehouse: Warehouse, command: list[str]) -> None:
    done = subprocess.run(
        [warehouse.server.bin / command[0], *command[1:]],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def data(warehouse: Warehouse) -> dict[str, str]:
    """The digests of all but the drops, which tell another story after a restore."""
    with connect(warehouse.loader) as connection:
        assert [
            words for words, difference in differences(connection) if difference is not None
        ] == []
        return {name: value for name, value in tables(connection).items() if "drop" not in name}


def test_what_came_after_a_backup_is_loaded_again_from_the_files(
    databases: Databases, warehouse: Warehouse, run: Run, tmp_path: Path,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for name, content in BEFORE.items():
        run.drop(name, content)
    run.run()
    run.drop("in_work.csv", IN_WORK)
    in_work = run.claim("*")
    ledger.begin(run.connection, in_work, "run")
    dump(warehouse, tmp_path / "meter.dump")

    run.load(in_work)
    run.settle(in_work)
    for name, content in AFTER.items():
        run.drop(name, content)
    run.run()
    run.drop("waits.csv", WAITS)
    copy = tmp_path / "copy"
    shutil.copytree(run.home.root, copy)
    run.run()

    restored = databases.bare()
    restore(restored, tmp_path / "meter.dump")
    assert data(restored) != data(warehouse)
    monkeypatch.setenv("METER_HOME", str(copy))
    command = Command(restored.loader, capsys)
    command("parse_data", "--apply", "--file", copy / "archive", "--file", copy / "rejected")
    with connect(restored.loader) as connection:
        later = Run(connection, settings.Home.below(copy))
        assert later.run().files == {"loaded": 1}
    assert data(restored) == data(warehouse)


def test_a_consumer_midway_goes_on_after_a_restore_on_another_server(
    databases: Databases, warehouse: Warehouse, run: Run, tmp_path: Path
) -> None:
    run.drop("first.csv", BEFORE["first.csv"])
    run.run()
    totals = DailyTotals()
    feed.follow(run.connection, totals, 0, 10)
    for name, content in (("old.csv", BEFORE["old.csv"]), ("in_work.csv", IN_WORK)):
        run.drop(name, content)
        run.run()
    dump(warehouse, tmp_path / "meter.dump")
    restored = databases.bare()
    restore(restored, tmp_path / "meter.dump")
    with psycopg.connect(restored.owner) as owner:
        # The test has one server: as if the dump were of another, which had given more ids.
        owner.execute("UPDATE meter_cluster SET system_identifier = 1")
        for table in ("meter_changes", "meter_consumers"):
            ahead = f"UPDATE {table} SET xid = (xid::text::numeric + 4e9)::text::xid8"
            owner.execute(ahead.encode())
    migrate_schema(restored.owner)
    with connect(restored.loader) as loader:
        later = replace(run, connection=loader)
        later.drop("after.csv", AFTER["after.csv"])
        later.run()
        totals = DailyTotals()
        assert feed.follow(loader, totals, feed.highest(loader, totals), 2)
        assert totals.taken.channel_days == 4, "of what was read before the dump nothing again"
    key = "nmi, nmi_suffix, day, file_id, line"
    summed_up, in_force = (
        restored.rows(f"SELECT {key} FROM {table} ORDER BY {key}")
        for table in ("meter_daily_totals", "meter_days")
    )
    assert summed_up == in_force


def test_a_drop_that_was_in_work_at_the_backup_is_free_again_after_the_restore(
    databases: Databases, warehouse: Warehouse, run: Run, tmp_path: Path
) -> None:
    run.drop("in_work.csv", IN_WORK)
    in_work = run.claim("*")
    ledger.begin(run.connection, in_work, "run")
    dump(warehouse, tmp_path / "meter.dump")
    restored = databases.bare()
    restore(restored, tmp_path / "meter.dump")
    with connect(restored.loader) as connection:
        again = replace(run, connection=connection)
        # Its run is not known to Airflow any more: what the watch does with such a claim.
        assert free_claim(connection, run.home, in_work, "its run is gone") == ["waiting"]
        connection.execute("UPDATE meter_drops SET not_before = now()")
        connection.commit()
        assert again.run().files == {"loaded": 1}
    run.load(in_work)
    run.settle(in_work)


def test_what_is_not_kept_is_part_of_the_backup(
    databases: Databases, warehouse: Warehouse, run: Run, tmp_path: Path
) -> None:
    for name, content in BEFORE.items():
        run.drop(name, content)
    run.run()
    with connect(warehouse.owner) as owner:
        list(retention.remove_months(owner, date(2024, 3, 1), keep_tables=False))
        retention.purge(owner, NMI)
    dump(warehouse, tmp_path / "meter.dump")
    # Also into a database that is migrated already.
    with databases.migrated() as restored:
        restore(restored, tmp_path / "meter.dump")
        assert data(restored) == data(warehouse)
        with connect(restored.loader) as loader:
            assert Run(loader, run.home).run("archive/*", reprocess=True).files == {
                "loaded": 1,
                "partial": 1,
            }
        assert restored.one("SELECT count(*) FROM meter_readings") == 0
