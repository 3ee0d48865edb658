"""The embedded PostgreSQL 18: programs from a wheel, reached by a unix socket."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from nem12 import settings
from nem12.local.embedded.bootstrap import make_roles
from nem12.local.embedded.cluster import SUPERUSER, Cluster
from nem12.local.embedded.machine import PORT
from nem12.local.embedded.place import DATA, find_place, programs

__all__ = ["PORT", "SUPERUSER", "Server", "exists", "server"]


@dataclass(frozen=True)
class Server:
    """A running server: how to reach it, and its programs.

    Attributes:
        ensure_running: Starts it again if it died; a UsageError names the log if it cannot.
    """

    bin: Path
    socket: Path
    log: Path
    ensure_running: Callable[[], None]

    def uri(self, user: str = settings.OWNER_ROLE, dbname: str = settings.DATABASE) -> str:
        """The libpq URI of a database, through the socket."""
        # With the port: PGPORT of the environment would name another socket.
        return f"postgresql://{quote(user)}@/{quote(dbname)}?host={self.socket}&port={PORT}"

    def airflow_uri(self, dbname: str = settings.AIRFLOW_DATABASE) -> str:
        """The same for SQLAlchemy, as the owner."""
        return self.uri(dbname=dbname).replace("postgresql://", "postgresql+psycopg://", 1)

    def airflow_connection(self, role: str, dbname: str = settings.DATABASE) -> str:
        """An Airflow connection of a role to a database, as JSON for AIRFLOW_CONN_ and its name."""
        return json.dumps(
            {
                "conn_type": "postgres",
                "host": str(self.socket),
                "port": PORT,
                "login": role,
                "schema": dbname,
            }
        )


def exists(home: settings.Home) -> bool:
    """Whether the server of `home` was ever made; also where the folder of its data is gone since.

    A first start that failed, as on a full disk, leaves no data.
    """
    folder = home.postgres
    try:
        (folder / DATA).stat()
    except (FileNotFoundError, NotADirectoryError):
        return folder.is_symlink() and not folder.exists()
    except PermissionError:
        pass  # it is another user's, and the server's start says so
    return True


@contextmanager
def server(home: settings.Home) -> Iterator[Server]:
    """Have the server of `home` running in the block; the last one to leave stops it.

    A server that a killed process left behind is found and used. The first use makes the data,
    the roles and the databases.

    Raises:
        UsageError: the server cannot run here; the text says what to do.
    """
    settings.make_root(home.root)
    gate = home.root / "postgres.lock"
    with _locked(gate):
        place = find_place(home)
        cluster = Cluster(place, programs(place.account), place.socket())
        users = os.open(place.users_lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(users, fcntl.LOCK_SH)
            cluster.ensure_running()
            running = Server(cluster.bin, cluster.socket, place.log, lambda: _ensure(cluster, gate))
            make_roles(running.uri(SUPERUSER, "postgres"))
        except BaseException:
            os.close(users)
            raise
    try:
        yield running
    finally:
        with _locked(gate):
            try:
                # Never wait: another process that holds the lock uses the server.
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                cluster.stop()
            finally:
                os.close(users)


def _ensure(cluster: Cluster, gate: Path) -> None:
    with _locked(gate):
        cluster.ensure_running()


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Hold an exclusive lock, which ends with the process however that ends."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
