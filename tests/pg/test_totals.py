"""How much an NMI consumes and generates: `totals` gives exact sums of any span."""

import csv
import io
import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from nem12 import settings
from nem12.mdff.spec import nmi_check_digit
from nem12.warehouse.connect import Connection
from tests.support.commands import Command
from tests.support.deliveries import NMI, Day, delivery, load
from tests.support.servers import Warehouse, only_embedded

pytestmark = only_embedded

Rows = list[dict[str, Any]]
Ask = Callable[..., Rows]


def curve(peak: str, at: int, low: str = "0.001", intervals: int = 48) -> tuple[str, ...]:
    """Values that are low but for one, counted from 1."""
    return tuple(peak if n == at else low for n in range(1, intervals + 1))


HOUSE = [
    Day(date(2024, 2, 29), values=curve("2.5", 36)),
    Day(date(2024, 3, 1), values=curve("1.25", 37), quality="E52"),
    Day(date(2024, 3, 2), quality="V", values=curve("9.9", 48),
        events=("400,1,12,S14,32,", "400,13,48,A,,")),
    *(Day(date(2024, 2, 29) + timedelta(n), suffix="B1", value="0.1") for n in range(2)),
    Day(date(2024, 3, 1), suffix="Q1", uom="VArh", value="100"),
    Day(date(2024, 3, 1), suffix="D1", value="7"),
]  # fmt: skip
"""E1 on three days, B1 on the first two; D1 is an average and counts in no sum."""


def site(*days: Day) -> bytes:
    """A delivery of a meter with these channels too."""
    return delivery(*days).replace(b",E1E2Q1,", b",E1E2B1D1Q1V1,")


