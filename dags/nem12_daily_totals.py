"""# Keep daily totals: an example of a DAG that follows `meter_readings`

The table `meter_daily_totals` has for each channel and day what the view `meter_daily` computes at
every query: sum, average, minimum, maximum, count, share of estimates. This DAG is **paused** until
you want it.

It runs after each event of the asset `meter_readings`, which every load sends that has changed
readings. The event only starts the run: Airflow may make one run of several events and pass only
the first of them, and a withdrawn file sends none. What has changed is in the table
`meter_changes`, of which the run reads what it has not read yet; it reads those days only. The
first run sums up all days. *Trigger* starts a run at once.

A run ends when it has read all changes that there were at its start. While a transaction runs that
is older than such a change, its task is deferred; `status` says who that is.
"""

import pendulum
from airflow.sdk import dag

from nem12.airflow.assets import METER_READINGS
from nem12.airflow.consumers import ConsumerOperator
from nem12.airflow.load_tasks import RETRIES
from nem12.daily_totals.totals import CHANGES_A_TRANSACTION, DailyTotals


@dag(
    dag_id="nem12_daily_totals",
    schedule=[METER_READINGS],
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    max_active_runs=1,
    catchup=False,
    is_paused_upon_creation=True,
    default_args={"owner": "nem12"},
    tags=["nem12"],
    doc_md=__doc__,
)
def nem12_daily_totals() -> None:
    """One task."""
    ConsumerOperator(
        task_id="refresh_totals", consumer=DailyTotals, most=CHANGES_A_TRANSACTION, **RETRIES
    )


nem12_daily_totals()
