"""Claims whose run is gone: failed hard, killed, or deleted from Airflow."""

import logging
from typing import Final

from airflow.sdk import get_current_context

from nem12.airflow.alerts import tell_of_dead_run
from nem12.settings import LOAD_DAG_ID
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection

log = logging.getLogger(__name__)

_ALIVE: Final = ["queued", "running"]


def free_dead_claims(connection: Connection) -> int:
    """Free the drops of claims whose run does not live any more; how many there were.

    They wait a growing time for their next attempt, so that this cannot become a hot loop.
    """
    freed = 0
    for claim, run in ledger.unchecked_claims(connection):
        run_id = run or f"nem12__{claim}"
        if _lives(run_id):
            ledger.claim_is_alive(connection, claim)
            continue
        states = ledger.free_claim(connection, claim, f"its run {run_id} is gone")
        log.warning("run %s is gone: %s drops freed (%s)", run_id, len(states), set(states))
        freed += len(states)
        if states:
            tell_of_dead_run(connection, claim, run_id)
    return freed


def _lives(run_id: str) -> bool:
    count = get_current_context()["ti"].get_dr_count(
        dag_id=LOAD_DAG_ID, run_ids=[run_id], states=_ALIVE
    )
    return count > 0