@pytest.fixture
def ask(
    warehouse: Warehouse, loader: Connection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Ask:
    """Rows of `totals --format json` for the house, as the reader."""
    load(loader, tmp_path / "staged", site(*HOUSE))
    command = Command(warehouse.uri(settings.READER_ROLE), capsys)

    def rows(*arguments: str, first: str = "2024-02", last: str = "2024-03") -> Rows:
        given = ("totals", "--nmi", NMI, "--from", first, "--to", last, *arguments)
        status, printed, _ = command(*given, "--format", "json")
        assert status == 0
        found: Rows = json.loads(printed)
        return found

    return rows


def brief(rows: Rows, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


def test_months_of_each_channel_and_the_whole_span(ask: Ask) -> None:
    rows = ask("--suffix", "e1")
    names = ("period", "total", "days", "missing_days", "estimated_share", "maximum_demand")
    assert brief(rows, *names) == [
        ("2024-02", "2.547", 1, 28, "0.0000", "5"),
        ("2024-03", "11.244", 2, 29, "0.6250", "19.8"),
        ("total", "13.791", 3, 57, "0.4167", "19.8"),
    ]
    assert brief(rows, "maximum_demand_at", "demand_uom", "direction")[0] == (
        "2024-02-29T17:30:00+10:00",
        "kW",
        "export",
    )
    assert rows[-1]["maximum_demand_at"] == "2024-03-02T23:30:00+10:00"
    assert brief(rows, "first_day", "last_day")[-1] == ("2024-02-01", "2024-03-31")


def test_every_channel_has_every_period_in_its_own_unit_and_direction(ask: Ask) -> None:
    totals = ask("--by", "day", first="2024-02-29", last="2024-03-02")
    assert len(totals) == 4 * (3 + 1)
    whole = [row for row in totals if row["period"] == "total"]
    assert brief(whole, "nmi_suffix", "direction", "uom", "days", "missing_days") == [
        ("B1", "import", "kWh", 2, 1),
        ("D1", "export", "kWh", 1, 2),
        ("E1", "export", "kWh", 3, 0),
        ("Q1", "export", "kVArh", 1, 2),
    ]
    assert float(whole[-1]["total"]) == pytest.approx(4.8)
    missing = [row for row in totals if (row["nmi_suffix"], row["days"]) == ("B1", 0)]
    assert brief(missing, "period", "total", "estimated_share", "maximum_demand_at") == [
        ("2024-03-02", None, None, None)
    ]


def test_net_is_export_less_import_and_days_without_a_channel_are_missing(ask: Ask) -> None:
    rows = ask("--net", last="2024-03-02")
    names = ("period", "uom", "export", "import", "net", "days", "missing_days")
    assert brief([row for row in rows if row["uom"] == "kWh"], *names) == [
        ("2024-02", "kWh", "2.547", "4.8", "-2.253", 1, 28),
        ("2024-03", "kWh", "11.244", "4.8", "6.444", 1, 1),
        ("total", "kWh", "13.791", "9.6", "4.191", 2, 29),
    ]
    assert rows[-1]["maximum_demand"] == "19.8"
    assert {row["uom"] for row in rows} == {"kWh", "kVArh"}


def test_demand_of_several_meters_is_that_of_the_same_interval(
    loader: Connection, tmp_path: Path, ask: Ask
) -> None:
    """Not the sum of their peaks; and none where they are not read in the same intervals."""
    second = Day(date(2024, 2, 29), suffix="E2", values=curve("2", 10))
    load(loader, tmp_path / "second", site(second))
    assert ask("--net", last="2024-02")[0]["maximum_demand"] == "5.002"
    shorter = Day(date(2024, 2, 29), suffix="E2", minutes=5, value="1", updated="20240314000000")
    load(loader, tmp_path / "shorter", site(shorter))
    assert brief(ask("--net", last="2024-02"), "export", "maximum_demand")[0] == ("290.547", None)


def test_power_does_not_add_up_and_is_its_own_demand(
    loader: Connection, tmp_path: Path, ask: Ask
) -> None:
    power = Day(date(2024, 3, 1), suffix="V1", uom="kW", minutes=15, values=curve("3", 4, "1", 96))
    load(loader, tmp_path / "power", site(power))
    row = ask("--suffix", "V1")[-1]
    assert (row["total"], row["maximum_demand"], row["demand_uom"]) == (None, "3", "kW")


def test_csv_and_table_say_the_same(
    ask: Ask, warehouse: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    command = Command(warehouse.uri(settings.READER_ROLE), capsys)
    given = ("totals", "--nmi", NMI + nmi_check_digit(NMI), "--from", "2024-02", "--to", "2024-03")
    _, printed, _ = command(*given, "--format", "csv")
    read = list(csv.DictReader(io.StringIO(printed)))
    expected = [
        {name: "" if value is None else str(value) for name, value in row.items()} for row in ask()
    ]
    assert read == expected
    assert "\r" not in printed
    _, table, _ = command(*given)
    assert table.split()[: len(read[0])] == list(read[0])


def test_totals_by_day_are_the_daily_view_of_every_sample(
    warehouse: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    """By two ways: the view adds up each day by itself."""
    Command(warehouse.loader, capsys)(
        "parse_data", "--apply", "--file", settings.CHECKOUT / "samples"
    )
    reader = Command(warehouse.uri(settings.READER_ROLE), capsys)
    by_view = warehouse.rows(
        "SELECT nmi, nmi_suffix, day::text, total_consumption, readings, estimated_share"
        " FROM meter_daily ORDER BY 1, 2, 3"
    )
    days = [str(row[2]) for row in by_view]
    added: list[tuple[object, ...]] = []
    for nmi in sorted({str(row[0]) for row in by_view}):
        span = ("--from", min(days), "--to", max(days), "--by", "day")
        _, printed, _ = reader("totals", "--nmi", nmi, *span, "--format", "json")
        added += [
            (nmi, row["nmi_suffix"], row["period"], row["total"], row["estimated_share"])
            for row in json.loads(printed)
            if row["days"] and row["period"] != "total"
        ]
    expected = [
        (nmi, suffix, day, None if total is None else str(total), str(share))
        for nmi, suffix, day, total, _, share in by_view
    ]
    assert len(added) > 50
    assert added == expected


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--nmi", "6203000009", "--from", "2024-02", "--to", "2024-03"), "no readings of the NMI"),
        (("--nmi", NMI, "--from", "2024-03", "--to", "2024-02"), "before it begins"),
        (("--nmi", NMI, "--from", "1990-01", "--to", "2024-02"), "ask for 7320 at most"),
        (("--nmi", NMI, "--from", "2024-03", "--to", "2024-03", "--net", "--suffix", "E1"),
         "leave out --suffix or --net"),
    ],
    ids=["unknown NMI", "backwards", "too long", "net of one channel"],
)  # fmt: skip
def test_a_question_without_an_answer_ends_in_one_line(
    ask: Ask,  # noqa: ARG001 - there is something to ask about
    warehouse: Warehouse,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    assert said in Command(warehouse.uri(settings.READER_ROLE), capsys).refused(
        "totals", *arguments
    )
