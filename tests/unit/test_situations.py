"""Files as people really get them, in `tests/cases/situations`, give what `expected.tsv` says."""

import shutil
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pytest

from nem12.mdff.day import Day
from nem12.mdff.findings import Finding, worst
from nem12.survey import MeterFile
from nem12.unpack import meter_files
from nem12.validate import validate_file
from tests.conftest import CASES
from tests.support.reading import in_force, read, totals
from tests.support.situations import Row, rows

SITUATIONS = CASES / "situations"
ROWS = rows(SITUATIONS)


def unpacked(folder: Path, row: Row) -> list[MeterFile]:
    """The files that a delivery holds, as `validate` gets them."""
    delivered = Path(shutil.copy(SITUATIONS / row.file, folder))
    return list(meter_files(delivered, row.file, row.profile, folder / "scratch"))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_situation_gets_its_findings(tmp_path: Path, row: Row) -> None:
    findings: list[Finding] = []
    for file in unpacked(tmp_path, row):
        validate_file(file, findings.append)
    found = worst(findings)
    if row.level not in ("-", "SEQ"):
        assert (found.level.name if found else "OK") == row.level, row.situation
    if row.code != "-":
        lines = {f"{each.line}" for each in findings if each.code == row.code}
        assert lines, row.situation
        assert row.line == "-" or row.line in lines, row.situation


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_situation_gives_its_readings(tmp_path: Path, row: Row) -> None:
    days = in_force(day for file in unpacked(tmp_path, row) for day in read(file).days)
    readings, total = added_up(days)
    assert row.readings in ("-", f"{readings}"), row.situation
    assert row.sum == "-" or Decimal(row.sum) == total, row.situation


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_situation_gives_the_same_by_the_careful_way(tmp_path: Path, row: Row) -> None:
    for file in unpacked(tmp_path, row):
        assert read(file, fast=False) == read(file, fast=True)


def added_up(days: Iterable[Day]) -> tuple[int, Decimal]:
    """Readings, and their exact sum in the unit that they are kept in."""
    all_channels = totals(list(days))
    return all_channels.readings, sum((n for _, n in all_channels.channels.values()), Decimal(0))
