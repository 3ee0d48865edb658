"""Runs that race for the same files: each file is loaded by one of them, the others end cleanly."""

import os
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from nem12 import settings
from nem12.operate.verify import differences
from tests.support.deliveries import Day, delivery
from tests.support.installation import ENDED, RUNS, Running

pytestmark = pytest.mark.e2e

NMI = "4103099999"


def land(running: Running, count: int) -> list[Path]:
    """Files that have not changed for long: any run may claim them."""
    landed = []
    for number in range(count):
        data = delivery(Day(date(2023, 1, 1) + timedelta(days=number), nmi=NMI, minutes=5))
        path = running.home.landing / f"race-{number:02}.csv"
        beside = path.with_name(f".{path.name}")
        beside.write_bytes(data)
        os.utime(beside, (1_700_000_000, 1_700_000_000))
        landed.append(beside.replace(path))
    return landed


def backfill(running: Running, first: str, last: str) -> None:
    """`airflow backfill create`, by the API."""
    body = {"dag_id": settings.LOAD_DAG_ID, "from_date": first, "to_date": last}
    running.airflow.api("POST", "/api/v2/backfills", body)


def settlement(running: Running, run: str) -> dict[str, Any]:
    """What a load run says it has done."""
    path = f"{RUNS}/{quote(run)}/taskInstances/settle_drops/xcomEntries/return_value"
    found: dict[str, Any] = running.airflow.api("GET", path)["value"]
    return found


def test_watch_manual_runs_and_backfill_load_each_file_once(running: Running) -> None:
    before = running.runs()
    manual = [running.trigger(files=["race-*.csv"]) for _ in range(2)]
    backfill(running, "2024-05-01", "2024-05-02")
    landed = land(running, 24)
    manual += [running.trigger(files=["race-*.csv", "race-00.csv"])]

    def new() -> dict[str, str]:
        return {run: state for run, state in running.runs().items() if run not in before}

    def done() -> bool:
        states = new()
        backfilled = sum(run.startswith("backfill__") for run in states)
        return backfilled == 2 and set(states.values()) <= set(ENDED)

    running.until(lambda: not any(path.exists() for path in landed))
    running.until(done)
    assert set(new()) >= set(manual)
    # A run by hand fails where others have taken all that its pattern matches.
    assert {state for run, state in new().items() if run not in manual} == {"success"}
    loaded = [run for run, state in new().items() if state == "success"]
    said = [settlement(running, run)["files"] for run in loaded]
    assert sum(files.get("loaded", 0) for files in said) == 24
    assert sum(files.get("duplicate", 0) for files in said) == 0
    drops = running.connection.execute(
        "SELECT count(*), min(attempt), max(attempt), min(outcome), max(outcome)"
        " FROM meter_drops WHERE uri LIKE '%/race-%'"
    ).fetchall()
    assert drops == [(24, 1, 1, "loaded", "loaded")]
    readings = running.connection.execute(
        "SELECT count(*) FROM meter_readings WHERE nmi = %s", (NMI,)
    ).fetchone()
    assert readings == (24 * 288,)
    assert [words for words, difference in differences(running.connection) if difference] == []
