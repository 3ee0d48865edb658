"""`partitions` and `purge`, as a person or a program runs them."""

import gzip
import zipfile
from datetime import date
from pathlib import Path

import pytest

from nem12 import settings
from tests.support.commands import Command
from tests.support.deliveries import NMI, Day, delivery
from tests.support.servers import Warehouse, only_embedded

pytestmark = only_embedded

MARCH = delivery(Day(date(2024, 3, 1)))
BOTH = delivery(Day(date(2024, 3, 2)), Day(date(2024, 4, 1)), created="202404151030")


@pytest.fixture
def owner(warehouse: Warehouse, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(warehouse.owner, capsys)


@pytest.fixture
def loaded(owner: Command, own_home: Path) -> Path:
    archive = settings.Home.below(own_home).make().archive / "2024" / "05"
    archive.mkdir(parents=True)
    (archive / "march.csv").write_bytes(MARCH)
    (archive / "both.csv").write_bytes(BOTH)
    owner("parse_data", "--apply", "--file", archive)
    return archive


@pytest.mark.usefixtures("loaded")
def test_months_are_listed_with_size_and_state(owner: Command) -> None:
    assert [row["month"] for row in owner.json("partitions")] == ["2024-03", "2024-04"]
    status, printed, _ = owner("partitions", "--detach-before", "2024-04", "--yes")
    assert status == 0
    assert "2024-03: deleted 2 versions of its days" in printed
    assert "Days before 2024-04-01 are not kept" in printed
    rows = owner.json("partitions")
    assert [(row["month"], row["attached"]) for row in rows] == [
        ("2024-03", False),
        ("2024-04", True),
    ]
    assert all(row["bytes"] > 0 for row in rows)
    assert owner("verify")[0] == 0


@pytest.mark.usefixtures("loaded")
def test_dropping_a_month_leaves_a_clean_warehouse_and_a_late_file_is_told_of(
    owner: Command, tmp_path: Path
) -> None:
    assert owner("partitions", "--drop-before", "2024-04", "--yes")[0] == 0
    assert [row["month"] for row in owner.json("partitions")] == ["2024-04"]
    late = tmp_path / "late.csv"
    late.write_bytes(delivery(Day(date(2024, 3, 3))))
    (result,) = owner.json("parse_data", "--apply", "--file", late)
    assert result["outcome"] == "loaded"
    assert [found["code"] for found in result["findings"]] == ["not-kept"]
    assert owner("verify")[0] == 0


def test_months_ahead(owner: Command) -> None:
    assert len(owner.json("partitions", "--create-ahead", "3")) == 4
    assert "0 to 120" in owner.refused("partitions", "--create-ahead", "-1")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("partitions", "--drop-before", "2024-04"), "add --yes"),
        (("partitions", "--drop-before", "April", "--yes"), "is not a month"),
        (("partitions", "--drop-before", "2999-01", "--yes"), "is in the future"),
        (("purge", "--nmi", NMI), "add --yes"),
        (("purge", "--nmi", "%", "--yes"), "is not an NMI"),
        (("purge", "--nmi", "É", "--yes"), "is not an NMI"),
        (("purge", "--nmi", NMI, "--before", "May", "--yes"), "is not a day"),
    ],
)
@pytest.mark.usefixtures("loaded")
def test_what_is_for_good_is_confirmed_and_meant(
    owner: Command, warehouse: Warehouse, arguments: tuple[str, ...], said: str
) -> None:
    assert said in owner.refused(*arguments)
    assert warehouse.one("SELECT count(*) FROM meter_day_versions") == 3


@pytest.mark.usefixtures("loaded")
def test_the_loader_may_not(warehouse: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    loader = Command(warehouse.loader, capsys)
    for given in (("partitions", "--drop-before", "2024-04"), ("purge", "--nmi", NMI)):
        assert "permission denied" in loader.refused(*given, "--yes")
    assert warehouse.one("SELECT count(*) FROM meter_day_versions") == 3


def test_purge_tells_which_files_still_hold_the_nmi(
    owner: Command, warehouse: Warehouse, loaded: Path, own_home: Path
) -> None:
    home = settings.Home.below(own_home)
    with zipfile.ZipFile(home.archive / "many.zip", "w") as archive:
        archive.writestr("inner.csv", MARCH)
    (home.rejected / "packed").write_bytes(gzip.compress(BOTH))
    (home.rejected / "damaged.gz").write_bytes(gzip.compress(BOTH)[:20])
    (home.landing / f"{NMI}.csv").write_bytes(b"")
    (home.archive / "other.csv").write_bytes(MARCH.replace(NMI.encode(), b"6305000001"))
    (purged,) = owner.json("purge", "--nmi", NMI, "--yes", status=1)
    assert (purged["day_versions"], purged["readings"]) == (3, 144)
    assert {Path(file["file"]).name: file["why"].split(":")[0] for file in purged["files"]} == {
        f"{NMI}.csv": "is named after it",
        "both.csv": "holds it",
        "march.csv": "holds it",
        "many.zip": "holds it",
        "packed": "holds it",
        "damaged.gz": "cannot be read",
    }  # fmt: skip
    assert warehouse.one("SELECT count(*) FROM meter_readings") == 0
    owner("parse_data", "--apply", "--reprocess", "--file", loaded)
    assert warehouse.one("SELECT count(*) FROM meter_day_versions") == 0
    assert owner("verify")[0] == 0
