"""Daily totals that are kept are those that the view gives, whatever happened in between."""

from datetime import date

import psycopg

from nem12.daily_totals.totals import DailyTotals
from nem12.operate import retention
from nem12.operate.verify import differences
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection, connect
from nem12.warehouse.feed import Taken, follow, highest
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


def refresh(connection: Connection, most: int = 1000) -> Taken:
    """A run of the consumer."""
    totals = DailyTotals()
    assert follow(connection, totals, highest(connection, totals), most)
    return totals.taken


def kept(warehouse: Warehouse) -> list[tuple[object, ...]]:
    return warehouse.rows(f"SELECT {COLUMNS} FROM meter_daily_totals ORDER BY 1, 2, 3")


def seen(warehouse: Warehouse) -> list[tuple[object, ...]]:
    return warehouse.rows(f"SELECT {COLUMNS} FROM meter_daily ORDER BY 1, 2, 3")


def test_totals_are_what_the_view_gives_after_loads_corrections_and_withdrawals(
    warehouse: Warehouse, run: Run
) -> None:
    run.drop("first.csv", FIRST)
    run.run()
    assert refresh(run.connection) == Taken(3, date(2024, 3, 10), date(2024, 3, 11))
    assert kept(warehouse) == seen(warehouse)
    run.drop("second.csv", CORRECTION)
    run.run()
    assert refresh(run.connection) == Taken(1, date(2024, 3, 10), date(2024, 3, 10))
    assert kept(warehouse) == seen(warehouse)
    file_id = warehouse.one("SELECT file_id FROM meter_files WHERE name = 'first.csv'")
    ledger.withdraw(run.connection, int(str(file_id)))
    assert refresh(run.connection).channel_days == 2
    assert kept(warehouse) == seen(warehouse)
    assert len(kept(warehouse)) == 1


def test_one_refresh_makes_up_for_events_that_were_lost(warehouse: Warehouse, run: Run) -> None:
    for name, content in (("a.csv", FIRST), ("b.csv", CORRECTION), ("c.csv", MORE)):
        run.drop(name, content)
        run.run()
    assert refresh(run.connection).channel_days == 4
    assert kept(warehouse) == seen(warehouse)


def test_a_second_refresh_finds_nothing_to_do(run: Run) -> None:
    run.drop("first.csv", FIRST)
    run.run()
    refresh(run.connection)
    assert refresh(run.connection) == Taken()


def test_many_days_are_summed_up_in_several_transactions(warehouse: Warehouse, run: Run) -> None:
    run.drop("first.csv", FIRST)
    run.drop("more.csv", MORE)
    run.run()
    assert refresh(run.connection, most=2).channel_days == 4
    assert kept(warehouse) == seen(warehouse)


def test_of_a_file_that_is_loaded_again_only_the_days_that_differ_are_summed_up_again(
    warehouse: Warehouse, run: Run
) -> None:
    run.drop("first.csv", FIRST)
    run.run()
    refresh(run.connection)
    run.run("archive/*", reprocess=True)
    assert refresh(run.connection) == Taken()
    with psycopg.connect(warehouse.owner) as owner:
        # As if an earlier reader had read it otherwise.
        owner.execute(
            "UPDATE meter_day_versions SET interval_values = array_fill(7.0, '{48}')"
            " WHERE day = '2024-03-11'"
        )
        owner.execute("DELETE FROM meter_readings WHERE meter_nem_day(timestamp) = '2024-03-11'")
    run.run("archive/*", reprocess=True)
    assert refresh(run.connection) == Taken(1, date(2024, 3, 11), date(2024, 3, 11))
    assert kept(warehouse) == seen(warehouse)
    assert found_by_verify(run.connection) == []


def test_months_and_nmis_that_are_removed_take_their_totals_along(
    warehouse: Warehouse, run: Run
) -> None:
    others = delivery(Day(date(2024, 4, 1)), Day(nmi="6305000001", day=date(2024, 4, 1)))
    for name, content in (("first.csv", FIRST), ("others.csv", others)):
        run.drop(name, content)
    run.run()
    refresh(run.connection)
    with connect(warehouse.owner) as owner:
        list(retention.remove_months(owner, date(2024, 4, 1), keep_tables=False))
        assert refresh(run.connection) == Taken(3, date(2024, 3, 10), date(2024, 3, 11))
        retention.purge(owner, "6305000001")
    assert refresh(run.connection).channel_days == 1
    assert kept(warehouse) == seen(warehouse)
    assert len(kept(warehouse)) == 1


def found_by_verify(connection: Connection) -> list[str]:
    return [words for words, difference in differences(connection) if difference is not None]
