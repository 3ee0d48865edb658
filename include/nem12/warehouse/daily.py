"""The table of daily totals: brings it up to date with the days in force."""

from datetime import date
from typing import Any

from psycopg.rows import tuple_row

from nem12.settings import DAYS_A_STATEMENT
from nem12.warehouse.connect import Connection, explained
from nem12.warehouse.sql import statement


def refresh(connection: Connection) -> list[date]:
    """Bring `meter_daily_totals` up to date; may be repeated.

    The days to compute follow from the tables alone, not from events: nothing is missed if an event
    is lost, or a file is withdrawn or loaded again.

    Returns:
        The days with a channel whose totals have changed.
    """
    days = set(_run(connection, "remove_daily_totals"))
    while summed := _run(connection, "refresh_daily_totals", most=DAYS_A_STATEMENT):
        days.update(summed)
    return sorted(days)


def _run(connection: Connection, name: str, **values: Any) -> list[date]:
    with explained(), connection.transaction():
        cursor = connection.cursor(row_factory=tuple_row).execute(statement(name), values)
        return [day for (day,) in cursor]
