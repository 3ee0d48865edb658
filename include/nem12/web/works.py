"""Whether files are being loaded: DAGs, scheduler and triggerer, from Airflow's own tables.

The page runs in the api-server, which may read these tables; a task may not.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from airflow.api.common.airflow_health import HEALTHY, get_airflow_health
from airflow.jobs.job import Job
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.trigger import Trigger
from airflow.utils.session import create_session
from airflow.utils.state import TaskInstanceState
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from nem12.mdff.stamps import NEM_TIME
from nem12.settings import PAUSED, WATCH_DAG_ID
from nem12.web.glance import Glance

log = logging.getLogger(__name__)

SENSOR_TASK_ID: Final = "wait_for_drops"

_SILENT: Final = {
    "scheduler": "no task starts",
    "triggerer": "nothing checks the landing folder",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A reason why files are not being loaded.

    Attributes:
        text: In a sentence.
        path: Path of the page in Airflow that helps.
    """

    text: str
    path: str


@dataclass(frozen=True, slots=True)
class Works:
    """Why files are not being loaded, and when the watch last looked.

    Attributes:
        faults: Why nothing is being loaded; empty if there is no reason.
        last_look_at: When the watch last looked into the landing folder; None if never.
        known: Whether Airflow's database has answered.
    """

    faults: tuple[Fault, ...] = ()
    last_look_at: datetime | None = None
    known: bool = True


def _look() -> Works:
    try:
        with create_session() as session:
            faults = [*_dag_faults(session), *_silent()]
            last, failed = _watch(session)
    except Exception:
        log.warning("Airflow's state cannot be read", exc_info=True)
        return Works(known=False)
    return Works((*faults, *failed), last)


def _dag_faults(session: Session) -> Iterator[Fault]:
    rows = session.execute(
        select(DagModel.dag_id, DagModel.is_paused).where(
            DagModel.dag_id.in_(PAUSED), DagModel.is_stale.is_(False)
        )
    )
    paused: dict[str, bool] = {}
    paused.update((dag_id, is_paused) for dag_id, is_paused in rows)
    for dag_id, consequence in PAUSED.items():
        if dag_id not in paused:
            yield Fault(
                f"Airflow does not know the DAG {dag_id}: its file is not in the DAGs folder, or"
                " has an import error",
                "/dags",
            )
        elif paused[dag_id]:
            yield Fault(
                f"The DAG {dag_id} is paused: {consequence} until you unpause it", f"/dags/{dag_id}"
            )


def _silent() -> Iterator[Fault]:
    health = get_airflow_health()
    for name, consequence in _SILENT.items():
        if health[name]["status"] != HEALTHY:
            beat = health[name][f"latest_{name}_heartbeat"]
            silent = f"has not reported since {_nem(beat)}" if beat else "is not running"
            yield Fault(f"Airflow's {name} {silent}: {consequence}", "/")


def _watch(session: Session) -> tuple[datetime | None, list[Fault]]:
    """When the watch looked last, and whether it has failed."""
    newest = (
        select(DagRun.run_id)
        .where(DagRun.dag_id == WATCH_DAG_ID)
        .order_by(DagRun.id.desc())
        .limit(2)
    )
    run_ids = list(session.scalars(newest))
    rows = session.execute(
        select(
            TaskInstance.run_id,
            TaskInstance.state,
            func.coalesce(TaskInstance.end_date, TaskInstance.updated_at),
            Job.latest_heartbeat,
        )
        .outerjoin(Trigger, Trigger.id == TaskInstance.trigger_id)
        .outerjoin(Job, Job.id == Trigger.triggerer_id)
        .where(
            TaskInstance.dag_id == WATCH_DAG_ID,
            TaskInstance.run_id.in_(run_ids),
            TaskInstance.task_id == SENSOR_TASK_ID,
        )
    )
    sensors = {run_id: (state, changed, beat) for run_id, state, changed, beat in rows}
    last, faults = None, []
    for run_id in run_ids:
        state, changed, beat = sensors.get(run_id, (None, None, None))
        if state in (TaskInstanceState.FAILED, TaskInstanceState.UP_FOR_RETRY):
            if run_id == run_ids[0]:
                text = f"The DAG {WATCH_DAG_ID} fails: see the log of {SENSOR_TASK_ID}"
                faults.append(Fault(text, f"/dags/{WATCH_DAG_ID}"))
        elif last is None:
            # While the watch is deferred, the triggerer's heartbeat counts as a look: it looks
            # every second.
            last = beat if state == TaskInstanceState.DEFERRED else changed
    return last and last.astimezone(NEM_TIME), faults


def _nem(beat: str) -> str:
    return f"{datetime.fromisoformat(beat).astimezone(NEM_TIME):%Y-%m-%d %H:%M}"


works: Final = Glance(_look)
"""The state as of some seconds ago; None if Airflow's database does not answer."""
