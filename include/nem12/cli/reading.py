"""A connection that can only read, for commands that answer questions."""

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import psycopg
from psycopg import IsolationLevel

from nem12 import settings
from nem12.cli.databases import database
from nem12.warehouse.connect import Connection, connect, explained

NEM_ZONE: Final = "Australia/Brisbane"
"""UTC+10 all year."""


@contextmanager
def reading(
    arguments: Namespace, timezone: str = "UTC", *, one_state: bool = False
) -> Iterator[Connection]:
    """A read-only transaction as the reader, bounded in time; what it sets ends with it.

    Args:
        arguments: With `dsn`.
        timezone: In which the server writes times.
        one_state: All statements see the state that the first one sees.

    Raises:
        MeterError: In place of the driver's errors.
    """
    timeout = settings.QUERY_TIMEOUT_SECONDS
    with (
        database(arguments, settings.READER_ROLE) as uri,
        connect(uri, timeout_seconds=timeout, timezone=timezone) as connection,
    ):
        connection.read_only = True
        if one_state:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
        with explained(), connection.transaction(force_rollback=True):
            _step_down(connection)
            yield connection


def _step_down(connection: Connection) -> None:
    """Become the reader if that is possible.

    On the user's own database the URI may name a powerful role. On the embedded server the role is
    the reader already.
    """
    with suppress(psycopg.Error), connection.transaction():
        connection.execute(f"SET LOCAL ROLE {settings.READER_ROLE}")
