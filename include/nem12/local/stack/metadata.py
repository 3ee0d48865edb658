"""Airflow's own tables."""

import json
import subprocess
import sys
from importlib import metadata

import psycopg

from nem12 import settings
from nem12.errors import TerminalError
from nem12.local.embedded import Server
from nem12.local.stack.processes import tail


def migrate(home: settings.Home, server: Server, env: dict[str, str]) -> None:
    """Bring Airflow's tables to the installed version; nothing is run when they are there.

    Raises:
        TerminalError: it failed; the text has the end of the log.
    """
    record = home.airflow / "migrated.json"
    installed = metadata.version("apache-airflow")
    revision = _revision(server)
    if revision and record.exists() and json.loads(record.read_text()) == [installed, revision]:
        return
    log = home.airflow / "components" / "migration.log"
    with log.open("ab") as output:
        status = subprocess.run(
            [sys.executable, "-m", "airflow", "db", "migrate"],
            check=False,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        ).returncode
    if status:
        raise TerminalError(f"Airflow cannot make its tables; the end of {log}:\n{tail(log)}")
    record.write_text(json.dumps([installed, _revision(server)]), encoding="utf-8")


def _revision(server: Server) -> str | None:
    """The version of the tables in the database, or None when there are none."""
    with psycopg.connect(server.uri(dbname=settings.AIRFLOW_DATABASE)) as connection:
        if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(row[0]) if row else None
