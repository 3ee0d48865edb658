"""What is asked of a few days reads a few days, however many there are: by the rows of the plan."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from nem12.operate.verify import BY_SHARE, CHECKS, shares_of_nmis
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection
from nem12.warehouse.sql import statement
from tests.support.servers import Warehouse
from tools.bench import days
from tools.bench.database import Database

CHANNELS, DAYS = 50, 40
"""In two months, with one reading a day."""

FEW = {"most_days": 100, "most_channels": 10}


@pytest.fixture
def many_days(warehouse: Warehouse, loader: Connection, tmp_path: Path) -> Connection:
    database = Database(warehouse.server, warehouse.name)
    days.load_template(database, tmp_path)
    days.fill(database, CHANNELS, 0, DAYS)
    return loader


def rows_read(
    connection: Connection, table: str, text: bytes, values: dict[str, Any] | None = None
) -> int:
    """The rows of a table, or of its partitions, that the scans of a statement look at."""
    explain = b"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) "
    with connection.transaction():
        row = connection.execute(explain + text, values).fetchone()
    assert row is not None
    scans = [node for node in nodes(row[0][0]["Plan"]) if is_of(node, table)]
    assert scans
    each = (scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0) for scan in scans)
    loops = (scan["Actual Loops"] for scan in scans)
    return int(sum(rows * times for rows, times in zip(each, loops, strict=True)))


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from nodes(child)


def is_of(node: dict[str, Any], table: str) -> bool:
    name: str = node.get("Relation Name", "")
    return name == table or name.removeprefix(f"{table}_").startswith("20")


def test_readings_as_at_an_instant_read_the_versions_of_the_nmi(many_days: Connection) -> None:
    asked = f"SELECT * FROM meter_readings_as_at(now()) WHERE nmi = '{days.NMI}'".encode()
    # Where the one version of the template is all of a month, it is looked at too.
    assert rows_read(many_days, "meter_day_versions", asked) in (DAYS, DAYS + 1)


def test_status_reads_a_bounded_number_of_days(many_days: Connection) -> None:
    read = rows_read(many_days, "meter_days", statement("status"), FEW)
    assert read < 4 * (FEW["most_days"] + FEW["most_channels"]) < CHANNELS * DAYS


def test_status_estimates_what_it_does_not_count(many_days: Connection) -> None:
    exact = ledger.status(many_days)
    template = {"days": 1, "channels": 1}
    assert exact["days"] == CHANNELS * DAYS + template["days"]
    assert exact["channels"] == CHANNELS + template["channels"]
    assert not exact["estimated"]
    about = ledger.status(many_days, **FEW)
    assert about["estimated"]
    assert about["days"] == pytest.approx(exact["days"], rel=0.1)
    assert about["channels"] == FEW["most_channels"]
    last = days.FIRST + timedelta(days=DAYS - 1)
    assert (about["first_day"], about["last_day"]) == (date(2023, 12, 1), last)
    counted = ("days", "channels", "estimated")
    assert {**about, **{name: exact[name] for name in counted}} == exact


@pytest.mark.parametrize("check", CHECKS)
def test_verify_needs_no_temporary_files(many_days: Connection, check: str) -> None:
    """In so little memory that all days at once would not fit, but a share of them does."""
    many_days.execute("SET work_mem = '64kB'")
    shares = shares_of_nmis(many_days, 200) if check in BY_SHARE else [{}]
    assert [temporary_blocks(many_days, check, share) for share in shares] == [0] * len(shares)


def temporary_blocks(connection: Connection, check: str, share: dict[str, str | None]) -> int:
    explain = b"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) "
    row = connection.execute(explain + statement(check), share).fetchone()
    assert row is not None
    return int(row[0][0]["Plan"]["Temp Written Blocks"])
