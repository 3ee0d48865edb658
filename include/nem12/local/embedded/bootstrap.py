"""The roles and databases that a new server needs."""

import time
from typing import Final

import psycopg
from psycopg import conninfo, sql

from nem12 import settings
from nem12.errors import TransientError
from nem12.local.embedded.cluster import PATIENCE_SECONDS

ROLES: Final = (settings.OWNER_ROLE, settings.LOADER_ROLE, settings.READER_ROLE)
_OPEN_TO_ALL: Final = """
SELECT oid::regprocedure::text FROM pg_proc
WHERE pronamespace = 'pg_catalog'::regnamespace
    AND (proname LIKE 'lo\\_%' OR proname IN ('loread', 'lowrite'))
    AND (proacl IS NULL OR aclcontains(proacl, makeaclitem(0, proowner, 'EXECUTE', false)))
"""
"""The functions of large objects that PUBLIC may still run."""

DATABASES: Final = (settings.DATABASE, settings.AIRFLOW_DATABASE)


def make_roles(uri: str) -> None:
    """Make what is missing; run at every use, since a crash may have come in between."""
    with _connect(uri) as connection:
        roles = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
        for role in ROLES:
            if role not in roles:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
        databases = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
        for database in DATABASES:
            if database not in databases:
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(
                        sql.Identifier(database), sql.Identifier(settings.OWNER_ROLE)
                    )
                )
        connection.execute(
            sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(
                sql.Identifier(settings.READER_ROLE)
            )
        )
    with _connect(conninfo.make_conninfo(uri, dbname=settings.DATABASE)) as connection:
        # Everybody may make large objects by default; the reader is to write nothing.
        for (function,) in connection.execute(_OPEN_TO_ALL).fetchall():
            revoke = sql.SQL("REVOKE EXECUTE ON FUNCTION {} FROM PUBLIC")
            connection.execute(revoke.format(sql.SQL(function)))


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
