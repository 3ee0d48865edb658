"""PostgreSQL servers for the tests: the embedded one, and what else the machine has."""

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from nem12 import settings
from nem12.local import embedded
from nem12.local.embedded.account import of_caller
from nem12.local.embedded.bootstrap import make_roles
from nem12.warehouse.migrate import migrate_schema

TEMPLATE = "meter_template"

SERVERS = ("embedded", "other")

only_embedded = pytest.mark.parametrize("databases", ["embedded"], indirect=True, scope="session")
"""For tests that are slow, or whose promise does not depend on the version of the server."""

ODD = {
    "array_nulls": "off",
    "client_encoding": "latin1",
    "datestyle": "SQL, DMY",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "intervalstyle": "sql_standard",
    "jit": "on",
    "standard_conforming_strings": "off",
    "timezone": "Australia/Sydney",  # 2024-04-07 has 25 hours there, 2024-10-06 has 23
    "transform_null_equals": "on",
}
"""What a client, role or database may prefer, and what would break us."""


def preferring(settings: Mapping[str, str]) -> str:
    """These settings as PGOPTIONS."""
    escaped = {name: value.replace(" ", "\\ ") for name, value in settings.items()}
    return " ".join(f"-c {name}={value}" for name, value in escaped.items())


CONFIGURATION = """
listen_addresses = ''
unix_socket_directories = '{socket}'
port = {port}
timezone = 'Australia/Sydney'  # has daylight saving: nothing may depend on the server's zone
fsync = off
synchronous_commit = off
full_page_writes = off
max_prepared_transactions = 4
"""


def home_in(root: Path) -> settings.FolderHome:
    return settings.Home.below(root)


def discard(root: Path) -> None:
    """Remove a home, and the data of its server where that had to lie elsewhere."""
    postgres = root / "postgres"
    if postgres.is_symlink():
        shutil.rmtree(postgres.readlink(), ignore_errors=True)
    shutil.rmtree(root, ignore_errors=True)


@contextmanager
def passable_folder() -> Iterator[Path]:
    """A folder that the server's account can reach, as pytest's own cannot be."""
    root = Path(tempfile.mkdtemp(prefix="nem12-test-"))
    root.chmod(0o755)
    try:
        yield root
    finally:
        discard(root)


def other_programs() -> Path | None:
    """The programs of another PostgreSQL: TEST_POSTGRES_BIN, or the newest of Debian's."""
    given = os.environ.get("TEST_POSTGRES_BIN")
    if given:
        return Path(given)
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    return found[-1].parent if found else None


def _version(initdb: Path) -> int:
    return int(initdb.parts[-3])


