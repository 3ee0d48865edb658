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
