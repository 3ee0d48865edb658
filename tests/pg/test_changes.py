"""What changed since a bill: the days, the sums before and after, the line that changed them."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from nem12 import settings
from nem12.warehouse.connect import Connection
from tests.support.commands import Command
from tests.support.deliveries import NMI, Day, delivery, load
from tests.support.servers import Warehouse, only_embedded

pytestmark = only_embedded

MARCH_9, MARCH_10, MARCH_11 = (date(2024, 3, n) for n in (9, 10, 11))
BILLED = "2024-03-20"
LATER = "20240313000000"
BEFORE, AFTER = "2024-03-19T23:59:59+10:00", "2024-03-20T00:00:00+10:00"


@pytest.fixture
def bring(loader: Connection, warehouse: Warehouse, tmp_path: Path) -> Any:
    """Load a delivery that is first seen at an instant; its line in messages is its number."""

    def brought(seen_at: str, *days: Day) -> None:
        known = {row[0] for row in warehouse.rows("SELECT file_id FROM meter_files")}
        load(loader, tmp_path / "staged", delivery(*days))
        loader.execute(
            "UPDATE meter_files SET seen_at = %s WHERE file_id <> ALL(%s)", (seen_at, list(known))
        )
        loader.commit()

    return brought


@pytest.fixture
def ask(warehouse: Warehouse, capsys: pytest.CaptureFixture[str]) -> Any:
    """Rows of `changes --format json`, as the reader."""
    command = Command(warehouse.uri(settings.READER_ROLE), capsys)

    def rows(*arguments: str, since: str = BILLED) -> list[dict[str, Any]]:
        given = ("changes", "--from", "2024-03", "--to", "2024-03", "--since", since, *arguments)
        status, printed, said = command(*given, "--format", "json")
        assert (status, said) == (0, "")
        found: list[dict[str, Any]] = json.loads(printed)
        return found

    return rows


def test_a_correction_is_listed_with_what_it_replaced(bring: Any, ask: Any) -> None:
    bring(BEFORE, Day(MARCH_10, "1.5", quality="E52"), Day(MARCH_11, "1"))
    bring(AFTER, Day(MARCH_10, "1.25", uom="MWh", updated=LATER))
    (row,) = ask("--nmi", NMI)
    assert (row["day"], row["before"], row["after"], row["difference"]) == (
        "2024-03-10",
        "72.0",
        "60000",
        "59928.0",
    )
    assert (row["quality_before"], row["quality_after"], row["uom"]) == ("E52", "A", "kWh")
    assert (row["line"], row["line_before"], row["seen_at"]) == (3, 3, AFTER)
    assert row["file"] == row["file_before"] == "0.csv"
    assert ask("--nmi", NMI, since="2024-03-20T00:00:01") == []
    assert ask("--nmi", NMI, since="2024-03-19T14:00:01+00:00") == []


def test_of_several_versions_those_in_force_then_and_now_count(bring: Any, ask: Any) -> None:
    bring(BEFORE, Day(value="2", updated="20240312000000"))
    bring(BEFORE, Day(value="1", updated="20240311000000"))  # came late: was never in force
    bring(AFTER, Day(value="3", updated="20240313000000"))
    bring(AFTER, Day(value="4", updated="20240314000000"))
    assert [(row["before"], row["after"]) for row in ask()] == [("96", "192")]


def test_a_day_that_came_after_the_bill_has_nothing_before(bring: Any, ask: Any) -> None:
    bring(AFTER, Day(value="2"))
    (row,) = ask()
    assert (row["before"], row["after"], row["difference"], row["file_before"]) == (
        None,
        "96",
        "96",
        None,
    )


@pytest.mark.parametrize(
    "later",
    [
        Day(value="2", updated="20240311000000"),
        Day(value="1.5", updated=LATER, loaded="20240314000000"),
    ],
    ids=["an older version", "the same readings again"],
)
def test_what_changes_no_reading_is_not_listed(bring: Any, ask: Any, later: Day) -> None:
    bring(BEFORE, Day(value="1.5"))
    bring(AFTER, later)
    assert ask() == []


def test_a_change_of_unit_has_sums_but_no_difference(bring: Any, ask: Any) -> None:
    bring(BEFORE, Day(value="1.5"))
    bring(AFTER, Day(value="1.5", uom="kW", updated=LATER))
    (row,) = ask()
    assert (row["uom"], row["before"], row["after"], row["difference"]) == ("kW", None, None, None)
    assert row["file_before"] == "0.csv"


def test_all_nmis_of_a_span_or_one(bring: Any, ask: Any) -> None:
    other = "6203000009"
    bring(AFTER, Day(MARCH_9), Day(MARCH_9, nmi=other), Day(date(2024, 2, 9)))
    assert [(row["nmi"], row["day"]) for row in ask()] == [
        (NMI, "2024-03-09"),
        (other, "2024-03-09"),
    ]
    assert [row["nmi"] for row in ask("--nmi", other)] == [other]


def test_people_read_how_much_it_is_in_all(
    bring: Any, warehouse: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    bring(BEFORE, Day(MARCH_9), Day(MARCH_10))
    bring(AFTER, Day(MARCH_9, "1", updated=LATER), Day(MARCH_10, "1", updated=LATER))
    command = Command(warehouse.uri(settings.READER_ROLE), capsys)
    given = ("changes", "--from", "2024-03", "--to", "2024-03", "--since", BILLED)
    _, printed, said = command(*given)
    assert "-24.0" in printed
    assert said == "changed since 2024-03-20 00:00: 2 channel-days, -48.0 kWh\n"
