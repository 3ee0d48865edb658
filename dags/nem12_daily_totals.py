"""# Keep daily totals: an example of a DAG that follows `meter_readings`

The table `meter_daily_totals` has for each channel and day what the view `meter_daily` computes at
every query: sum, average, minimum, maximum, count, share of estimates. This DAG is **paused** until
you want it.

It runs after each event of the asset `meter_readings`, which every load sends that has changed
readings. The event only starts the run: Airflow may make one run of several events and pass only
the first of them, and a withdrawn file sends none. The task therefore compares the delivery that
each day's totals were made of with the one in force, and computes the days where they differ. A
run also catches up on everything that earlier runs missed; *Trigger* starts one at once.
"""

import pendulum
from airflow.sdk import dag

from nem12 import settings
from nem12.airflow.assets import METER_READINGS
from nem12.airflow.daily_tasks import refresh_totals


@dag(
    dag_id=settings.DAILY_DAG_ID,
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
    refresh_totals()


nem12_daily_totals()
