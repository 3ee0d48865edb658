"""The sensor that notices new meter files."""

from typing import Any

from airflow.sdk import BaseSensorOperator
from airflow.sdk.definitions.context import Context

from nem12 import settings
from nem12.airflow.buckets import folders
from nem12.airflow.plainly import said_plainly
from nem12.airflow.triggers import DropTrigger
from nem12.airflow.warehouse import warehouse_conninfo
from nem12.errors import SetupError
from nem12.mdff.wording import plural


class DropSensor(BaseSensorOperator):
    """Waits for complete drops in the landing folder; always deferred, it holds no worker slot.

    Returns:
        The path of a listing of the seen drops; None if only open claims have to be checked.
    """

    def __init__(
        self,
        *,
        conn_id: str = settings.CONNECTION_ID,
        settle_seconds: float = settings.SETTLE_SECONDS,
        gather_seconds: float = settings.GATHER_SECONDS,
        scan_seconds: float = settings.SCAN_SECONDS,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self.settle_seconds = settle_seconds
        self.gather_seconds = gather_seconds
        self.scan_seconds = scan_seconds

    def execute(self, context: Context) -> None:  # noqa: ARG002 - Airflow's signature
        """Defer to the trigger; fail with one line if the set-up is incomplete."""
        with said_plainly(), folders() as home:
            warehouse_conninfo(self.conn_id)
            home.make()
        self.defer(
            trigger=DropTrigger(
                self.conn_id,
                self.settle_seconds,
                settings.standstill_seconds(),
                self.gather_seconds,
                self.scan_seconds,
            ),
            method_name="execute_complete",
        )

    def execute_complete(self, context: Context, event: dict[str, Any]) -> str | None:  # noqa: ARG002
        """Continue after the trigger."""
        with said_plainly():
            if "failed" in event:
                raise SetupError(event["failed"])
        self.log.info("%s complete", plural(event["drops"], "drop"))
        listing: str | None = event["listing"]
        return listing
