"""Brings a database to the schema of this package: tables by Alembic, then `schema/`."""

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from psycopg import errors, sql
from psycopg.rows import class_row
from sqlalchemy.exc import DBAPIError

from nem12 import settings
from nem12.errors import TerminalError
from nem12.warehouse import schema
from nem12.warehouse.connect import Connection, connect, explained, installed
from nem12.warehouse.schema import Version
from nem12.warehouse.sql import statement

_LOCK: Final = "CREATE TABLE meter_migrating (); DROP TABLE meter_migrating"
"""No other session sees this table, and a second session that creates it waits for the end of this
transaction. Every role that may connect could take an advisory lock, and before the first migration
there is no table to lock."""

_MADE: Final = re.compile(r"CREATE OR REPLACE (FUNCTION|VIEW) (\w+)")


def migrate_schema(uri: str) -> tuple[Version | None, Version]:
    """Bring the schema to the version that this package needs.

    Returns:
        The schema before, None without tables, and the schema now.

    Raises:
        TerminalError: The tables are of before the first release, of a newer package, or altered.
    """
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with explained(), connect(uri, application="nem12 migrate", any_schema=True) as connection:
        _check_encoding(connection)
        before = installed(connection)
        if before != schema.needed():
            if before is not None:
                schema.check_migratable(before)
            _upgrade(uri)
            with connection.transaction():
                lock(connection)
                now = installed(connection)
                if now == schema.needed():
                    # Another process has migrated it meanwhile.
                    return now, now
                recorded = _recorded(connection) if now else []
                install(connection, schema.statements(), recorded)
        with connection.transaction():
            # Also where the schema fits: the database may come from another server.
            connection.execute("SELECT meter_adopt_cluster()")
        return before, schema.needed()


def lock(connection: Connection) -> None:
    """A second migration at the same time waits here, and then has nothing to do.

    The lock lasts for the transaction: behind a pooler a session is not ours alone.
    """
    connection.execute(_LOCK)


def _check_encoding(connection: Connection) -> None:
    """File names contain any character, and other encodings cannot store most."""
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise TerminalError(
            f"the database's encoding is {encoding}, which cannot hold all names of files: make"
            " another one by CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8'"
        )


def creators(uri: str) -> str | None:
    """What to do if every role may create functions in our schema; None if not.

    Such a role could have its functions called instead of the server's by what the owner runs.
    """
    with connect(uri, application="nem12 migrate", any_schema=True) as connection:
        row = connection.execute(
            "SELECT current_schema()::text, current_user::text,"
            " has_schema_privilege('public', current_schema(), 'CREATE')"
        ).fetchone()
    if row is None or not row[2]:
        return None
    schema_name, user = map(sql.Identifier, row[:2])
    statements = sql.SQL(
        "REVOKE CREATE ON SCHEMA {0} FROM PUBLIC; GRANT CREATE ON SCHEMA {0} TO {1}"
    ).format(schema_name, user)
    return (
        f"everybody may create functions in the schema {row[0]}, and so act with the rights of"
        f" {row[1]}: run as a superuser: {statements.as_string()}"
    )


def _recorded(connection: Connection) -> list[str]:
    """The functions and views that were made for the present schema."""
    with connection.transaction():
        row = connection.execute("SELECT objects FROM meter_schema").fetchone()
    return list(row[0]) if row else []


def _upgrade(uri: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(files("nem12.warehouse") / "migrations"))
    config.attributes["uri"] = uri
    try:
        command.upgrade(config, "head")
    except DBAPIError as error:
        raise (error.orig or error) from None
    except CommandError as error:
        raise TerminalError(f"the tables cannot be migrated: {error}") from None


