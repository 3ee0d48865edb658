"""# Watch the landing folder for NEM12 files

One run waits at any time, deferred, without a worker slot. When there are complete files in the
landing folder, it claims them as one batch and starts one run of **nem12_load** for them; the next
run of this DAG goes on watching. A file of gigabytes that is loading does not delay others.

A file is complete when its name is not that of a partial upload (`.part`, `.tmp`, `.filepart`,
`.crdownload`, a leading dot), its size and modification time have not changed for two seconds, and
its content shows its end: a last record 900, a whole archive, a closed XML document. A file whose
content does not show its end is complete when it has not changed for a minute
(`METER_STANDSTILL_SECONDS`). Files in `strict/` and `lenient/` are checked by that profile. Each
claim is an event of the asset `nem12_drops`. Drops whose run has died are released within minutes,
and an alert is sent (`METER_NOTIFIERS`).

**There is nothing to trigger here.** Pause the DAG to stop loading; files that land meanwhile are
found when it is unpaused.
"""

from datetime import timedelta

import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.sdk import dag

from nem12 import settings
from nem12.airflow.plainly import RETRY_POLICY
from nem12.airflow.watch_tasks import WatchOperator


@dag(
    dag_id=settings.WATCH_DAG_ID,
    schedule="@continuous",
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    max_active_runs=1,
    catchup=False,
    default_args={
        "owner": "nem12",
        "retries": 3,
        "retry_delay": timedelta(seconds=10),
        "retry_policy": RETRY_POLICY,
    },
    tags=["nem12"],
    doc_md=__doc__,
)
def nem12_watch() -> None:
    """Wait, claim, start the load; or pause."""
    wait = WatchOperator(task_id="wait_for_drops")
    # The next run begins when this one ends: one that cannot even look must not end at once.
    wait >> TimeDeltaSensor(
        task_id="pause_after_failure",
        delta=timedelta(seconds=settings.WATCH_PAUSE_SECONDS),
        deferrable=True,
        trigger_rule="all_failed",
    )
    # A run is what its last tasks are: without this one a watch that failed would be green.
    wait >> EmptyOperator(task_id="load_started")


nem12_watch()
