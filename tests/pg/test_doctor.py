"""`doctor` says what is wrong with a database, and what to do about it."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from nem12 import settings
from nem12.cli import __main__ as command_line
from nem12.doctor import Check, Health, database
from nem12.doctor.database import database_checks
from nem12.warehouse import schema
from nem12.warehouse.connect import Connection
from tests.support.commands import Command
from tests.support.servers import Databases, Warehouse, only_embedded

pytestmark = only_embedded


AS_TESTED = {"fsync": Health.FAULT, "synchronous_commit": Health.WARNING}
"""What is switched off on the servers of tests."""


@pytest.fixture
def altered(databases: Databases) -> Warehouse:
    """A migrated database that no other test uses after this one."""
    return databases.copy()


def change(warehouse: Warehouse, statement: str) -> None:
    with psycopg.connect(warehouse.owner) as connection:
        connection.execute(statement.encode())


def wrong(checks: Iterable[Check]) -> dict[str, Check]:
    """What is not as it should be, by subject, but for what is so on every server of tests."""
    checks = list(checks)
    seen = {check.subject: check.health for check in checks if check.subject in AS_TESTED}
    assert seen == AS_TESTED
    return {
        check.subject: check
        for check in checks
        if check.health is not Health.OK and check.subject not in AS_TESTED
    }


@pytest.mark.parametrize("role", [settings.LOADER_ROLE, settings.READER_ROLE, settings.OWNER_ROLE])
def test_a_database_as_migrate_makes_it_is_well(warehouse: Warehouse, role: str) -> None:
    checks = list(database_checks(warehouse.uri(role)))
    assert wrong(checks) == {}
    assert len(checks) > 15
    assert all(check.text for check in checks)


def test_rights_are_looked_at_of_every_table_and_view(loader: Connection) -> None:
    relations = loader.execute(
        "SELECT relname FROM pg_class WHERE relname LIKE 'meter\\_%' AND relkind IN ('r', 'p', 'v')"
        " AND NOT relispartition AND relname <> 'meter_schema'"
    )
    listed = [name for names in schema.granted().values() for name in names]
    assert sorted(listed) == sorted(name for (name,) in relations)


@pytest.mark.parametrize(
    ("statement", "subject", "health", "remedy"),
    [
        ("REVOKE SELECT ON meter_daily FROM nem12_reader", "rights", Health.FAULT, "print-grants"),
        ("REVOKE DELETE ON meter_days FROM nem12_loader", "rights", Health.FAULT, "print-grants"),
        ("REVOKE INSERT ON meter_notes FROM nem12_loader", "rights", Health.FAULT, "print-grants"),
        ("GRANT CREATE ON SCHEMA public TO PUBLIC", "schema rights", Health.FAULT, "REVOKE CREATE"),
        ("UPDATE meter_schema SET fingerprint = 'x'", "schema version", Health.FAULT, "migrate`"),
        ("UPDATE meter_schema SET revision = '2999_01', package = '99.0'", "schema version",
         Health.FAULT, "alembic"),
        ("ALTER DATABASE {} SET work_mem = '1MB'", "work_mem", Health.WARNING, "'4MB'"),
        ("ALTER DATABASE {} SET standard_conforming_strings = off", "standard_conforming_strings",
         Health.WARNING, "= on"),
    ],
    ids=["reader", "loader", "adds", "schema", "altered", "newer", "work_mem", "strings"],
)  # fmt: skip
def test_what_is_wrong_has_its_remedy(
    altered: Warehouse, statement: str, subject: str, health: Health, remedy: str
) -> None:
    change(altered, statement.format(altered.name))
    (check,) = wrong(database_checks(altered.loader)).values()
    assert (check.subject, check.health) == (subject, health)
    assert remedy in f"{check.text}: {check.remedy}"


def test_a_database_without_tables_says_so_and_the_rest_is_looked_at(databases: Databases) -> None:
    faults = wrong(database_checks(databases.bare().loader))
    assert faults["schema version"].text == "the database is not migrated"
    assert "migrate" in faults["schema version"].remedy
    assert "connection" not in faults


def test_many_months_need_more_locks(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "OTHER_LOCKS", 10_000)
    (check,) = wrong(database_checks(warehouse.loader)).values()
    assert check.subject == "max_locks_per_transaction"
    assert "restart" in check.remedy


@pytest.mark.parametrize(
    ("seconds", "health"),
    [(9, Health.OK), (11, Health.WARNING), (-11, Health.WARNING), (-400, Health.FAULT)],
)
def test_clocks_that_differ_are_noticed(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, seconds: int, health: Health
) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz or UTC) - timedelta(seconds=seconds)

    monkeypatch.setattr(database, "datetime", Clock)
    clocks = [check for check in database_checks(warehouse.loader) if check.subject == "clock"]
    assert [check.health for check in clocks] == [health]


def test_the_command_ends_with_1_where_there_is_a_fault(
    warehouse: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.home().make()
    command = Command(warehouse.loader, capsys)
    checks = command.json("doctor", status=1)
    assert {tuple(check) for check in checks} == {("subject", "health", "text", "remedy")}
    assert [check["subject"] for check in checks if check["health"] == "fault"] == ["fsync"]
    status, printed, _ = command("doctor")
    assert status == 1
    assert "FAULT   fsync: off: a crash may destroy the database\n        do: set" in printed
    assert "1 fault, " in printed


def test_a_database_that_does_not_answer_is_a_fault(
    databases: Databases, capsys: pytest.CaptureFixture[str]
) -> None:
    uri = databases.bare().loader.replace("port=", "port=1")
    assert command_line.main(["doctor", "--format", "json", "--dsn", uri]) == 1
    checks = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (fault,) = [check for check in checks if check["health"] == "fault"]
    assert (fault["subject"], fault["remedy"][:16]) == ("connection", "start PostgreSQL")
