"""A try of the watch that is cut short: the next one goes on where it ended."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest
from airflow.sdk.definitions.context import Context
from airflow.sdk.exceptions import DagRunTriggerException, TaskDeferred

from nem12 import settings
from nem12.airflow.assets import NEM12_DROPS
from nem12.airflow.triggers import DropTrigger
from nem12.airflow.watch_tasks import WatchOperator
from nem12.drop import drops
from nem12.local.embedded import Server
from nem12.settings import FolderHome
from nem12.warehouse import ledger
from nem12.warehouse.connect import connect
from tests.dags.conftest import put


@dataclass
class Try:
    """A try of the task.

    Attributes:
        load_runs: How many load runs of the claim there are.
    """

    try_number: int
    load_runs: int = 0

    def get_dr_count(self, **_: object) -> int:
        return self.load_runs

    def xcom_push(self, key: str, value: object) -> None:
        pass


def context(attempt: Try) -> dict[str, Any]:
    events = {NEM12_DROPS: SimpleNamespace(extra={})}
    return {"run_id": "the watch", "ti": attempt, "outlet_events": events}


@pytest.fixture
def claimed(server: Server, home: FolderHome, monkeypatch: pytest.MonkeyPatch) -> str:
    """The claim that the first try made of what landed; another run has one too."""
    connection = server.airflow_connection(settings.LOADER_ROLE)
    monkeypatch.setenv("AIRFLOW_CONN_METER_DB", connection)
    for name in ("a.csv", "b.csv", "c.csv"):
        put(home.landing / name, b"100,NEM12,")
    first, *others = drops(home)
    with connect(server.uri(settings.LOADER_ROLE)) as ledger_connection:
        ledger.claim(ledger_connection, [first], by="another run")
        return ledger.claim(ledger_connection, others, by="the watch")[0]


def test_it_starts_the_run_of_a_claim_that_was_made(claimed: str) -> None:
    again = context(Try(2))
    with pytest.raises(DagRunTriggerException) as started:
        WatchOperator(task_id="wait").execute(cast("Context", again))
    assert started.value.dag_run_id == f"nem12__{claimed}"
    assert started.value.conf == {"claim": claimed}
    assert again["outlet_events"][NEM12_DROPS].extra == {"claim": claimed, "drops": 2}


def test_it_sends_the_event_of_a_run_that_was_started(claimed: str) -> None:
    again = context(Try(2, load_runs=1))
    WatchOperator(task_id="wait").execute(cast("Context", again))
    assert again["outlet_events"][NEM12_DROPS].extra == {"claim": claimed, "drops": 2}


@pytest.mark.parametrize(("number", "run"), [(1, "the watch"), (2, "a later run")])
def test_without_one_it_waits(claimed: str, number: int, run: str) -> None:
    assert claimed
    fresh = {**context(Try(number)), "run_id": run}
    with pytest.raises(TaskDeferred):
        WatchOperator(task_id="wait").execute(cast("Context", fresh))


@pytest.mark.parametrize(
    ("took", "pause"), [(0.002, 0.25), (0.02, 0.4), (0.2, 1.0)], ids=["empty", "full", "bucket"]
)
def test_it_looks_the_more_often_the_less_a_look_takes(took: float, pause: float) -> None:
    trigger = DropTrigger("meter_db", 2, 60, 15, settings.SCAN_SECONDS)
    assert trigger.pause(took) == pytest.approx(pause)
