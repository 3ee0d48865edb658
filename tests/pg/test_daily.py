"""Daily totals that are kept are those that the view gives, whatever happened in between."""

from datetime import date

import pytest

from nem12.warehouse import daily, ledger
from tests.support.deliveries import Day, delivery
from tests.support.loading import Run
from tests.support.servers import Warehouse

LATER = "20240313081500"
FIRST = delivery(Day(), Day(date(2024, 3, 11), quality="E52"), Day(suffix="Q1", uom="kVArh"))
CORRECTION = delivery(Day(minutes=5, value="0.1", updated=LATER))
MORE = delivery(Day(date(2024, 3, 12), value="7.25", uom="kW"))
COLUMNS = (
    "nmi, nmi_suffix, day, uom, total_consumption, average_consumption, minimum_consumption,"
    " maximum_consumption, readings, estimated_share"
)


def kept(warehouse: Warehouse) -> list[tuple[object, ...]]:
    return warehouse.rows(f"SELECT {COLUMNS} FROM meter_daily_totals ORDER BY 1, 2, 3")


def seen(warehouse: Warehouse) -> list[tuple[object, ...]]:
    return warehouse.rows(f"SELECT {COLUMNS} FROM meter_daily ORDER BY 1, 2, 3")


def test_totals_are_what_the_view_gives_after_loads_corrections_and_withdrawals(
    warehouse: Warehouse, run: Run
) -> None:
    run.drop("first.csv", FIRST)
    run.run()
    assert daily.refresh(run.connection) == [date(2024, 3, 10), date(2024, 3, 11)]
    assert kept(warehouse) == seen(warehouse)
    run.drop("second.csv", CORRECTION)
    run.run()
    assert daily.refresh(run.connection) == [date(2024, 3, 10)]
    assert kept(warehouse) == seen(warehouse)
    file_id = warehouse.one("SELECT file_id FROM meter_files WHERE name = 'first.csv'")
    ledger.withdraw(run.connection, int(str(file_id)))
    assert daily.refresh(run.connection) == [date(2024, 3, 10), date(2024, 3, 11)]
    assert kept(warehouse) == seen(warehouse)
    assert len(kept(warehouse)) == 1


def test_one_refresh_makes_up_for_events_that_were_lost(warehouse: Warehouse, run: Run) -> None:
    for name, content in (("a.csv", FIRST), ("b.csv", CORRECTION), ("c.csv", MORE)):
        run.drop(name, content)
        run.run()
    assert len(daily.refresh(run.connection)) == 3
    assert kept(warehouse) == seen(warehouse)


def test_a_second_refresh_finds_nothing_to_do(run: Run) -> None:
    run.drop("first.csv", FIRST)
    run.run()
    daily.refresh(run.connection)
    assert daily.refresh(run.connection) == []


def test_many_days_are_summed_up_in_several_transactions(
    warehouse: Warehouse, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daily, "DAYS_A_STATEMENT", 2)
    run.drop("first.csv", FIRST)
    run.drop("more.csv", MORE)
    run.run()
    assert len(daily.refresh(run.connection)) == 3
    assert kept(warehouse) == seen(warehouse)


def test_a_file_that_is_loaded_again_is_summed_up_again(warehouse: Warehouse, run: Run) -> None:
    run.drop("first.csv", FIRST)
    run.run()
    daily.refresh(run.connection)
    run.run("archive/*", reprocess=True)
    assert daily.refresh(run.connection) == [date(2024, 3, 10), date(2024, 3, 11)]
    assert kept(warehouse) == seen(warehouse)
