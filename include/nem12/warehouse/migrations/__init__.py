"""Forward-only revisions of tables, types, indexes and data.

Functions, views and rights are not theirs: `migrate` makes those anew after each revision, from
`nem12.warehouse.schema`. A revision that changes a column drops the views on it first.
"""

from importlib.resources import files

from alembic import op


def run(*names: str) -> None:
    """Run SQL files of this package, each as a whole, inside the migration's transaction."""
    connection = op.get_bind().connection.driver_connection
    if connection is None:
        raise RuntimeError("migrations need a live connection")
    for name in names:
        sql = (files(__name__) / "sql" / f"{name}.sql").read_text(encoding="utf-8")
        connection.execute(sql)
