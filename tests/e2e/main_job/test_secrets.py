"""Nothing that is written down holds a secret, whatever goes wrong."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from nem12 import settings
from nem12.errors import TransientError
from nem12.warehouse.connect import connect
from tests.support.deliveries import Day, delivery
from tests.support.installation import PASSWORD, RUNS, Running, set_password

pytestmark = pytest.mark.e2e

NMI = "4103088888"


def spelled(secret: str) -> set[str]:
    """A secret as it stands in texts, URIs, JSON and statements."""
    return {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], secret.replace("'", "''")}


def written(running: Running) -> Iterator[Path]:
    """All files of the installation but the server's data and the two that keep secrets."""
    yield running.server.log
    for path in running.home.root.rglob("*"):
        kept = path.name in ("secrets.json", running.airflow.password_file.name)
        if path.is_file() and not kept and not path.is_relative_to(running.home.postgres):
            yield path


def places(running: Running, *secrets: str) -> set[str]:
    """The files and tables that hold one of the secrets."""
    spellings = {spelling for secret in secrets for spelling in spelled(secret)}
    found = set()
    for path in written(running):
        text = path.read_text(errors="replace")
        if any(spelling in text for spelling in spellings):
            found.add(str(path.relative_to(running.home.root)))
    for database in (settings.DATABASE, settings.AIRFLOW_DATABASE):
        with psycopg.connect(running.server.uri(dbname=database)) as connection:
            tables = connection.execute(
                "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p')"
                " AND relnamespace = 'public'::regnamespace"
            ).fetchall()
            for (table,) in tables:
                query = f"SELECT 1 FROM {table} t WHERE t::text LIKE ANY(%s) LIMIT 1"
                patterns = [f"%{like(spelling)}%" for spelling in spellings]
                if connection.execute(query.encode(), (patterns,)).fetchone():
                    found.add(table)
    return found


def like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def task_state(running: Running, run: str, task: str) -> str:
    found = running.airflow.api("GET", f"{RUNS}/{quote(run)}/taskInstances")["task_instances"]
    return next((str(each["state"]) for each in found if each["task_id"] == task), "")


def test_a_wrong_password_is_tried_again_and_told_to_nobody(running: Running) -> None:
    set_password(running.server, "another")
    run = running.trigger(files=["*"])
    running.until(lambda: task_state(running, run, "claim_and_plan") == "up_for_retry")
    set_password(running.server, PASSWORD)
    running.ended(run)
    # It reached the ledger: there may be nothing to load.
    assert task_state(running, run, "claim_and_plan") in ("success", "skipped")
    logs = (running.home.airflow / "logs").rglob("*.log")
    said = [log for log in logs if "password authentication failed" in log.read_text()]
    assert said
    assert places(running, PASSWORD) == set()


def test_a_statement_that_fails_shows_neither_secrets_nor_sql(running: Running) -> None:
    with psycopg.connect(running.server.uri()) as owner:
        owner.execute(
            f"ALTER TABLE meter_day_versions ADD CHECK (nmi <> '{NMI}') NOT VALID".encode()
        )
    landed = running.home.landing / "failing.csv"
    landed.write_bytes(delivery(Day(nmi=NMI, value="987.125")))
    running.until(lambda: running.of(landed, "state") == "waiting")
    assert running.load_run(landed)["state"] == "failed"
    claim = running.of(landed, "claim")
    told = places(running, claim)
    assert {"rendered_task_instance_fields", "xcom", "meter_drops"} <= told
    (log,) = (running.home.airflow / "logs").rglob(f"*{claim}*/task_id=load.apply/**/*.log")
    assert "violates check constraint" in log.read_text()
    secrets = json.loads((running.home.airflow / "secrets.json").read_text())
    assert places(running, PASSWORD, *secrets.values()) == set()
    told = places(running, "INSERT INTO meter_day_versions", "987.125,987.125")
    assert not [place for place in told if place.startswith("airflow/")]


def test_a_server_that_is_down_is_told_without_the_password(tmp_path: Path) -> None:
    uri = f"postgresql://nem12_loader:{quote(PASSWORD, safe='')}@/meter?host={tmp_path}"
    with pytest.raises(TransientError, match="cannot be reached") as refused:
        connect(uri)
    assert not [spelling for spelling in spelled(PASSWORD) if spelling in str(refused.value)]
