"""The statements of the ledger and, in `page/`, of the page: one a file."""

from functools import cache
from importlib.resources import files
from typing import Any

from psycopg.rows import dict_row

from nem12.warehouse.connect import Connection, explained

Row = dict[str, Any]


@cache
def statement(name: str) -> bytes:
    """The text of a statement, such as `settle_file` or `page/files`."""
    return (files(__name__) / f"{name}.sql").read_bytes()


def run(connection: Connection, name: str, **values: object) -> list[Row]:
    """Run a statement in a transaction, or inside the one that is open; its rows, if it has any.

    Raises:
        MeterError: In place of the driver's errors.
    """
    with explained(), connection.transaction():
        cursor = connection.cursor(row_factory=dict_row).execute(statement(name), values)
        return cursor.fetchall() if cursor.description else []
