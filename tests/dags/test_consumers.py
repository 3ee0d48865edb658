"""The operator of a consumer waits for older transactions, and holds no worker while it does."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import cast

import psycopg
import pytest
from airflow.sdk.definitions.context import Context
from airflow.sdk.exceptions import TaskDeferred
from airflow.triggers.base import TriggerEvent

from nem12 import settings
from nem12.airflow.consumers import ChangesTrigger, ConsumerOperator
from nem12.daily_totals.totals import DailyTotals
from nem12.local.embedded import Server
from nem12.warehouse.connect import connect
from tests.support.deliveries import Day, delivery, load

CONTEXT = cast("Context", {"triggering_asset_events": {}})


async def _fires(trigger: ChangesTrigger, *, within: float) -> object:
    """The trigger's event; None if it has not fired in so many seconds."""
    events = cast("AsyncGenerator[TriggerEvent]", trigger.run())
    try:
        return (await asyncio.wait_for(anext(events), within)).payload
    except TimeoutError:
        return None
    finally:
        await events.aclose()


def test_a_run_whose_event_comes_while_an_older_batch_runs_waits_for_its_end(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setenv("AIRFLOW_CONN_METER_DB", server.airflow_connection(settings.LOADER_ROLE))
    caplog.set_level("INFO")
    operator = ConsumerOperator(task_id="refresh", consumer=DailyTotals, most=10)
    operator.execute(CONTEXT)
    with (
        connect(server.uri(settings.LOADER_ROLE)) as loader,
        psycopg.connect(server.uri(settings.LOADER_ROLE)) as batch,
    ):
        load(loader, tmp_path, delivery(Day()))
        batch.execute("SELECT pg_current_xact_id()")
        load(loader, tmp_path, delivery(Day(suffix="E2")))
        with pytest.raises(TaskDeferred) as deferred:
            operator.execute(CONTEXT)
        assert f"when session {batch.info.backend_pid}" in caplog.text
        trigger = cast("ChangesTrigger", deferred.value.trigger)
        assert asyncio.run(_fires(trigger, within=0.5)) is None
        batch.rollback()
    event = asyncio.run(_fires(trigger, within=60))
    assert event == {}
    done = operator.resume(CONTEXT, event={}, **(deferred.value.kwargs or {}))
    days = {"first_day": "2024-03-10", "last_day": "2024-03-10"}
    assert done == {"channel_days": 2, **days}
