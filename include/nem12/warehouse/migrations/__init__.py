"""Forward-only migrations: a revision names the SQL files that make it up."""

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
