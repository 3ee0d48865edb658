"""Connections to the database, with the settings that each of them needs."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg import IsolationLevel, errors, generators, pq, sql
from psycopg.rows import tuple_row

from nem12.errors import MeterError, TerminalError, TransientError, UsageError
from nem12.settings import LOCK_TIMEOUT_SECONDS
from nem12.warehouse import schema
from nem12.warehouse.times import LOADERS

Connection = psycopg.Connection[Any]

SETTINGS: Final = {
    "lock_timeout": f"{LOCK_TIMEOUT_SECONDS}s",
    # A worker that dies between two statements must not keep its locks.
    "idle_in_transaction_session_timeout": "120s",
    # A worker's machine that disappears is noticed after about a minute.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    # The driver reads times and intervals in these forms only.
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    # What the literals of our statements mean.
    "standard_conforming_strings": "on",
    "array_nulls": "on",
    # The expansion of arrays is one long simple loop: compiling it costs more than it saves.
    "jit": "off",
}

_SINCE: Final = {170_000: {"transaction_timeout": "0"}}
"""Settings that exist since a version of the server. The statement timeout bounds a batch."""

_TRANSIENT_CLASSES: Final = frozenset({
    "08",  # connection
    "40",  # rollback, such as of a deadlock
    "53",  # resources: mended by making room, or by load that ends; the batch is as it was
})  # fmt: skip
_TRANSIENT: Final = frozenset({
    "25006",  # the server has become a standby: the next connection finds the new primary
    "25P03",  # idle in a transaction for too long
    "25P04",  # a transaction that took too long
    "55P03",  # a lock that was not to be had in time
    "57014",  # a statement that waited too long, for a lock or for a busy machine
    "57P01",  # the server shuts down
    "57P02",  # another session has crashed
    "57P03",  # the server starts up
    "57P05",  # idle for too long
    "58000",  # the server's own system
    "58030",  # its disks
})  # fmt: skip


_MADE: Final = "SELECT revision, fingerprint, package FROM meter_schema"
_TABLES: Final = "SELECT coalesce(string_agg(version_num, ' '), '') FROM alembic_version"
_SCHEMA: Final = f"SELECT m.*, ({_TABLES}) FROM ({_MADE}) AS m"  # noqa: S608 - made of constants
_IDLE: Final = """
SELECT set_config('idle_session_timeout', '0', false) WHERE pg_backend_pid() = %s
"""
"""A session that listens for changes is idle for hours. Behind a pooler the process number differs,
and the session is not ours alone."""


class _Local(psycopg.Connection[Any]):
    """A connection whose settings are made in each transaction, and end with it.

    Behind a pooler in transaction mode the next transaction may use another session, and this
    session may serve another client.

    Attributes:
        settings: Statements that follow BEGIN in one round trip; none of them takes a snapshot.
    """

    settings: bytes = b""

    def _exec_command(
        self, command: Any, result_format: pq.Format = pq.Format.TEXT
    ) -> Generator[Any, Any, Any]:
        """The driver begins every transaction with this call."""
        if not self.settings or command != self._get_tx_start_command():
            return (yield from super()._exec_command(command, result_format))
        self.pgconn.send_query(command + self.settings)
        results = yield from generators.execute(self.pgconn)
        for result in results:
            if result.status != pq.ExecStatus.COMMAND_OK:
                raise errors.error_from_result(result, encoding="utf-8")
        return results[-1]


def connect(
    uri: str,
    *,
    timeout_seconds: int = 0,
    application: str = "nem12",
    any_schema: bool = False,
    timezone: str = "UTC",
) -> Connection:
    """Connect to the warehouse.

    Args:
        uri: libpq URI; it may hold a password and is never shown.
        timeout_seconds: Of each statement; 0 for none.
        application: Name in `pg_stat_activity`.
        any_schema: Accept a database with another schema, or without tables.
        timezone: The time zone in which the server writes times.

    Raises:
        TransientError: The server does not answer.
        TerminalError: Its schema is not the one that this package needs.
        UsageError: The URI cannot be read.
    """
    try:
        connection = _Local.connect(
            uri, application_name=application, connect_timeout=10, client_encoding="UTF8"
        )
    except psycopg.Error as error:
        said = _first_line(error)
        if not isinstance(error, psycopg.OperationalError) or "connection option" in said:
            # libpq quotes what it cannot read, and that may be the password.
            raise UsageError(
                "the database's URI cannot be read: give one such as postgresql://user@host/meter"
                " with special characters percent-encoded"
            ) from None
        raise TransientError(f"PostgreSQL cannot be reached: {said}") from None
    with explained():
        try:
            given = {"statement_timeout": f"{timeout_seconds}s", "timezone": timezone}
            prepare(connection, given, any_schema=any_schema)
        except BaseException:
            connection.close()
            raise
    return connection


def prepare(connection: _Local, given: Mapping[str, str], *, any_schema: bool = False) -> None:
    """Give each transaction of a connection `SETTINGS` and these; check the schema."""
    # To know what to prepare, psycopg keeps the last hundred statements: 50 MB of staged ones.
    connection.prepare_threshold = None
    for name, loader in LOADERS.items():
        connection.adapters.register_loader(name, loader)
    # Deadlock freedom and the apply step's locks are proven for this level only.
    connection.isolation_level = IsolationLevel.READ_COMMITTED
    # Whatever a role or database sets; callers that only read set it afterwards.
    connection.read_only = False
    connection.deferrable = False
    values = {**SETTINGS, **given}
    for version, more in _SINCE.items():
        if connection.info.server_version >= version:
            values |= more
    connection.settings = b"".join(
        sql.SQL("; SET LOCAL {} = {}").format(sql.Identifier(name), value).as_bytes(connection)
        for name, value in values.items()
    )
    connection.execute(_IDLE, (connection.info.backend_pid,))
    connection.commit()
    if not any_schema:
        schema.check(_schema(connection))
        connection.commit()


def _schema(connection: Connection) -> schema.Version | None:
    """The schema of the database."""
    try:
        row = connection.execute(_SCHEMA).fetchone()
    except (errors.UndefinedTable, errors.InsufficientPrivilege):
        connection.rollback()
        return installed(connection)
    return schema.Version(*row) if row else None


def installed(connection: Connection) -> schema.Version | None:
    """The schema of the database; None if it has no tables.

    Raises:
        SetupError: The tables are of before the first release.
    """
    cursor = connection.cursor(row_factory=tuple_row)
    try:
        with connection.transaction():
            made = cursor.execute(_MADE).fetchone()
    except errors.UndefinedTable:
        refuse_unreleased(connection)
        return None
    if made is None:
        return None
    try:
        with connection.transaction():
            tables = cursor.execute(_TABLES).fetchone()
    except errors.UndefinedTable:
        tables = ("",)
    except errors.InsufficientPrivilege:
        # An earlier schema did not grant this to everybody: its fingerprint differs.
        tables = made[:1]
    return schema.Version(*made, *(tables or ("",)))


def refuse_unreleased(connection: Connection) -> None:
    """Raise if there are tables from before the first release, without `meter_schema`."""
    with connection.transaction():
        row = connection.execute("SELECT to_regclass('meter_files') IS NOT NULL").fetchone()
    if row and row[0]:
        raise schema.unreleased()


@contextmanager
def explained() -> Iterator[None]:
    """Turn errors of the driver into the two families of this package.

    They have no cause: logs show causes, and the driver's errors quote statements and values.
    """
    try:
        yield
    except MeterError:
        raise
    except psycopg.Error as error:
        message = _first_line(error)
        if isinstance(error, errors.DiskFull):
            message += ": make room on the disk of the database"
        if _is_transient(error):
            raise TransientError(f"PostgreSQL: {message}") from None
        # An error without a code is the driver's, which cannot read a value, for example.
        raise TerminalError(
            f"{'PostgreSQL' if error.sqlstate else 'the database driver'}: {message}"
        ) from None


def _is_transient(error: psycopg.Error) -> bool:
    """Whether a retry may help; the driver reports a lost connection without a code."""
    code = error.sqlstate or ("08000" if isinstance(error, psycopg.OperationalError) else "")
    return code in _TRANSIENT or code[:2] in _TRANSIENT_CLASSES


def _first_line(error: psycopg.Error) -> str:
    """The message of the server, without the statement and its values."""
    primary = error.diag.message_primary
    return primary or (str(error).strip().splitlines() or [type(error).__name__])[0]
