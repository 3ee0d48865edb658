"""Connections of the page: reading sees one state of the tables and can change nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Final

from airflow.sdk.exceptions import AirflowNotFoundException
from psycopg import IsolationLevel

from nem12 import settings
from nem12.airflow.warehouse import warehouse
from nem12.warehouse.connect import Connection

_SLOTS: Final = BoundedSemaphore(8)
"""Requests that may ask the database at a time: the loader needs connections too."""


@contextmanager
def reading() -> Iterator[Connection]:
    """A read-only transaction whose statements all see the same state; times are NEM time.

    Raises:
        TransientError: PostgreSQL does not answer.
    """
    with _SLOTS, _reader() as connection:
        # Each statement is planned for its own values: a span of days decides which months it
        # reads.
        connection.prepare_threshold = None
        connection.execute("SELECT set_config('timezone', 'Australia/Brisbane', false)")
        connection.commit()
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        with connection.transaction():
            yield connection


def _reader() -> Connection:
    seconds = settings.PAGE_TIMEOUT_SECONDS
    try:
        return warehouse(settings.READER_CONNECTION_ID, timeout_seconds=seconds)
    except AirflowNotFoundException:
        return warehouse(timeout_seconds=seconds)


def writing() -> Connection:
    """A connection that may change the ledger; the caller closes it."""
    return warehouse(timeout_seconds=settings.PAGE_TIMEOUT_SECONDS)
