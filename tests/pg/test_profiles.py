"""The same content delivered under several profiles: the most tolerant counts, in any order."""

import io
import itertools
import os
import zipfile
from datetime import date
from pathlib import Path

import pytest

from nem12.operate.verify import differences
from nem12.warehouse.connect import connect
from tests.support.commands import Command
from tests.support.deliveries import Day, delivery
from tests.support.digest import tables
from tests.support.loading import Run
from tests.support.servers import Warehouse, only_embedded

pytestmark = only_embedded

BAD = Day(date(2024, 3, 11), nmi="6203000001", quality="F")
FILES = {
    "good.csv": delivery(Day()),
    "half.csv": delivery(Day(nmi="6203000001"), BAD),
    "bare.csv": delivery(Day(nmi="6203000002", quality="F")),
    "cut.csv": delivery(Day(nmi="6203000003")).removesuffix(b"900\r\n"),
    "faulty.csv": delivery(Day(nmi="6203000004", value="x")),
}
OUTCOMES = {
    "strict": ["refused", "refused", "refused", "loaded", "refused"],
    "standard": ["refused", "refused", "refused", "loaded", "partial"],
    "lenient": ["loaded", "loaded", "refused", "loaded", "loaded"],
}
"""Of the files in the order of their names, where each is delivered by one profile alone."""

FOLDERS = {"strict": "strict", "standard": "", "lenient": "lenient"}
ORDERS = [order for n in (2, 3) for order in itertools.permutations(OUTCOMES, n)]
SETS = [chosen for n in (2, 3) for chosen in itertools.combinations(OUTCOMES, n)]


def data(run: Run) -> dict[str, str]:
    found = tables(run.connection)
    return {name: digest for name, digest in found.items() if "drop" not in name}


def outcomes(warehouse: Warehouse) -> list[object]:
    return [one for (one,) in warehouse.rows("SELECT status FROM meter_files ORDER BY name")]


def deliver(run: Run, *profiles: str) -> None:
    for profile in profiles:
        for name, content in FILES.items():
            run.drop(name, content, FOLDERS[profile])
    run.run("**")


def most_tolerant(order: tuple[str, ...]) -> str:
    return max(order, key=list(OUTCOMES).index)


@pytest.fixture(scope="module")
def alone() -> dict[str, dict[str, str]]:
    """What the tables hold where everything comes by one profile; filled by the first test."""
    return {}


@pytest.mark.parametrize("profile", OUTCOMES)
def test_each_profile_alone(
    warehouse: Warehouse, run: Run, alone: dict[str, dict[str, str]], profile: str
) -> None:
    deliver(run, profile)
    assert outcomes(warehouse) == OUTCOMES[profile]
    alone[profile] = data(run)


@pytest.mark.parametrize(
    "runs",
    [*(tuple((profile,) for profile in order) for order in ORDERS), *((one,) for one in SETS)],
    ids=lambda runs: ", then ".join(" and ".join(profiles) for profiles in runs),
)
def test_the_most_tolerant_counts_whatever_the_order(
    warehouse: Warehouse, run: Run, alone: dict[str, dict[str, str]], runs: tuple[tuple[str, ...]]
) -> None:
    for profiles in runs:
        deliver(run, *profiles)
    best = most_tolerant(tuple(itertools.chain(*runs)))
    assert outcomes(warehouse) == OUTCOMES[best]
    assert data(run) == alone[best]
    assert warehouse.one("SELECT count(*) FROM meter_drops WHERE state <> 'settled'") == 0
    with connect(warehouse.loader) as connection:
        assert [words for words, difference in differences(connection) if difference] == []


@pytest.mark.parametrize("order", [*itertools.permutations(OUTCOMES)], ids="-".join)
def test_parse_data_gives_the_same(
    warehouse: Warehouse,
    run: Run,
    alone: dict[str, dict[str, str]],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    order: tuple[str, ...],
) -> None:
    given = tmp_path / "given"
    given.mkdir()
    for name, content in FILES.items():
        (given / name).write_bytes(content)
        os.utime(given / name, (1_700_000_000, 1_700_000_000))
    command = Command(warehouse.loader, capsys)
    seen: set[str] = set()
    for profile in order:
        results = command.json(
            "parse_data", "--apply", "--file", given, "--profile", profile, status=1
        )
        fresh = not seen or profile == most_tolerant((*seen, profile))
        told = [result["outcome"] for result in sorted(results, key=lambda result: result["file"])]
        now = OUTCOMES[most_tolerant((*seen, profile))]
        assert told == (now if fresh else [o if o == "refused" else "duplicate" for o in now])
        seen.add(profile)
    assert data(run) == alone[most_tolerant(order)]


def test_only_a_more_tolerant_delivery_of_what_is_loaded_loads_it(run: Run) -> None:
    told: list[str] = []
    for profile in ("standard", "lenient", "lenient", "standard", "strict"):
        run.drop("good.csv", FILES["good.csv"], FOLDERS[profile])
        told += run.run("**").files
    assert told == ["loaded", "loaded", "duplicate", "duplicate", "duplicate"]


@pytest.mark.parametrize("together", [False, True], ids=["one after the other", "together"])
@pytest.mark.parametrize("first", ["damaged", "whole"])
def test_a_damaged_member_with_the_bytes_of_a_whole_file_does_not_stand_for_it(
    warehouse: Warehouse, run: Run, first: str, *, together: bool
) -> None:
    """Stored, and only its checksum is wrong: packed it has the hash of the file itself."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.csv", FILES["good.csv"])
    at = out.getvalue().index(b"PK\x01\x02") + 16
    damaged = bytearray(out.getvalue())
    damaged[at] ^= 1
    contents = {"damaged": bytes(damaged), "whole": FILES["good.csv"]}
    order = [first, *(name for name in contents if name != first)]
    for place, name in enumerate(order):
        run.drop(f"{place}-{name}", contents[name])
        if not together:
            run.run()
    if together:
        run.run()
    assert warehouse.rows("SELECT status, days FROM meter_files") == [("loaded", 1)]
    assert warehouse.one("SELECT count(*) FROM meter_refusals") == 0
    assert warehouse.one("SELECT count(*) FROM meter_drops WHERE state <> 'settled'") == 0
