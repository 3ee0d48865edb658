"""The schema's versions: Alembic runs the SQL files of `migrations/`."""

import logging
from importlib.resources import files
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy.exc import DBAPIError

from nem12.warehouse.connect import Connection, connect, explained

_MIGRATIONS: Final = files("nem12.warehouse") / "migrations"
_LOCK: Final = "nem12 migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def migrate(uri: str) -> tuple[str | None, str | None]:
    """Bring the schema to the newest version; does nothing when it is there.

    Returns:
        The version before and the version now.
    """
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with explained(), connect(uri, application="nem12 migrate") as connection:
        # Two who migrate at once: the second waits and then finds nothing to do.
        connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 12))", (_LOCK,))
        # The lock is the session's. An open transaction would be ended for being idle, and would
        # not see the table that the migration makes.
        connection.commit()
        before = _version(connection)
        config = _config()
        config.attributes["uri"] = uri
        try:
            command.upgrade(config, "head")
        except DBAPIError as error:
            raise (error.orig or error) from None
        return before, _version(connection)


def grants() -> str:
    """The SQL that gives the roles of loader and reader their rights."""
    folder = _MIGRATIONS / "sql"
    names = sorted(item.name for item in folder.iterdir() if item.name.endswith("_grants.sql"))
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)


def _version(connection: Connection) -> str | None:
    with connection.transaction():
        known = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
        if known is None or known[0] is None:
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return row and row[0]
