"""# Load NEM12 files into `meter_readings`

`claim_and_plan` reads every file once and cuts it into shards; each shard is parsed into a staged
SQL batch file and applied in one transaction; `settle_drops` moves the files and writes the
reports.

| outcome | meaning | the file lies in |
|---|---|---|
| loaded | everything in it is in the table | `archive/YYYY/MM/` |
| partial | refused records were left out, see the report beside it | `archive/YYYY/MM/` |
| refused | nothing of it was loaded, see the report beside it | `rejected/` |
| duplicate | the same content was loaded before | `archive/YYYY/MM/` |

The run is red when something was refused (unless *fail on refusals* is off) or failed; all other
files are loaded all the same. A failed drop is tried again by a later run, after a growing wait.
`verdict` tells the notifiers of `METER_NOTIFIERS` first.

**Started** by `nem12_watch` for what it finds, by hand for files that wait in the landing folder,
and once a day for whatever was left behind; that sweep also tells when nothing has landed for
`METER_SILENT_HOURS`. **Sends** an event of the asset `meter_readings`, with counts, first and last
day and NMIs, and OpenLineage events for each applied batch. **To recover**, clear the failed task:
every step may run again.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import Param, dag
from airflow.timetables.interval import CronDataIntervalTimetable

from nem12 import settings
from nem12.airflow.load_tasks import claim_and_plan, load, settle_drops, verdict


@dag(
    dag_id=settings.LOAD_DAG_ID,
    # In UTC, whose date labels are read as NEM days: any other zone loses a day at the edge of
    # `airflow backfill create --from-date … --to-date …`, which reads its dates as UTC.
    schedule=CronDataIntervalTimetable("@daily", timezone="UTC"),
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=4,  # small deliveries go past a file of gigabytes
    default_args={"owner": "nem12"},
    params={
        "files": Param(
            ["*"],
            type="array",
            items={"type": "string"},
            title="Files",
            description="Patterns for names; with a slash, for paths below the landing folder.",
            examples=["*", "*.csv", "strict/*"],
        ),
        "profile": Param(
            settings.PROFILE_BY_FOLDER,
            type="string",
            enum=[settings.PROFILE_BY_FOLDER, "standard", "strict", "lenient"],
            title="Profile",
            description="How strictly to judge; by folder: `strict/` and `lenient/` say it.",
        ),
        "reprocess": Param(
            False,
            type="boolean",
            title="Reprocess",
            description="Load again, in place of what was loaded: by another profile or a newer "
            "reader. Patterns may then begin with `archive/` or `rejected/`.",
        ),
        "fail_on_refusals": Param(
            True,
            type="boolean",
            title="Fail on refusals",
            description="The run turns red when a file or record was refused.",
        ),
    },
    dagrun_timeout=timedelta(days=1),
    tags=["nem12"],
    doc_md=__doc__,
)
def nem12_load() -> None:
    """Plan, parse and apply by shard, settle, verdict."""
    settled = settle_drops()
    load.expand(shard=claim_and_plan()) >> settled
    verdict(settled)


nem12_load()
