"""# Load NEM12 files into `meter_readings`

`claim_and_plan` reads every file once and cuts it into shards. Each shard is parsed into a staged
SQL batch file, which is applied in one transaction. `settle_drops` moves the files and writes the
reports.

| outcome | meaning | the file moves to |
|---|---|---|
| loaded | all of it is in the tables | `archive/YYYY/MM/` |
| partial | refused records were left out; see the report beside it | `archive/YYYY/MM/` |
| refused | nothing of it was loaded; see the report beside it | `rejected/` |
| duplicate | the same content was loaded before | `archive/YYYY/MM/` |

The run is red when something was refused (unless *fail on refusals* is off) or failed; all other
files are loaded. A later run tries a failed drop again, after a growing wait. `verdict` sends the
alerts of `METER_NOTIFIERS`. Its log lists what was refused and what failed, each with line, reason
and page; its button *Files of this run* leads to all files.

## Started

- by `nem12_watch` for the files that it finds;
- by hand, at once, for files that wait in the landing folder (*Trigger*; the form explains its
  fields). The configuration takes `files`, `profile`, `reprocess`, `fail_on_refusals`; a run with
  any other key, or with a pattern that matches no file, fails before it loads anything. A run of
  `*` is skipped if the folder is empty;
- once a day for files that were left behind; this sweep also sends an alert when nothing has
  landed for `METER_SILENT_HOURS`;
- by a backfill (*Trigger → Backfill*, or `airflow backfill create --dag-id nem12_load --from-date
  2024-05-01 --to-date 2024-05-07`), which loads again, day by day, the files that were **made** on
  each of these days (the DateTime of their 100 record, in NEM time), from archive, rejected and
  landing folder. `--reprocess-behavior completed` repeats days that were backfilled before;
  `--dag-run-conf '{"profile": "lenient"}'` sets what the form sets. A day without files ends green.
  Days are given in UTC and mean the NEM days of the same names: if Airflow shows another time
  zone, choose UTC before you fill in the form. Airflow names the run by the **end** of
  its day; the log of `claim_and_plan` names the day itself.

## Sends

An event of the asset `meter_readings`, with counts, first and last day and NMIs; and an OpenLineage
event for each applied batch, if OpenLineage is on.

## To recover

Clear the failed task: every step can run again. The files of a run that was deleted or killed are
released after a while, and the next run takes them.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import Param, dag
from airflow.timetables.interval import CronDataIntervalTimetable

from nem12 import settings
from nem12.airflow.load_tasks import claim_and_plan, load, settle_drops, verdict, with_links
from nem12.mdff.profiles import PROFILES


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
            # Without `examples`: they would make it a choice of these and of nothing else.
            type="array",
            items={"type": "string"},
            minItems=1,
            title="Files",
            # Plain text: the form draws code of Markdown over the lines beside it.
            description="One pattern a line, for names such as *.csv or household_2024*, or with a "
            "slash for paths below the landing folder, such as strict/*. With Reprocess also "
            "archive/2024/05/* or rejected/*.",
        ),
        "profile": Param(
            settings.PROFILE_BY_FOLDER,
            type="string",
            enum=[settings.PROFILE_BY_FOLDER, *PROFILES],
            title="Profile",
            description="How strictly files are checked. By folder: files in strict/ or lenient/ "
            "by that profile, files that are loaded again by the profile of their last load.",
        ),
        "reprocess": Param(
            False,
            type="boolean",
            title="Reprocess",
            description="Load files again by another profile or a newer reader; this replaces what "
            "was loaded of them.",
        ),
        "fail_on_refusals": Param(
            True,
            type="boolean",
            title="Fail on refusals",
            description="The run turns red when a file or record was refused. Everything else is "
            "loaded.",
        ),
    },
    dagrun_timeout=timedelta(days=1),
    tags=["nem12"],
    doc_md=__doc__,
)
def nem12_load() -> None:
    """Plan, parse and apply by shard, settle, verdict."""
    settled = with_links(settle_drops())
    load.expand(shard=claim_and_plan()) >> settled
    with_links(verdict(settled))


nem12_load()
