"""Database connections of the page; each request reads one state and can change nothing."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any, Final

import psycopg
from psycopg import IsolationLevel
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool, PoolTimeout

from nem12 import settings
from nem12.airflow.warehouse import warehouse_conninfo
from nem12.errors import MeterError, SetupError, TransientError
from nem12.warehouse.connect import Connection, connect, explained

_SLICE_SECONDS: Final = 0.25
"""A request that waits for a connection looks this often whether connecting has failed. It then
queues again, and its old place counts as waiting for the pool: so the pool's own bound of those who
wait is not used."""

_IDLE_SECONDS: Final = 60
_LIFE_SECONDS: Final = 10 * 60
"""So that a changed connection of Airflow, or another primary, is taken up."""

_NETWORK: Final = {
    # Without these a server that is gone without a word holds up a request for a quarter of an
    # hour.
    "tcp_user_timeout": "10000",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "2",
}


class _Made(psycopg.Connection[Any]):
    """How the pool connects: by the package's own `connect`, with its checks and settings."""

    @classmethod
    def connect(cls, conninfo: str = "", **kwargs: Any) -> Any:  # noqa: ARG003 - its signature
        """A connection, by the pool's argument `make`."""
        make: Callable[[], Connection] = kwargs["make"]
        return make()


class Lender:
    """Lends the connections of a pool, which is opened by the first request.

    The pool connects in threads of its own and lets those who wait time out, whatever the reason;
    so the reason is kept here and told at once.

    Args:
        make: Connects.
        size: Connections at most.
    """

    def __init__(self, make: Callable[[], Connection], size: int) -> None:
        self._make: Final = make
        self._size: Final = size
        self._room: Final = BoundedSemaphore(size + settings.PAGE_WAITING)
        self._failure: tuple[float, MeterError] | None = None
        self._pool: Final[ConnectionPool[Any]] = ConnectionPool(
            connection_class=_Made,
            kwargs={"make": self._connect},
            # Opened later: a process that forks must not take threads along.
            open=False,
            min_size=0,
            max_size=size,
            check=ConnectionPool.check_connection,
            max_idle=_IDLE_SECONDS,
            max_lifetime=_LIFE_SECONDS,
            # Each request tries by itself; nobody else waits for a connection.
            reconnect_timeout=0,
            name="nem12 page",
        )

    @contextmanager
    def lent(self) -> Iterator[Connection]:
        """A connection for the block.

        Raises:
            SetupError: The connection is not known to Airflow.
            TransientError: PostgreSQL cannot be reached, or too many requests ask it.
        """
        if not self._room.acquire(blocking=False):
            raise TransientError(
                f"{settings.PAGE_WAITING} requests wait for the database already: try again in a"
                " moment"
            )
        try:
            self._pool.open()
            connection = self._taken()
            try:
                yield connection
            finally:
                self._pool.putconn(connection)
        finally:
            self._room.release()

    def _taken(self) -> Connection:
        since = time.monotonic()
        while True:
            try:
                taken: Connection = self._pool.getconn(timeout=_SLICE_SECONDS)
            except PoolTimeout:
                failed_at, failure = self._failure or (0.0, None)
                if failure and failed_at >= since:
                    # Not the same object: several requests may raise it at a time.
                    raise type(failure)(str(failure)) from None
                if time.monotonic() - since > settings.PAGE_WAIT_SECONDS:
                    raise TransientError(
                        f"no connection to the database within {settings.PAGE_WAIT_SECONDS} s: it"
                        f" does not answer, or the page's {self._size} connections are busy"
                    ) from None
            else:
                return taken

    def _connect(self) -> Connection:
        try:
            return self._make()
        except MeterError as error:
            self._failure = (time.monotonic(), error)
            raise


def _connected(
    conninfo: str, timezone: str = "UTC", seconds: int = settings.PAGE_TIMEOUT_SECONDS
) -> Connection:
    return connect(
        make_conninfo(conninfo, **_NETWORK),
        timeout_seconds=seconds,
        application="nem12 page",
        timezone=timezone,
    )


def _reader() -> Connection:
    try:
        conninfo = warehouse_conninfo(settings.READER_CONNECTION_ID)
    except SetupError:
        conninfo = warehouse_conninfo()
    connection = _connected(conninfo, "Australia/Brisbane")
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    return connection


def _writer() -> Connection:
    return _connected(warehouse_conninfo())


def _withdrawer() -> Connection:
    return _connected(warehouse_conninfo(), seconds=settings.WITHDRAW_TIMEOUT_SECONDS)


_READERS: Final = Lender(_reader, settings.PAGE_CONNECTIONS)
_WRITERS: Final = Lender(_writer, 1)
_WITHDRAWERS: Final = Lender(_withdrawer, 1)
"""A pool of its own, so that quick requests do not wait for slow ones."""


@contextmanager
def reading() -> Iterator[Connection]:
    """A read-only transaction whose statements all see the same state; times are NEM time.

    Raises:
        SetupError: Airflow has no connection to the warehouse.
        TransientError: PostgreSQL does not answer, or too many ask it.
    """
    with _READERS.lent() as connection, explained(), connection.transaction():
        yield connection


@contextmanager
def writing() -> Iterator[Connection]:
    """A connection that may change the ledger; raises as `reading`."""
    with _WRITERS.lent() as connection:
        yield connection


@contextmanager
def withdrawing() -> Iterator[Connection]:
    """The same with a time limit for withdrawing a file; raises as `reading`."""
    with _WITHDRAWERS.lent() as connection:
        yield connection
