"""Every public situation gives its findings and readings when `parse_data` loads it."""

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SHARED
from tests.support.commands import Command
from tests.support.servers import Warehouse, only_embedded
from tests.support.situations import Row, rows

pytestmark = only_embedded

LEVELS = ["FILE", "BLOCK", "RECORD", "WARN", "OK"]


def delivered(command: Command, cases: Path, folder: Path, row: Row) -> list[dict[str, Any]]:
    """Load the files of a situation; their findings."""
    found: list[dict[str, Any]] = []
    for minute, name in enumerate(row.file.split("+")):
        path = folder / name
        path.write_bytes((cases / name).read_bytes())
        os.utime(path, (1_717_000_000 + 60 * minute,) * 2)
        given = ("--file", path, "--profile", row.profile, "--format", "json")
        _, printed, _ = command("parse_data", "--apply", *given)
        for line in printed.splitlines():
            found += json.loads(line)["findings"]
    return found


def as_expected(row: Row, found: list[dict[str, Any]]) -> bool:
    worst = min((finding["level"] for finding in found), key=LEVELS.index, default="OK")
    coded = [str(finding["line"]) for finding in found if finding["code"] == row.code]
    told = row.code == "-" or (coded and row.line in ("-", *coded))
    return row.level in ("-", "SEQ", worst) and bool(told)


def test_every_situation_is_loaded_as_expected(
    warehouse: Warehouse, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    cases = SHARED / "cases"
    if not cases.is_dir():
        pytest.skip(f"the public situations are not here: {cases} is missing")
    command = Command(warehouse.loader, capsys)
    wrong = []
    for row in rows(cases):
        warehouse.empty()
        found = delivered(command, cases, tmp_path, row)
        (held,) = warehouse.rows(
            "SELECT count(*), coalesce(sum(consumption), 0) FROM meter_readings"
        )
        readings, total = held
        right = row.readings in ("-", str(readings)) and (
            row.sum == "-" or Decimal(row.sum) == total
        )
        if not (right and as_expected(row, found)):
            wrong.append((row.id, readings, total, found[:5]))
    assert wrong == []
