"""What a load run claims; and claims whose run failed hard, was killed or was deleted."""

import logging
from dataclasses import dataclass
from typing import Final

from airflow.sdk import get_current_context
from airflow.sdk.definitions.context import Context

from nem12.airflow.alerts import tell_of_dead_run
from nem12.drop import overdue
from nem12.errors import UsageError
from nem12.load.backfill import claim_day
from nem12.load.changed import clear_left, put_back_changed
from nem12.load.claim import claim_by_glob, run_of_claim, unmatched
from nem12.load.conf import CLAIM, check_conf
from nem12.load.planned import sweep_staging
from nem12.load.settle import free_claim
from nem12.mdff.wording import plural, shown
from nem12.settings import LOAD_DAG_ID, PROFILE_BY_FOLDER, STAGING_DAYS, Home
from nem12.warehouse import feed, ledger
from nem12.warehouse.connect import Connection

log = logging.getLogger(__name__)

_ALIVE: Final = ["queued", "running"]


@dataclass(frozen=True, slots=True)
class Work:
    """The work of a run.

    Attributes:
        claim: Of its drops.
        reprocess: Whether they are loaded again.
        nothing: Why a request cannot be fulfilled now; else empty.
    """

    claim: str
    reprocess: bool = False
    nothing: str = ""


def claim_of_run(connection: Connection, home: Home, context: Context) -> Work:
    """The claim that a load run works on.

    A run of the watch brings its claim; a backfill claims the files made on its NEM day; a manual
    or scheduled run claims what its form names.

    Raises:
        UsageError: Its configuration is invalid, or a pattern of a manual run matches nothing.
    """
    run, params = context["dag_run"], context["params"]
    conf = run.conf or {}
    check_conf(conf, params)
    if CLAIM in conf:
        claim = conf[CLAIM]
        if run.run_type == "manual" and not ledger.still_open(connection, claim):
            return Work(claim, nothing=f"no drop of the claim {claim} is waiting to be loaded")
        return Work(claim)
    profile = None if params["profile"] == PROFILE_BY_FOLDER else params["profile"]
    patterns = params["files"]
    if run.run_type == "backfill":
        # The label of its day in UTC is read as a day of NEM time.
        day = (run.logical_date or run.run_after).date()
        claim, count = claim_day(connection, home, day, patterns, profile)
        files = f"{count} deliveries" if count else "no delivery"
        log.info("%s with a header DateTime on %s (NEM time)", files, day)
        return Work(claim, reprocess=True)
    free_dead_claims(connection, home)
    put_back_changed(connection, home)
    clear_left(connection, home)
    sweep_staging(home, ledger.open_claims(connection))
    ledger.forget_arrivals(connection, STAGING_DAYS)
    feed.trim(connection)
    for item in overdue(home):
        log.warning("%s stays in the landing folder: %s", item.path, item.reason)
    reprocess = bool(params["reprocess"])
    claim, count = claim_by_glob(connection, home, patterns, profile, reprocess=reprocess)
    if run.run_type == "scheduled":
        return Work(claim, reprocess)
    return Work(claim, reprocess, _nothing(home, patterns, count, reprocess=reprocess))


def _nothing(home: Home, patterns: list[str], count: int, *, reprocess: bool) -> str:
    """Why a manual run has nothing to do; empty if it has something.

    A pattern that matches nothing is most often mistyped; "all" of an empty folder is not.

    Raises:
        UsageError: No file matches the patterns.
    """
    missing = unmatched(home, patterns, reprocess=reprocess)
    if missing == ["*"] == patterns:
        return f"no file is waiting in {shown(str(home.landing), 500)}"
    if missing:
        kept = any(pattern.startswith(("archive/", "rejected/")) for pattern in missing)
        if kept and not reprocess:
            hint = "to load files of archive/ and rejected/, switch on Reprocess"
        else:
            hint = "it may have been loaded already: see Meter data, Files"
        folder = shown(str(home.landing), 500)
        line = f"no file matches {_named(missing)} in {folder}; {hint}"
        if not count:
            raise UsageError(line)
        log.warning("%s", line)
    if count:
        return ""
    return (
        f"what matches {_named(patterns)} cannot be loaded now: another run has it, or it waits"
        " for its next attempt, for redrive, or for the end of its upload; see Meter data, Drops"
    )


def _named(patterns: list[str]) -> str:
    return shown(", ".join(patterns), 200)


def free_dead_claims(connection: Connection, home: Home) -> int:
    """Release the drops of claims whose run is gone; returns the number of claims.

    They wait for a growing time before their next attempt, so that this cannot become a hot loop.
    """
    freed = 0
    for claim, run in ledger.unchecked_claims(connection):
        run_id = run or run_of_claim(claim)
        if _lives(run_id):
            ledger.claim_is_alive(connection, claim)
            continue
        states = free_claim(connection, home, claim, f"its run {run_id} is gone")
        log.warning(
            "run %s is gone: %s released (%s)", run_id, plural(len(states), "drop"), set(states)
        )
        freed += len(states)
        if states:
            tell_of_dead_run(connection, claim, run_id)
    return freed


def _lives(run_id: str) -> bool:
    return load_runs(get_current_context(), run_id, _ALIVE) > 0


def load_runs(context: Context, run_id: str, states: list[str] | None = None) -> int:
    """How many load runs have this id, 0 or 1; of these states only, if they are given."""
    count: int = context["ti"].get_dr_count(dag_id=LOAD_DAG_ID, run_ids=[run_id], states=states)
    return count
