"""The task of the watch: waits for drops, claims them, starts the run that loads them.

One task, since each costs a small file half a second: the scheduler has to see the end of the one
before, and a process has to start.
"""

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk.definitions.context import Context
from airflow.sdk.exceptions import AirflowSkipException

from nem12 import settings, storage
from nem12.airflow import metrics
from nem12.airflow.assets import NEM12_DROPS
from nem12.airflow.buckets import folders
from nem12.airflow.claims import free_dead_claims, load_runs
from nem12.airflow.plainly import said_plainly
from nem12.airflow.triggers import DropTrigger
from nem12.airflow.warehouse import warehouse_connection, warehouse_conninfo
from nem12.errors import SetupError
from nem12.load.changed import clear_left
from nem12.load.claim import claim_listing, run_of_claim
from nem12.mdff.wording import plural
from nem12.warehouse import ledger


class WatchOperator(TriggerDagRunOperator):
    """Waits for complete drops in the landing folder, claims them and starts their load run.

    While it waits it is deferred and holds no worker slot. A retry starts the run of the claim that
    the try before made, if it got that far.
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
        super().__init__(
            trigger_dag_id=settings.LOAD_DAG_ID,
            # The claim is part of the run id: trying again cannot start the run twice.
            skip_when_already_exists=True,
            outlets=[NEM12_DROPS],
            # Of each of its processes: the time in which it is deferred does not count.
            execution_timeout=timedelta(seconds=settings.CLAIM_TIMEOUT_SECONDS),
            **kwargs,
        )
        self.conn_id = conn_id
        self.settle_seconds = settle_seconds
        self.gather_seconds = gather_seconds
        self.scan_seconds = scan_seconds

    def execute(self, context: Context) -> None:
        """Defer to the trigger; fail with one line if the set-up is incomplete."""
        with said_plainly(), folders() as home:
            warehouse_conninfo(self.conn_id)
            home.make()
        if context["ti"].try_number > 1 and (left := self._left_by_the_try_before(context)):
            self._start_load(context, *left)
            return
        self.defer(
            trigger=DropTrigger(
                self.conn_id,
                self.settle_seconds,
                settings.standstill_seconds(),
                self.gather_seconds,
                self.scan_seconds,
            ),
            method_name="claim_and_start",
        )

    def claim_and_start(self, context: Context, event: dict[str, Any]) -> None:
        """Continue after the trigger: claim the drops of its listing, start their load run."""
        with said_plainly():
            if "failed" in event:
                raise SetupError(event["failed"])
        self.log.info("%s complete", plural(event["drops"], "drop"))
        listing: str | None = event["listing"]
        with (
            said_plainly(),
            folders() as home,
            warehouse_connection(self.conn_id) as connection,
        ):
            with metrics.timed("claim"):
                free_dead_claims(connection, home)
                clear_left(connection, home)
                seen = storage.place(listing) if listing else None
                claim, drops = claim_listing(connection, home, seen, by=context["run_id"])
            metrics.unsettled(connection)
        if not drops:
            raise AirflowSkipException(
                "every file that was seen is claimed by another run already, or gone"
                if listing
                else "nothing new to load"
            )
        self._start_load(context, claim, drops)

    def _left_by_the_try_before(self, context: Context) -> tuple[str, int] | None:
        """The claim that it made and that is still open, with its drops."""
        with said_plainly(), warehouse_connection(self.conn_id) as connection:
            for claim in ledger.open_claims(connection):
                if ledger.is_claimed_by(claim, context["run_id"]):
                    return claim, len(ledger.still_open(connection, claim))
        return None

    def _start_load(self, context: Context, claim: str, drops: int) -> None:
        extra: dict[str, Any] = {"claim": claim, "drops": drops}
        context["outlet_events"][NEM12_DROPS].extra = extra
        self.trigger_run_id = run_of_claim(claim)
        if context["ti"].try_number > 1 and load_runs(context, self.trigger_run_id):
            # The task ended after it had started the run: its event was not sent.
            return
        self.conf = {"claim": claim}
        super().execute(context)
