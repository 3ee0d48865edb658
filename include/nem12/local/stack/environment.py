"""The environment of the components: addresses, secrets, Airflow's settings."""

import base64
import json
import os
import secrets
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nem12 import settings
from nem12.errors import UsageError
from nem12.local.embedded import Server

HOST: Final = "127.0.0.1"
USER: Final = "admin"
PASSED: Final = ("AIRFLOW_CONN_", "AIRFLOW__OPENLINEAGE__")

Options = Mapping[str, Mapping[str, object]]
"""Airflow's options by section."""


@dataclass(frozen=True)
class Secrets:
    """Made once for each METER_HOME."""

    fernet_key: str
    jwt_secret: str
    api_secret_key: str
    password: str

    @classmethod
    def of(cls, folder: Path) -> "Secrets":
        """The secrets kept in `folder`, made at the first use; only their owner may read them."""
        file = folder / "secrets.json"
        try:
            return cls(**json.loads(file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            made = cls(
                fernet_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
                jwt_secret=secrets.token_urlsafe(64),
                api_secret_key=secrets.token_urlsafe(32),
                password=secrets.token_urlsafe(12),
            )
            write_private(file, json.dumps(vars(made)))
            return made


def free_port(wanted: Sequence[int]) -> int:
    """The first of these ports on which no program listens; 0 means any free port.

    Raises:
        UsageError: None of them is free.
    """
    for port in wanted:
        with suppress(OSError), socket.socket() as listener:
            # What is left of connections that have ended does not make a port taken.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((HOST, port))
            listener.listen(1)
            return int(listener.getsockname()[1])
    raise UsageError(f"port {wanted[0]} of {HOST} is taken, or may not be used: name another")


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    beside = file.with_name(f"{file.name}.new")
    beside.unlink(missing_ok=True)
    beside.touch(mode=0o600)
    beside.write_text(text, encoding="utf-8")
    beside.replace(file)


def password_file(home: settings.Home) -> Path:
    """The file with the login's password, as JSON."""
    return home.airflow / "passwords.json"


def environment(
    home: settings.Home, server: Server, port: int, own: Secrets, more: Options
) -> dict[str, str]:
    """The whole environment of a component, or of the `airflow` command.

    Args:
        home: Where its state is.
        server: The running database.
        port: Where the api-server listens.
        own: Secrets of this home.
        more: Options beside those made here, or in place of them.
    """
    url = f"http://{HOST}:{port}"
    database = server.airflow_uri(settings.AIRFLOW_DATABASE)
    options: dict[str, Mapping[str, object]] = {
        "core": {
            "auth_manager": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager"
            ".SimpleAuthManager",
            "dags_are_paused_at_creation": False,
            "dags_folder": settings.shipped("dags"),
            "execution_api_server_url": f"{url}/execution/",
            "executor": "LocalExecutor",
            "fernet_key": own.fernet_key,
            "load_examples": False,
            "parallelism": settings.parallelism(),
            "plugins_folder": home.airflow / "plugins",
            "simple_auth_manager_all_admins": False,
            "simple_auth_manager_passwords_file": password_file(home),
            "simple_auth_manager_users": f"{USER}:admin",
        },
        "database": {"sql_alchemy_conn": database, "sql_alchemy_conn_async": database},
        "api": {
            "base_url": url,
            "host": HOST,
            "port": port,
            "secret_key": own.api_secret_key,
            "workers": 1,
        },
        "api_auth": {"jwt_secret": own.jwt_secret},
        "logging": {"base_log_folder": home.airflow / "logs"},
        # Parsing a file starts a process that imports Airflow: no more often than by default. A
        # new file is found by `refresh_interval`.
        "dag_processor": {"min_file_process_interval": 30, "refresh_interval": 10},
        "scheduler": {
            # After a crash of the scheduler its tasks are found within half a minute, not in five.
            "orphaned_tasks_check_interval": 30,
            "scheduler_health_check_threshold": 30,
            # A small file passes five tasks one after the other, and each waits for this. Looking
            # more often costs 5 % of a core.
            "scheduler_idle_sleep_time": 0.25,
        },
        # How soon the triggers of a dead triggerer are taken over; the watch is one of them.
        "triggerer": {"triggerer_health_check_threshold": 15},
        "usage_data_collection": {"enabled": False},
    }
    env = {name: text for name, text in os.environ.items() if _passes(name)}
    for section in options.keys() | more.keys():
        for key, value in {**options.get(section, {}), **more.get(section, {})}.items():
            env[f"AIRFLOW__{section.upper()}__{key.upper()}"] = str(value)
    return env | {
        "AIRFLOW_HOME": str(home.airflow),
        f"AIRFLOW_CONN_{settings.CONNECTION_ID.upper()}": server.airflow_connection(
            settings.LOADER_ROLE
        ),
        f"AIRFLOW_CONN_{settings.READER_CONNECTION_ID.upper()}": server.airflow_connection(
            settings.READER_ROLE
        ),
        # Texts and names are UTF-8, whatever the locale of who starts it.
        "PYTHONUTF8": "1",
        "METER_HOME": str(home.root),
        "METER_LANDING": str(home.landing),
        "METER_STAGING": str(home.staging),
        "METER_ARCHIVE": str(home.archive),
        "METER_REJECTED": str(home.rejected),
        # A proxy of the environment must not get what the components tell each other.
        "NO_PROXY": f"{HOST},localhost",
        "no_proxy": f"{HOST},localhost",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
    }


def _passes(name: str) -> bool:
    """Settings of another Airflow stay outside, but lineage and connections are the user's."""
    return not name.startswith("AIRFLOW") or name.startswith(PASSED)