@contextmanager
def embedded_server() -> Iterator[embedded.Server]:
    """The embedded server with a home of its own."""
    with passable_folder() as root, embedded.server(home_in(root)) as server:
        # Test databases are made by the hundred and outlive no crash.
        with psycopg.connect(server.uri(embedded.SUPERUSER), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("ALTER SYSTEM SET synchronous_commit = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server


@contextmanager
def other_server(programs: Path) -> Iterator[embedded.Server]:
    """A server by other programs, with the same roles and databases."""
    account = of_caller()
    with passable_folder() as root:
        data, log = root / "data", root / "server.log"
        for folder in (data, root / "run"):
            folder.mkdir(mode=0o700)
            os.chown(folder, account.uid, account.gid)
        log.touch()
        os.chown(log, account.uid, account.gid)
        _run(account.run([
            programs / "initdb", "--auth=trust", "--encoding=UTF8", "--locale=C",
            f"--username={embedded.SUPERUSER}", f"--pgdata={data}",
        ]))  # fmt: skip
        text = CONFIGURATION.format(socket=root / "run", port=embedded.PORT)
        with (data / "postgresql.conf").open("a") as file:
            file.write(text)
        control: list[str | Path] = [programs / "pg_ctl", "-D", data, "-w", "-s"]
        _run(account.run([*control, "-l", log, "start"]))
        try:
            server = embedded.Server(programs, root / "run", log, lambda: None)
            make_roles(server.uri(embedded.SUPERUSER, "postgres"))
            yield server
        finally:
            _run(account.run([*control, "-m", "immediate", "stop"]))


def _run(done: tuple[int, str]) -> None:
    status, output = done
    assert status == 0, output


@dataclass(frozen=True)
class Warehouse:
    """A migrated database of a test's own."""

    server: embedded.Server
    name: str

    def uri(self, role: str = settings.LOADER_ROLE) -> str:
        return self.server.uri(role, self.name)

    @property
    def owner(self) -> str:
        return self.uri(settings.OWNER_ROLE)

    @property
    def loader(self) -> str:
        return self.uri(settings.LOADER_ROLE)

    def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """What a query gives, asked as the owner on a connection of its own."""
        with psycopg.connect(self.owner) as connection:
            connection.execute("SET timezone = 'UTC'")
            return connection.execute(query.encode(), values or None).fetchall()

    def one(self, query: str, *values: object) -> object:
        """The one value that a query gives."""
        ((value,),) = self.rows(query, *values)
        return value

    def empty(self) -> None:
        """Take everything out, partitions too, as if the database were new."""
        with psycopg.connect(self.owner) as connection:
            connection.execute(_EMPTY)

    def psql(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run the server's own psql as the loader."""
        command = [self.server.bin / "psql", "-X", "-q", *arguments, self.loader]
        return subprocess.run(command, capture_output=True, text=True, check=False)


_EMPTY = b"""
DO $$
DECLARE
    partition regclass;
BEGIN
    FOR partition IN
        SELECT m.partition FROM meter_partitions m
        UNION SELECT to_regclass('meter_day_versions_passing')
    LOOP
        CONTINUE WHEN partition IS NULL;
        EXECUTE format('DROP TABLE %s', partition);
    END LOOP;
    TRUNCATE meter_readings, meter_days, meter_day_versions, meter_files, meter_batches,
        meter_batch_parts, meter_refusals, meter_warnings, meter_refused_days,
        meter_drops, meter_drop_files, meter_arrivals,
        meter_daily_totals, meter_kept_from, meter_expected_nmis, meter_channel_ends,
        meter_changes, meter_consumers, meter_replaced_versions, meter_200s
        RESTART IDENTITY;
END $$
"""


class Databases:
    """Gives out databases of one server, each a copy of one that was migrated once.

    A copy takes 0.3 s and emptying one a tenth of that: those that come back are used again.
    """

    def __init__(self, server: embedded.Server) -> None:
        self._server = server
        self._numbers = itertools.count()
        self._idle: list[Warehouse] = []
        self._create(TEMPLATE, "template0")
        migrate_schema(server.uri(dbname=TEMPLATE))

    @contextmanager
    def migrated(self) -> Iterator[Warehouse]:
        """A migrated database without rows and partitions."""
        warehouse = self._idle.pop() if self._idle else self._copy(TEMPLATE)
        yield warehouse
        # Not after a failure: what the test left behind may be the fault.
        self._end_sessions(warehouse)
        warehouse.empty()
        self._idle.append(warehouse)

    def copy(self) -> Warehouse:
        """A migrated database that nobody uses again."""
        return self._copy(TEMPLATE)

    def bare(self, options: str = "") -> Warehouse:
        """A database that nobody has migrated."""
        return self._copy(f"template0 {options}")

    def _end_sessions(self, warehouse: Warehouse) -> None:
        self._execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            f" WHERE datname = '{warehouse.name}'"
        )

    def _copy(self, template: str) -> Warehouse:
        name = f"test_{next(self._numbers)}"
        self._create(name, template)
        return Warehouse(self._server, name)

    def _create(self, name: str, template: str) -> None:
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER {settings.OWNER_ROLE}")

    def _execute(self, statement: str) -> None:
        uri = self._server.uri(embedded.SUPERUSER, "postgres")
        with psycopg.connect(uri, autocommit=True) as connection:
            connection.execute(statement.encode())


def with_password(uri: str, password: str) -> str:
    """The URI with a password in it."""
    return uri.replace("@", f":{quote(password)}@", 1)
