"""The roles and databases that a new server needs."""

import time
from importlib.resources import files
from typing import Final

import psycopg
from psycopg import conninfo, sql

from nem12 import settings
from nem12.errors import TransientError
from nem12.local.embedded.cluster import PATIENCE_SECONDS

_ROLES: Final = (files("nem12.warehouse") / "roles.sql").read_bytes()
DATABASES: Final = (settings.DATABASE, settings.AIRFLOW_DATABASE)


def make_roles(uri: str) -> None:
    """Make what is missing; run at every use, since a crash may have come in between."""
    with _connect(uri) as connection:
        # The databases belong to one of them.
        connection.execute(_ROLES)
        databases = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
        for database in DATABASES:
            if database not in databases:
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(
                        sql.Identifier(database), sql.Identifier(settings.OWNER_ROLE)
                    )
                )
    with _connect(conninfo.make_conninfo(uri, dbname=settings.DATABASE)) as connection:
        connection.execute(_ROLES)


def _connect(uri: str) -> psycopg.Connection:
    """Connect, waiting for a server that somebody else has started and that is not ready yet."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return psycopg.connect(uri, autocommit=True)
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise TransientError(f"PostgreSQL does not answer: {error}") from error
            time.sleep(0.1)
