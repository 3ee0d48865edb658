"""Files that are large in an unusual way: they are judged like others, in little memory."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from nem12.operate.verify import differences
from nem12.settings import MIB
from tests.support.crashing import __file__ as acts
from tests.support.deliveries import Day, delivery
from tests.support.loading import Run
from tests.support.servers import Warehouse, only_embedded

pytestmark = [only_embedded, pytest.mark.slow]

MEMORY_BYTES = 256 * MIB
"""Of the process that does all acts; one that loads a small file takes some 50 MiB."""

MEASURED = """
import re, runpy, sys
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
print(re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())[1])
"""
"""Says what it used at most. `wait4` would say no less than what pytest has: a process that is
begun counts the memory of its parent until it has a program of its own."""

GOOD = delivery(Day())


def load(run: Run, warehouse: Warehouse) -> dict[str, int]:
    """Load what landed in a process of its own; how many drops came to each outcome."""
    claim = run.claim("*")
    run.connection.commit()
    command = [sys.executable, "-c", MEASURED, acts, str(run.home.root), warehouse.loader]
    env = {**os.environ, "METER_HOME": str(run.home.root)}
    done = subprocess.run(
        [*command, "none", claim], env=env, check=True, stdout=subprocess.PIPE, text=True
    )
    assert int(done.stdout) * 1024 < MEMORY_BYTES
    assert [words for words, difference in differences(run.connection) if difference] == []
    outcomes = "SELECT outcome, count(*) FROM meter_drop_files GROUP BY outcome"
    return {str(outcome): int(str(count)) for outcome, count in warehouse.rows(outcomes)}


def reports(run: Run) -> list[Path]:
    return [*run.home.archive.rglob("*.report.txt"), *run.home.rejected.glob("*.report.txt")]


def test_a_million_refusals_are_all_counted_and_reported_in_brief(
    run: Run, warehouse: Warehouse
) -> None:
    run.drop("a.csv", GOOD.replace(b"900\r\n", b"300,2024\r\n" * 1_000_000 + b"900\r\n"))
    assert load(run, warehouse) == {"partial": 1}
    counts = "SELECT records, refused_records, readings, days FROM meter_files"
    assert warehouse.rows(counts) == [(1_000_004, 1_000_000, 48, 1)]
    assert warehouse.one("SELECT count(DISTINCT line) FROM meter_refusals") == 1_000_000
    (report,) = reports(run)
    assert "1000004 read = 4 accepted + 1000000 refused" in report.read_text()
    assert report.stat().st_size < MIB


def test_a_million_warnings_are_counted_and_the_first_of_them_kept(
    run: Run, warehouse: Warehouse
) -> None:
    run.drop("a.csv", GOOD.replace(b"900\r\n", b"\r\n" * 1_000_000 + b"900\r\n"))
    assert load(run, warehouse) == {"loaded": 1}
    (warnings,) = warehouse.rows("SELECT warnings FROM meter_files")
    assert list(dict(warnings[0]).values()) == [1_000_000]  # type: ignore[call-overload]
    assert warehouse.one("SELECT count(*) FROM meter_warnings") == 100


@pytest.mark.parametrize("size", [10 * MIB, 300 * MIB], ids=["10 MB", "300 MB"])
def test_a_line_of_megabytes_is_one_refused_record(
    run: Run, warehouse: Warehouse, size: int
) -> None:
    path = run.drop("a.csv", GOOD.removesuffix(b"900\r\n"))
    with path.open("ab") as file:
        file.write(b"300,20240311,")
        for _ in range(size // MIB):
            file.write(b"1.5," * (MIB // 4))
        file.write(b"\r\n900\r\n")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    assert load(run, warehouse) == {"partial": 1}
    assert warehouse.rows("SELECT refused_records, days FROM meter_files") == [(1, 1)]
    assert warehouse.rows("SELECT line, length(excerpt) < 500 FROM meter_refusals") == [(4, True)]


def test_an_archive_of_ten_thousand_members_is_loaded_whole(
    run: Run, warehouse: Warehouse, tmp_path: Path
) -> None:
    packed = tmp_path / "many.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(10_000):
            day = Day(nmi=f"41030{number:05}", minutes=30)
            archive.writestr(f"{number}.csv", delivery(day))
    run.drop("many.zip", packed.read_bytes())
    assert load(run, warehouse) == {"loaded": 10_000}
    assert warehouse.one("SELECT count(*) FROM meter_readings") == 480_000
