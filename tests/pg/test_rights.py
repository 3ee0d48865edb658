"""What the roles of loader and reader may do, and no more."""

import psycopg
import pytest
from psycopg import errors

from nem12 import settings
from nem12.warehouse.connect import Connection
from tests.pg.servers import Warehouse

TABLES = (
    "meter_readings", "meter_days", "meter_day_versions", "meter_files", "meter_batches",
    "meter_batch_parts", "meter_rejects", "meter_warnings", "meter_drops", "meter_drop_files",
    "meter_arrivals",
)  # fmt: skip


def refused(uri: str, statement: str) -> None:
    with psycopg.connect(uri) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(statement.encode())


def test_the_reader_reads_every_table_and_changes_none(warehouse: Warehouse) -> None:
    reader = warehouse.uri(settings.READER_ROLE)
    for table in TABLES:
        with psycopg.connect(reader) as connection:
            assert connection.execute(f"SELECT FROM {table}".encode()).fetchall() == []
        refused(reader, f"DELETE FROM {table}")
        refused(reader, f"TRUNCATE {table}")
        refused(reader, f"INSERT INTO {table} DEFAULT VALUES")


ALL = (
    "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    " AND relkind IN ('r', 'p', 'v') AND relname LIKE 'meter%%' AND {} ORDER BY relname"
)


def test_no_table_or_view_is_forgotten(warehouse: Warehouse) -> None:
    for role in (settings.READER_ROLE, settings.LOADER_ROLE):
        hidden = ALL.format("NOT has_table_privilege(%s, oid, 'SELECT')")
        assert warehouse.rows(hidden, role) == []
    changed = ALL.format("has_table_privilege(%s, oid, 'INSERT, UPDATE, DELETE, TRUNCATE')")
    assert warehouse.rows(changed, settings.READER_ROLE) == []
    changed = ALL.format("NOT has_table_privilege(%s, oid, 'INSERT') AND relkind <> 'v'")
    owner_s = [("meter_kept_from",), ("meter_schema",)]
    assert warehouse.rows(changed, settings.LOADER_ROLE) == owner_s
    changed = ALL.format("has_table_privilege(%s, oid, 'TRUNCATE, REFERENCES, TRIGGER')")
    assert warehouse.rows(changed, settings.LOADER_ROLE) == []


def test_what_runs_with_the_owner_s_rights_is_for_the_loader_and_finds_nothing_of_its_caller_s(
    warehouse: Warehouse,
) -> None:
    rights = "has_function_privilege('{}', oid, 'EXECUTE')".format
    query = (
        f"SELECT proname::text, {rights(settings.READER_ROLE)}, {rights(settings.LOADER_ROLE)},"
        " proconfig FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
        " ORDER BY proname"
    )
    path = ["search_path=public, pg_temp"]
    assert warehouse.rows(query) == [("meter_ensure_months", False, True, path)]


def test_nobody_but_the_loader_makes_partitions(warehouse: Warehouse) -> None:
    refused(warehouse.uri(settings.READER_ROLE), "SELECT meter_ensure_months('{2024-03-01}')")


def test_a_temporary_table_is_not_taken_for_one_of_ours(
    warehouse: Warehouse, loader: Connection
) -> None:
    """The function that makes partitions runs with the owner's rights on a loader's session."""
    loader.execute(
        "CREATE TEMPORARY TABLE meter_readings (LIKE meter_readings)"
        ' PARTITION BY RANGE ("timestamp")'
    )
    loader.execute("SELECT meter_ensure_months('{2024-03-01}')")
    loader.commit()
    parents = "SELECT inhparent::regclass::text FROM pg_inherits WHERE inhparent::regclass::text"
    assert warehouse.rows(f"{parents} = 'meter_readings'") == [("meter_readings",)]
