"""The tasks of the watch: claim the drops that were seen, start the run that loads them."""

from datetime import timedelta
from typing import Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from nem12 import settings, storage
from nem12.airflow import metrics
from nem12.airflow.assets import NEM12_DROPS
from nem12.airflow.buckets import folders
from nem12.airflow.claims import free_dead_claims
from nem12.airflow.plainly import said_plainly
from nem12.airflow.warehouse import warehouse_connection
from nem12.load.changed import clear_left
from nem12.load.claim import claim_listing


@task(
    outlets=[NEM12_DROPS],
    execution_timeout=timedelta(seconds=settings.CLAIM_TIMEOUT_SECONDS),
)
def claim(listing: str | None) -> str:
    """Claim the drops of a listing in the ledger; the claim names the run that loads them."""
    with said_plainly(), folders() as home, warehouse_connection() as connection:
        with metrics.timed("claim"):
            free_dead_claims(connection, home)
            clear_left(connection, home)
            seen = storage.place(listing) if listing else None
            name, count = claim_listing(connection, home, seen)
        metrics.unsettled(connection)
    if not count:
        if not listing:
            raise AirflowSkipException("nothing new to load")
        raise AirflowSkipException(
            "every file that was seen is claimed by another run already, or gone"
        )
    extra: dict[str, Any] = {"claim": name, "drops": count}
    get_current_context()["outlet_events"][NEM12_DROPS].extra = extra
    return name
