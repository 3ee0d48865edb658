"""The operator that applies staged batch files."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk.definitions.context import Context

from nem12 import settings, storage
from nem12.airflow import metrics
from nem12.airflow.buckets import folders
from nem12.airflow.plainly import said_by_system
from nem12.airflow.warehouse import warehouse_connection
from nem12.mdff.wording import plural
from nem12.shard import load_shard
from nem12.warehouse.apply import Applier, apply_batch

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage


class MeterBatchOperator(SQLExecuteQueryOperator):
    """Applies one staged SQL batch file in one transaction.

    Like SQLExecuteQueryOperator, with the path of a file instead of a statement: megabytes of SQL
    are streamed to the server, and neither rendered, stored nor logged.

    Args:
        batch: What `parse` returned: `path`, `shard`, `label`, `months` and counts.
        conn_id: Airflow connection of the warehouse.

    Returns:
        `batch_id`, and `readings`: how many were put in force.
    """

    template_fields: Sequence[str] = ("batch",)
    template_ext: Sequence[str] = ()
    ui_color = "#d8ecd0"

    def __init__(self, *, batch: Any, conn_id: str = settings.CONNECTION_ID, **kwargs: Any) -> None:
        super().__init__(sql="", conn_id=conn_id, map_index_template="{{ shard_label }}", **kwargs)
        self.batch = batch
        self._put_in_force: int | None = None

    def execute(self, context: Context) -> dict[str, Any]:
        """Apply the batch; nothing changes if it was applied before."""
        batch = cast("dict[str, Any]", self.batch)
        context["shard_label"] = batch["label"]  # type: ignore[typeddict-unknown-key]
        instance = context["ti"]
        by = Applier(
            run_id=context["run_id"],
            task_id=instance.task_id,
            map_index=cast("int", instance.map_index),
            try_number=instance.try_number,
        )
        timeout = self.execution_timeout
        seconds = int(timeout.total_seconds()) if timeout else settings.APPLY_TIMEOUT_SECONDS
        # The session's statement_timeout: a killed task leaves no running query behind.
        conn_id = self.conn_id or settings.CONNECTION_ID
        with (
            said_by_system(),
            folders(),
            warehouse_connection(conn_id, timeout_seconds=seconds) as connection,
        ):
            delivered = load_shard(storage.place(batch["shard"])).delivered
            staged = storage.place(batch["path"])
            with metrics.timed("apply") as step:
                readings = apply_batch(connection, staged, batch["months"], by, delivered)
                step.readings = readings
        self._put_in_force = readings
        self.log.info(
            "batch %s: %s delivered, %s put in force, %s refused",
            batch["batch_id"],
            plural(batch["days"], "day"),
            plural(readings, "reading"),
            plural(batch["refused_records"], "record"),
        )
        return {"batch_id": batch["batch_id"], "readings": readings}

    def get_openlineage_facets_on_start(self) -> "OperatorLineage[Any, Any]":
        """Files and table; the base class would parse the SQL."""
        # Not at the top: only the OpenLineage provider asks for it, which may be missing.
        from nem12.airflow.lineage import batch_lineage

        with folders():
            conn_id = self.conn_id or settings.CONNECTION_ID
            return batch_lineage(self.batch, conn_id, self._put_in_force)

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> "OperatorLineage[Any, Any]":  # noqa: ARG002
        """As on start, with the number of readings that were put in force."""
        return self.get_openlineage_facets_on_start()

    def get_openlineage_facets_on_failure(self, task_instance: Any) -> "OperatorLineage[Any, Any]":  # noqa: ARG002
        """As on start: nothing of the batch is in the table."""
        return self.get_openlineage_facets_on_start()
