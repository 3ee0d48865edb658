"""A real pgbouncer in transaction mode before a server of the tests."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nem12 import settings
from nem12.local import embedded
from nem12.local.embedded.account import of_caller
from tests.support.servers import Warehouse, passable_folder

_PORT = 6432
_CONFIGURATION = """
[databases]
* = host={server.socket} port={port}
[pgbouncer]
listen_addr =
listen_port = {listen}
ignore_startup_parameters = extra_float_digits
unix_socket_dir = {folder}
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 1
server_reset_query =
logfile = {folder}/log
pidfile = {folder}/pid
"""


def installed() -> str:
    """Its program; skips without it."""
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if not program:
        pytest.skip("pgbouncer is not installed: apt-get install pgbouncer")
    return program


@contextmanager
def pooled(warehouse: Warehouse) -> Iterator["Pooled"]:
    """The same database by way of a pooler with one connection for each role."""
    program = installed()
    account = of_caller()
    with passable_folder() as folder:
        ini = folder / "pgbouncer.ini"
        ini.write_text(
            _CONFIGURATION.format(
                server=warehouse.server, port=embedded.PORT, folder=folder, listen=_PORT
            )
        )
        users = (settings.OWNER_ROLE, settings.LOADER_ROLE, settings.READER_ROLE)
        (folder / "users").write_text("".join(f'"{user}" ""\n' for user in users))
        # A command that ran before may have set a umask.
        for path in (folder, *folder.iterdir()):
            os.chown(path, account.uid, account.gid)
        other = not account.is_caller
        process = subprocess.Popen(
            [program, ini],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=account.uid if other else None,
            group=account.gid if other else None,
            extra_groups=[] if other else None,
        )
        try:
            _await_socket(folder / f".s.PGSQL.{_PORT}", process, folder / "log")
            yield Pooled(warehouse.server, warehouse.name, folder)
        finally:
            process.terminate()
            process.wait()


class Pooled(Warehouse):
    """The database behind the pooler."""

    _folder: Path

    def __init__(self, server: embedded.Server, name: str, folder: Path) -> None:
        super().__init__(server, name)
        object.__setattr__(self, "_folder", folder)

    @property
    def address(self) -> dict[str, str | int]:
        """As an Airflow connection has it."""
        return {"host": str(self._folder), "port": _PORT}

    def uri(self, role: str = settings.LOADER_ROLE) -> str:
        return f"postgresql://{role}@/{self.name}?host={self._folder}&port={_PORT}"


def _await_socket(socket: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 20
    while not socket.exists():
        assert process.poll() is None, f"pgbouncer has ended: {log.read_text()}"
        assert time.monotonic() < deadline, "pgbouncer does not listen"
        time.sleep(0.02)
