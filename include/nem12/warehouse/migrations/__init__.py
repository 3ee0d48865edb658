"""Forward-only revisions of tables, types, indexes and data.

Functions, views and rights are not theirs: `migrate` makes those anew after each revision, from
`nem12.warehouse.schema`. A revision that makes a table anew drops them first: `release`.
"""

from importlib.resources import files
from typing import cast

from alembic import op

from nem12.warehouse import migrate
from nem12.warehouse.connect import Connection


def run(*names: str) -> None:
    """Run SQL files of this package, each as a whole, inside the migration's transaction."""
    connection = _connection()
    for name in names:
        sql = (files(__name__) / "sql" / f"{name}.sql").read_text(encoding="utf-8")
        connection.execute(sql.encode())


def release(*tables: str) -> None:
    """Drop our functions and views, which hold these tables; `migrate` makes them again."""
    migrate.release(_connection(), tables)


def _connection() -> Connection:
    connection = op.get_bind().connection.driver_connection
    if connection is None:
        raise RuntimeError("migrations need a live connection")
    return cast("Connection", connection)
