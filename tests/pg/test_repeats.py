"""Days that a file delivers twice: the database says of them what `validate` says without it."""

from pathlib import Path

import pytest

from nem12.mdff.findings import Finding, Level
from nem12.shard import pack
from nem12.validate import Judged, validate_file
from nem12.warehouse.connect import Connection
from tests.cases.faults.make import REPEATS, channel, day, event, file, head
from tests.support.deliveries import load_shards, one_block_shards, surveyed
from tests.support.digest import tables
from tests.support.servers import Warehouse

ABOUT_DAYS = ("date-repeated", "date-superseded")

MANY = file(
    head(),
    channel(),
    *(
        day(row=[f"{number % 3}"] * 48, update=f"202403120815{number % 4:02}")
        for number in range(12)
    ),
    channel(suffix="Q1", uom="kVArh"),
    day(quality="V"),
    event(1, 24),
    event(25, 48, "E52"),
    day(quality="V"),
    event(1, 20),
    event(21, 48, "E52"),
    day(quality="E52"),
    day(quality="V"),
    event(1, 24, "A"),
    event(25, 48, "E52", "77"),
    "900",
)
FILES = [pytest.param(data, id=name) for name, _, _, data in REPEATS] + [
    pytest.param(MANY, id="many")
]


def stored(warehouse: Warehouse) -> set[tuple[object, ...]]:
    return set(
        warehouse.rows(
            "SELECT level, code, line, message, excerpt, first_line, last_line, field, nmi,"
            " nmi_suffix, day, last_day FROM meter_findings WHERE code = ANY(%s)",
            list(ABOUT_DAYS),
        )
    )


def counts(warehouse: Warehouse) -> tuple[object, ...]:
    (row,) = warehouse.rows(
        "SELECT status, records, refused_records, readings, refused_readings, days, warnings"
        " FROM meter_files"
    )
    return row


def as_counts(judged: Judged) -> tuple[object, ...]:
    return (
        judged.outcome, judged.records, judged.refused_records, judged.values,
        judged.refused_values, judged.days, judged.tally.warnings(),
    )  # fmt: skip


@pytest.mark.parametrize("data", FILES)
def test_the_database_judges_repeated_days_as_validate_does(
    warehouse: Warehouse, loader: Connection, tmp_path: Path, data: bytes
) -> None:
    whole, cut = surveyed(tmp_path, data), surveyed(tmp_path, data, cut=1)
    findings: list[Finding] = []
    judged = validate_file(whole, findings.append)
    wanted = {
        (
            f.level.name, f.code, f.line, f.message, f.excerpt, f.first_line, f.last_line, f.field,
            f.nmi, f.nmi_suffix, f.day, f.last_day,
        )
        for f in findings
        if f.code in ABOUT_DAYS
    }  # fmt: skip
    found = []
    for shards in (pack([whole]), one_block_shards([cut]), one_block_shards([cut])[::-1]):
        warehouse.empty()
        load_shards(loader, tmp_path, shards)
        assert stored(warehouse) == wanted
        assert counts(warehouse) == as_counts(judged)
        found.append(tables(loader))
    assert found[1:] == found[:1] * 2


def test_a_refused_repetition_leaves_no_version_however_often_it_is_applied(
    warehouse: Warehouse, loader: Connection, tmp_path: Path
) -> None:
    cut = surveyed(tmp_path, MANY, cut=1)
    findings: list[Finding] = []
    validate_file(cut, findings.append)
    refused = {f.line for f in findings if f.level is Level.RECORD}
    versions = "SELECT count(*) FROM meter_day_versions WHERE line = ANY(%s)"
    for shards in (one_block_shards([cut]), one_block_shards([cut]), pack([cut])):
        load_shards(loader, tmp_path, shards)
        assert warehouse.one("SELECT meter_settle_file(file_id) FROM meter_files") == "partial"
        assert warehouse.one(versions, list(refused)) == 0
