"""The task of the DAG that maintains daily totals."""

import logging
from typing import Any

from airflow.sdk import get_current_context, task

from nem12.airflow.assets import METER_READINGS
from nem12.airflow.load_tasks import RETRIES
from nem12.airflow.plainly import said_plainly
from nem12.airflow.warehouse import warehouse_connection
from nem12.warehouse.daily import refresh

log = logging.getLogger(__name__)


@task(multiple_outputs=False, **RETRIES)
def refresh_totals() -> dict[str, Any]:
    """Compute the totals of the days that have changed."""
    for event in get_current_context()["triggering_asset_events"].get(METER_READINGS, ()):
        extra = event.extra
        log.info(
            "started by an event: %s readings of %s to %s",
            extra.get("readings"),
            extra.get("first_day"),
            extra.get("last_day"),
        )
    with said_plainly(), warehouse_connection() as connection:
        days = refresh(connection)
    return {
        "days": len(days),
        "first_day": days[0].isoformat() if days else None,
        "last_day": days[-1].isoformat() if days else None,
    }
