"""The trigger that waits for drops in the triggerer, without a worker slot."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from nem12 import settings, storage
from nem12.airflow import buckets
from nem12.airflow.warehouse import warehouse_connection
from nem12.drop import Settling
from nem12.errors import TerminalError, TransientError, sentence
from nem12.load.arrivals import Arrivals, Watch
from nem12.load.claim import save_listing
from nem12.warehouse.connect import Connection

log = logging.getLogger(__name__)


class DropTrigger(BaseTrigger):
    """Fires when there are complete drops in the landing folder that no run has claimed.

    It only looks and writes a listing of what it saw; a task makes the claim. A second copy, which
    Airflow may run, does no harm.

    Args:
        conn_id: Airflow connection of the warehouse, whose ledger has the processed drops.
        settle_seconds: How long size and time of a drop must not change.
        standstill_seconds: The same if its content does not show its end.
        gather_seconds: How long to wait at most while new names keep coming.
        scan_seconds: Between two looks at most; quick ones come more often.
    """

    def __init__(
        self,
        conn_id: str,
        settle_seconds: float,
        standstill_seconds: float,
        gather_seconds: float,
        scan_seconds: float,
    ) -> None:
        super().__init__()
        self.conn_id = conn_id
        self.settle_seconds = settle_seconds
        self.standstill_seconds = standstill_seconds
        self.gather_seconds = gather_seconds
        self.scan_seconds = scan_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class and arguments by which the triggerer recreates it."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "conn_id": self.conn_id,
                "settle_seconds": self.settle_seconds,
                "standstill_seconds": self.standstill_seconds,
                "gather_seconds": self.gather_seconds,
                "scan_seconds": self.scan_seconds,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until there is something to do; one event.

        Its `listing` is the path of a listing of drops to claim, or None if only claims of unseen
        runs or drops in other places have to be checked. Its `failed` is the reason why a retry
        would not help: no connection, another schema.
        """
        watch = Watch(
            Settling(self.settle_seconds, self.gather_seconds), Arrivals(self.standstill_seconds)
        )
        connection: Connection | None = None
        try:
            while True:
                began = time.monotonic()
                try:
                    # Blocking calls run in a thread: they would hold up all triggers here.
                    if connection is None or connection.broken:
                        options = await asyncio.to_thread(buckets.credentials)
                        connection = await asyncio.to_thread(warehouse_connection, self.conn_id)
                    with storage.credentials(options):
                        home = settings.home()
                        batch, unchecked = await asyncio.to_thread(
                            watch.look, connection, home, time.monotonic()
                        )
                        if batch:
                            listing = await asyncio.to_thread(save_listing, home, batch)
                except (TransientError, OSError) as error:
                    message = sentence(error) if isinstance(error, OSError) else error
                    log.warning("%s; looking again", message)
                    batch, unchecked, connection = [], False, None
                except TerminalError as error:
                    yield TriggerEvent({"failed": str(error)})
                    return
                if batch:
                    yield TriggerEvent({"listing": str(listing), "drops": len(batch)})
                    return
                if unchecked:
                    yield TriggerEvent({"listing": None, "drops": 0})
                    return
                await asyncio.sleep(self.pause(time.monotonic() - began))
        finally:
            if connection is not None:
                connection.close()

    def pause(self, took: float) -> float:
        """Seconds until the next look, by how long this one took."""
        quick = max(settings.QUICK_SCAN_SECONDS, took / settings.SCAN_SHARE)
        return min(self.scan_seconds, quick)
