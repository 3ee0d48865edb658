"""The archive alone is enough to fill an empty database as the deliveries did."""

import gzip
import json
import os
import zipfile
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest

from nem12.load import settle
from nem12.load.index import INDEX
from nem12.operate.verify import differences
from nem12.warehouse.connect import connect
from tests.support.commands import Command
from tests.support.deliveries import Day, delivery
from tests.support.digest import different, tables
from tests.support.loading import Run, killed
from tests.support.servers import Databases, Warehouse, only_embedded

pytestmark = only_embedded

LATER = "20240313081500"
FIRST = delivery(Day(), Day(date(2024, 3, 11)))
CORRECTION = delivery(Day(value="9.5", updated=LATER))
FAULTY = delivery(Day(date(2024, 3, 12)), Day(date(2024, 3, 13), value="x"))
PORTAL = FIRST.replace(b",A,", b",N,").replace(b"900\r\n", b"")
DATELESS = replace(Day(date(2024, 3, 20)), updated="")
UNDATED = [delivery(replace(DATELESS, value=value), created="") for value in "123"]
UNENDED = delivery(Day(date(2024, 4, 8)))[:-5]
MEMBER = delivery(Day(date(2024, 3, 15)))
BATCHES = "meter_batches"


def packed(**members: bytes) -> bytes:
    data = BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.csv", (2024, 5, 1, 12, 0, 0)), content)
    return data.getvalue()


def land(run: Run, name: str, data: bytes, folder: str = "", at: int = 1_700_000_000) -> None:
    path = run.drop(name, data, folder)
    os.utime(path, (at, at))
    run.run()


def everything(run: Run) -> None:
    """Deliveries of all kinds, one after the other."""
    land(run, "second.csv", CORRECTION)
    land(run, "first.csv", FIRST)
    land(run, "daily.csv", FAULTY)
    land(run, "daily.csv", delivery(Day(date(2024, 4, 1))))
    land(run, "portal.csv", PORTAL, "lenient")
    land(run, "faulty.csv", delivery(Day(date(2024, 4, 2), value="x")), "strict")
    land(run, "cut.csv", FIRST[:-5])
    land(run, "data.report.txt", delivery(Day(date(2024, 4, 6))))
    land(run, "index.jsonl", delivery(Day(date(2024, 4, 7))))
    # Delivered twice and refused, and then loaded from the rejected folder.
    for at in (1_700_000_010, 1_700_000_020):
        land(run, "late.csv", UNENDED, at=at)
    run.run("rejected/*-late.csv", profile="lenient", reprocess=True)
    land(run, os.fsdecode(b"m\xe4rz\xff.csv"), delivery(Day(date(2024, 4, 3))))
    land(run, "x" * 250 + ".csv", delivery(Day(date(2024, 4, 4))))
    land(run, "packed.csv.gz", gzip.compress(delivery(Day(date(2024, 4, 5)))))
    land(run, "two.zip", packed(good=MEMBER, bad=FIRST[:-7], first=FIRST))
    # Without dates the times of delivery decide, and the earliest of a copy counts.
    for name, data, at in (
        ("a.csv", UNDATED[0], 1_700_000_300),
        ("b.csv", UNDATED[1], 1_700_000_200),
        ("c.csv", UNDATED[2], 1_700_000_100),
        ("copy.csv", UNDATED[0], 1_700_000_050),
        ("c.csv", UNDATED[2], 1_700_000_400),
    ):
        land(run, name, data, "lenient", at)
    run.run("archive/*-daily.csv", profile="lenient", reprocess=True)


FILES = (
    "SELECT sha256, name, profile, status, delivered_at, removed_days FROM meter_files"
    " ORDER BY sha256"
)


def rebuilt(
    run: Run, databases: Databases, capsys: pytest.CaptureFixture[str]
) -> tuple[Warehouse, list[dict[str, object]]]:
    """An empty database, filled from archive and rejected."""
    empty = databases.copy()
    command = Command(empty.loader, capsys)
    given = ["--file", run.home.archive, "--file", run.home.rejected]
    _, printed, said = command("parse_data", "--apply", "--format", "json", *map(str, given))
    assert "failed" not in printed, said
    return empty, [json.loads(line) for line in printed.splitlines()]


def assert_same(run: Run, warehouse: Warehouse, empty: Warehouse) -> None:
    with connect(empty.loader) as connection:
        assert different(tables(connection), tables(run.connection)) == []
        assert [words for words, difference in differences(connection) if difference] == []
    assert empty.rows(FILES) == warehouse.rows(FILES)


def test_an_empty_database_is_filled_as_the_deliveries_did(
    warehouse: Warehouse, run: Run, databases: Databases, capsys: pytest.CaptureFixture[str]
) -> None:
    everything(run)
    empty, results = rebuilt(run, databases, capsys)
    assert_same(run, warehouse, empty)
    assert {result["outcome"] for result in results} == {
        "loaded", "partial", "refused", "duplicate",
    }  # fmt: skip


def test_what_was_withdrawn_stays_away_and_what_came_again_comes_again(
    warehouse: Warehouse,
    run: Run,
    databases: Databases,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("METER_HOME", str(run.home.root))
    everything(run)
    withdraw = Command(warehouse.loader, capsys)
    for name in ("second.csv", "two.zip/good.csv", "a.csv"):
        assert withdraw("withdraw", name)[0] == 0
    land(run, "again.csv", UNDATED[0], "lenient", 1_700_000_999)
    land(run, "second.csv", CORRECTION)
    assert withdraw("withdraw", "second.csv")[0] == 0
    empty, results = rebuilt(run, databases, capsys)
    assert_same(run, warehouse, empty)
    assert not [result for result in results if str(result["file"]).endswith("second.csv")]


def lines(folder: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (folder / INDEX).read_text().splitlines()]


def test_a_line_says_how_a_drop_was_delivered(run: Run) -> None:
    land(run, "first.csv", FIRST, "lenient", 1_717_200_000)
    (folder,) = run.home.archive.glob("*/*")
    (line,) = lines(Path(str(folder)))
    (kept,) = Path(str(folder)).glob("*.csv")
    assert (line["name"], line["profile"], line["file"]) == ("first.csv", "lenient", kept.name)
    assert line["delivered_at"] == "2024-06-01T10:00:00+10:00"
    assert kept.name.startswith(line["sha256"][:12])


def test_a_line_is_written_before_its_drop_is_moved(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.drop("first.csv", FIRST)
    claim = run.claim("*")
    run.load(claim)
    with monkeypatch.context() as crash:
        crash.setattr(settle, "keep", killed)
        with pytest.raises(KeyboardInterrupt):
            run.settle(claim)
    (folder,) = Path(str(run.home.archive)).glob("*/*")
    assert [path.name for path in folder.iterdir()] == [INDEX]
    assert run.settle(claim).drops == {"loaded": 1}
    assert {line["name"] for line in lines(folder)} == {"first.csv"}


def test_an_index_is_no_file_that_is_loaded_again(run: Run) -> None:
    land(run, "first.csv", FIRST)
    assert run.run("archive/*", reprocess=True).drops == {"loaded": 1}


def test_a_drop_that_stays_where_it_landed_leaves_no_index(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METER_KEEP_LANDING", "true")
    land(run, "first.csv", FIRST)
    assert list(Path(str(run.home.root)).rglob(INDEX)) == []
