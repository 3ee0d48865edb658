"""Sends alerts through any Airflow notifier; a failure here never breaks a load.

The last task of a run sends them, and the task that finds out that a run is gone.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, Final, cast

from airflow.sdk import BaseNotifier, get_current_context
from airflow.sdk.definitions.context import Context

from nem12 import settings
from nem12.airflow.links import file_page, files_page, run_page
from nem12.airflow.plainly import WHY
from nem12.airflow.warehouse import warehouse_connection
from nem12.errors import UsageError
from nem12.tell.alert import Alert, alert_of_silence, alert_of_unsettled_run, alerts_of_claim
from nem12.tell.notifiers import Notifier, configured, silent_hours
from nem12.warehouse.connect import Connection

log = logging.getLogger(__name__)

DEFAULTS: Final[dict[str, dict[str, str]]] = {
    "airflow.providers.smtp.notifications.smtp.SmtpNotifier": {
        "subject": "{{ alert.subject }}",
        "html_content": "{{ alert.html }}",
    }
}
"""Arguments of a notifier that the setting leaves out: its own defaults describe a task."""

PLAN_TASK_ID: Final = "claim_and_plan"
SETTLE_TASK_ID: Final = "settle_drops"

_FAILED: Final = ("failed", "upstream_failed")


def tell_of_run(settled: dict[str, Any] | None) -> None:
    """Send the alerts about refusals and failures of the current run; of a sweep also silence."""
    _tell(lambda: _of_run(get_current_context(), settled))


def tell_of_dead_run(connection: Connection, claim: str, run_id: str) -> None:
    """Send the alert about a run that is gone and its drops."""
    page, files = run_page(settings.LOAD_DAG_ID, run_id), files_page(run_id)
    _tell(lambda: alerts_of_claim(connection, claim, run_id, page, file_page, files))


def _of_run(context: Context, settled: dict[str, Any] | None) -> Iterator[Alert]:
    run = context["dag_run"]
    page = run_page(run.dag_id, run.run_id)
    if not settled:
        yield alert_of_unsettled_run(run.run_id, page, failed_tasks(context), why(context))
        return
    files = files_page(run.run_id)
    with warehouse_connection() as connection:
        yield from alerts_of_claim(connection, settled["claim"], run.run_id, page, file_page, files)
        hours = silent_hours()
        # A run of the watch has a file; a backfill says nothing of today.
        if hours and not (run.conf or {}).get("claim") and run.run_type != "backfill":
            silence = alert_of_silence(connection, settings.home(), hours, datetime.now(UTC))
            if silence is not None:
                yield silence


def why(context: Context) -> str:
    """The reason that a task of this run gave for its failure, or empty."""
    said = context["ti"].xcom_pull(task_ids=[PLAN_TASK_ID, SETTLE_TASK_ID], key=WHY)
    return next((str(line) for line in said or () if line), "")


def failed_tasks(context: Context) -> list[str]:
    """The tasks of this run that failed, or did not run because others had failed."""
    run = context["dag_run"]
    states = context["ti"].get_task_states(dag_id=run.dag_id, run_ids=[run.run_id])
    return [task for task, state in states.get(run.run_id, {}).items() if state in _FAILED]


def _tell(find: Callable[[], Iterable[Alert]]) -> None:
    """Send alerts; errors are only logged, since the load is more important."""
    try:
        notifiers = configured()
        for alert in find() if notifiers else ():
            log.info("%s", alert.subject)
            for notifier in notifiers:
                if alert.kind in notifier.on:
                    _send_once(notifier, alert)
    except UsageError as error:
        log.error("no alert was sent: %s", error)  # noqa: TRY400 - the line says all of it
    except Exception:
        log.exception("no alert was sent")


def _send_once(notifier: Notifier, alert: Alert) -> None:
    """Send an alert, unless an earlier try of this task has sent the same."""
    context = get_current_context()
    sent = context["task_state_store"]
    identity = f"{notifier}\n{alert.kind}\n{alert.run}\n{alert.text}"
    key = f"alert-{hashlib.sha256(identity.encode()).hexdigest()}"
    try:
        if sent.get(key):
            log.info("%s: the alert was sent before", notifier.classpath)
            return
        _send(notifier, alert, context)
        sent.set(key, value=True)
    except Exception:
        log.exception("%s failed to send the alert: %s", notifier.classpath, alert.subject)


def _send(notifier: Notifier, alert: Alert, context: Context) -> None:
    kind = _class(notifier.classpath)
    kwargs = {**DEFAULTS.get(notifier.classpath, {}), **notifier.kwargs}
    # The notifier renders its fields itself, once: rendered twice, what stands in a file's name
    # would be a template.
    with_alert = cast("Context", {**context, "alert": alert})
    if kind.notify is not BaseNotifier.notify:
        kind(**kwargs)(with_alert)
    else:
        asyncio.run(_awaited(kind(context=with_alert, **kwargs)))


async def _awaited(notifier: BaseNotifier) -> None:
    await notifier


def _class(classpath: str) -> type[BaseNotifier]:
    module, _, name = classpath.rpartition(".")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"METER_NOTIFIERS: {classpath} cannot be imported: {error}") from None
    if not (isinstance(found, type) and issubclass(found, BaseNotifier)):
        raise UsageError(f"METER_NOTIFIERS: {classpath} is not a notifier of Airflow")
    return found
