"""# Keep daily totals: an example of a DAG that follows `meter_readings`

The table `meter_daily_totals` holds for each channel and day what the view `meter_daily` computes
anew at every look: sum, average, least, most, count, share of estimates. This DAG is **paused**
until you want it.

It runs when the asset `meter_readings` has an event, which every load sends that has changed
something. An event is taken as a wake-up and not as a work list: Airflow may make one run of
several events and hand over the first of them only, and a withdrawn file sends none. So the task
compares which delivery each day's totals were made of with the one in force, and sums up the days
where they differ. Whatever was missed is caught up by the next run; *Trigger* makes one at once.
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
