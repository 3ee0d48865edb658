"""The tasks of a load run: plan, parse, apply, settle, verdict."""

import logging
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final

from airflow.sdk import get_current_context, task, task_group
from airflow.sdk.exceptions import AirflowSkipException

from nem12 import settings, storage
from nem12.airflow import metrics
from nem12.airflow.alerts import PLAN_TASK_ID, failed_tasks, tell_of_run, why
from nem12.airflow.assets import METER_READINGS, READINGS_CHANGED
from nem12.airflow.buckets import folders
from nem12.airflow.claims import claim_of_run
from nem12.airflow.links import LINKS, files_link
from nem12.airflow.operators import MeterBatchOperator
from nem12.airflow.plainly import RETRY_POLICY, SaidError, said_by_system, said_plainly
from nem12.airflow.verdicts import counts, explanation, is_red
from nem12.airflow.warehouse import warehouse_connection
from nem12.load.plan import plan_claim
from nem12.load.settle import settle_claim
from nem12.shard import load_shard
from nem12.stage import stage_shard

log = logging.getLogger(__name__)

_NOTHING: Final = "nothing"
"""XCom key for the verdict: why the plan found nothing to do."""

RETRIES: dict[str, Any] = {
    "retries": 3,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=5),
    "retry_policy": RETRY_POLICY,
}


@task(
    multiple_outputs=False,
    execution_timeout=timedelta(seconds=settings.PLAN_TIMEOUT_SECONDS),
    **RETRIES,
)
def claim_and_plan() -> list[dict[str, str]]:
    """Claim the drops of this run, and cut their files into shards."""
    context = get_current_context()
    with (
        said_plainly(),
        folders() as home,
        warehouse_connection() as connection,
        metrics.timed("plan"),
    ):
        home.make()
        work = claim_of_run(connection, home, context)
        context["ti"].xcom_push(key="claim", value=work.claim)
        context["ti"].xcom_push(key="reprocess", value=work.reprocess)
        if work.nothing:
            context["ti"].xcom_push(key=_NOTHING, value=work.nothing)
            raise AirflowSkipException(work.nothing)
        return plan_claim(connection, home, work.claim, context["run_id"], reprocess=work.reprocess)


@task(
    multiple_outputs=False,
    map_index_template="{{ shard_label }}",
    execution_timeout=timedelta(seconds=settings.PARSE_TIMEOUT_SECONDS),
    **RETRIES,
)
def parse(shard: dict[str, str]) -> dict[str, Any]:
    """Parse one shard into a staged SQL batch file."""
    get_current_context()["shard_label"] = shard["label"]  # type: ignore[typeddict-unknown-key]
    with said_by_system(), folders(), metrics.timed("parse") as step:
        described = storage.place(shard["shard"])
        staged = stage_shard(load_shard(described), described.parent)
        step.readings = staged.readings
    # The operator finds in the shard's description which files the batch comes from.
    return {**asdict(staged), **shard}


@task_group
def load(shard: Any) -> None:
    """Parse one shard, and apply it while the next one is parsed."""
    MeterBatchOperator(
        task_id="apply",
        batch=parse(shard),
        pool=settings.POOL,
        weight_rule="upstream",
        execution_timeout=timedelta(seconds=settings.APPLY_TIMEOUT_SECONDS),
        **RETRIES,
    )


@task(
    multiple_outputs=False,
    trigger_rule="all_done",
    outlets=[READINGS_CHANGED],
    execution_timeout=timedelta(seconds=settings.SETTLE_TIMEOUT_SECONDS),
    **RETRIES,
)
def settle_drops() -> dict[str, Any]:
    """Move loaded files, write reports of refused ones, release failed ones."""
    context = get_current_context()
    # If the run could not reach the database, there is no XCom, but its claim has to be freed.
    conf_claim = (context["dag_run"].conf or {}).get("claim")
    claim = str(conf_claim or context["ti"].xcom_pull(task_ids=PLAN_TASK_ID, key="claim") or "")
    if not claim:
        raise AirflowSkipException("nothing was claimed")
    with said_plainly(), folders() as home, warehouse_connection() as connection:
        with metrics.timed("settle"):
            settlement = settle_claim(connection, home, claim)
        metrics.settled(settlement)
        metrics.unsettled(connection)
    extra = settlement.as_extra()
    for problem in settlement.problems:
        log.warning("%s", problem)
    if settlement.problems_left_out:
        page = files_link(context["run_id"])
        log.warning("and %s more: %s", settlement.problems_left_out, page)
    again = context["ti"].xcom_pull(task_ids=PLAN_TASK_ID, key="reprocess")
    # What is loaded again may be refused now, and its readings gone.
    if settlement.days or settlement.decided_again or (again and settlement.files):
        context["outlet_events"][READINGS_CHANGED].add(METER_READINGS, extra)
    return extra


@task(trigger_rule="all_done", retries=0)
def verdict(settled: dict[str, Any] | None) -> str:
    """Log the result of the run with all refusals and failures; fail if there are any.

    The alerts of METER_NOTIFIERS are sent first.
    """
    context = get_current_context()
    if settled and not settled["drops"] and failed_tasks(context):
        settled = None  # the run ended since a task failed, not since nothing was there to settle
    tell_of_run(settled)
    if not settled:
        log.error(
            "%s",
            why(context)
            or "the run could not be settled: see the logs of the tasks before this one",
        )
        raise SaidError
    nothing = context["ti"].xcom_pull(task_ids=PLAN_TASK_ID, key=_NOTHING)
    if nothing:
        log.info("%s", nothing)
    red = is_red(settled, fail_on_refusals=context["params"]["fail_on_refusals"])
    # A record for each line: so Airflow's page shows them, and links can be clicked.
    for level, line in explanation(settled, context, red=red):
        log.log(level, "%s", line)
    if red:
        raise SaidError
    return counts(settled)


def with_links(task_output: Any) -> Any:
    """The same task, with a button that leads to the files of its run."""
    task_output.operator.operator_extra_links = LINKS
    return task_output