def install(connection: Connection, statements: Sequence[str], recorded: Sequence[str]) -> None:
    """Make all functions, views and rights again, in one transaction.

    A function or view that cannot be replaced because its columns or result changed is dropped
    first, with those of ours that are built on it. If one is built on it that is not ours, this
    fails and names it.

    Args:
        connection: As the owner.
        statements: Each makes at most one function or view.
        recorded: Functions and views of the schema before, in the order in which they were made,
            such as "VIEW meter_daily".

    Raises:
        TerminalError: A view or function that is not ours is built on something that has to be
            dropped.
    """
    with connection.transaction():
        names = [name for text in statements if (name := _make(connection, text, recorded))]
        for gone in _objects(connection, set(recorded).difference(names)):
            _drop(connection, gone, recorded)
        connection.execute(statement("record_schema"), {**vars(schema.needed()), "objects": names})


@dataclass(frozen=True, slots=True)
class _Object:
    """A function or view, or what is built on one.

    Attributes:
        name: Such as "VIEW meter_daily"; "" for one that cannot be ours.
        signature: As DROP takes it.
        described: In the server's words.
    """

    classid: int
    objid: int
    name: str
    signature: str
    described: str


def _objects(connection: Connection, names: Iterable[str]) -> list[_Object]:
    """Our functions and views that exist."""
    return _select(connection, "schema_objects", names=list(names))


def _select(connection: Connection, name: str, **values: object) -> list[_Object]:
    cursor = connection.cursor(row_factory=class_row(_Object))
    return cursor.execute(statement(name), values).fetchall()


def _make(connection: Connection, text: str, recorded: Sequence[str]) -> str:
    """Run a statement; returns the name of the function or view that it made, if any."""
    made = _MADE.match(text)
    if not made:
        connection.execute(text.encode())
        return ""
    name = f"{made[1]} {made[2]}"
    before = _objects(connection, [name])
    try:
        with connection.transaction():
            connection.execute(text.encode())
    except (errors.InvalidFunctionDefinition, errors.InvalidTableDefinition):
        if not before:
            raise
        for found in before:
            _drop(connection, found, recorded)
        connection.execute(text.encode())
    else:
        # With other arguments it is a new function, beside the old one: drop that.
        if before and len(_objects(connection, [name])) > len(before):
            for found in before:
                _drop(connection, found, recorded)
    return name


def _drop(connection: Connection, found: _Object, recorded: Sequence[str]) -> None:
    """Drop a function or view, and before it those of ours that are built on it."""
    built = _select(connection, "schema_built_on", classid=found.classid, objid=found.objid)
    _refuse_foreign((one.described for one in built if one.name not in recorded), found.described)
    for one in sorted(built, key=lambda one: recorded.index(one.name), reverse=True):
        kind = one.name.split()[0]
        connection.execute(sql.SQL(f"DROP {kind} {one.signature}"))


def _refuse_foreign(described: Iterable[str], on: str) -> None:
    foreign = sorted(described)
    if foreign:
        raise TerminalError(
            f"{', '.join(foreign)} cannot stay: built on {on}, which has to be made"
            f" anew; drop what is not of nem12, run `{settings.command('migrate')}`, and make it"
            " again"
        )


def release(connection: Connection, tables: Sequence[str]) -> None:
    """Drop all our functions and views, before a revision makes tables anew.

    `install` makes them again. Triggers and rights on the tables go with them.

    Args:
        connection: As the owner, in the transaction of the revision.
        tables: Names of the tables.

    Raises:
        TerminalError: A view or function that is not ours is built on a table, or on one of ours.
    """
    recorded = _recorded(connection)
    for name in reversed(recorded):
        for found in _objects(connection, [name]):
            _drop(connection, found, recorded)
    for table in tables:
        query = "SELECT 'pg_class'::regclass::oid, %s::regclass::oid"
        classid, objid = connection.execute(query, (table,)).fetchone() or (0, 0)
        built = _select(connection, "schema_built_on", classid=classid, objid=objid)
        # Its constraints and defaults have no signature.
        foreign = [one for one in built if one.signature and one.objid != objid]
        _refuse_foreign((one.described for one in foreign), f"table {table}")


def grants() -> str:
    """The SQL that gives the roles of loader and reader their rights."""
    return schema.text("grants")
