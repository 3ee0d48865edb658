"""The operator of a consumer of the feed of changes, and the trigger that waits for it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from datetime import date
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.definitions.context import Context
from airflow.triggers.base import BaseTrigger, TriggerEvent

from nem12 import settings
from nem12.airflow.assets import METER_READINGS
from nem12.airflow.plainly import said_plainly
from nem12.airflow.warehouse import warehouse_connection
from nem12.errors import SetupError, TerminalError, TransientError
from nem12.mdff.wording import plural
from nem12.warehouse.connect import Connection
from nem12.warehouse.feed import Consumer, Taken, can_take, follow, highest, holders

log = logging.getLogger(__name__)

Summary = dict[str, Any]


class ConsumerOperator(BaseOperator):
    """Has a consumer take what has changed until its start, and ends only then.

    An event may come while another batch runs whose transaction is older: the changes that it tells
    of can be read when that has ended. Until then the task is deferred and holds no worker slot.

    Args:
        consumer: Makes the consumer.
        most: Changes that one transaction takes.
        conn_id: Airflow connection of the warehouse.

    Returns:
        `channel_days`, `first_day` and `last_day` of what the consumer made anew or removed.
    """

    def __init__(
        self,
        *,
        consumer: Callable[[], Consumer],
        most: int,
        conn_id: str = settings.CONNECTION_ID,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.consumer = consumer
        self.most = most
        self.conn_id = conn_id

    def execute(self, context: Context) -> Summary:
        """Note how far there is to read, and read."""
        for event in context["triggering_asset_events"].get(METER_READINGS, ()):
            log.info("started by an event: %s readings", event.extra.get("readings"))
        with said_plainly(), warehouse_connection(self.conn_id) as connection:
            until = highest(connection, self.consumer())
        return self._follow(until, Taken())

    def resume(
        self,
        context: Context,  # noqa: ARG002 - Airflow's signature
        event: dict[str, Any],
        until: int,
        taken: Summary,
    ) -> Summary:
        """Read on after the trigger."""
        with said_plainly():
            if "failed" in event:
                raise SetupError(event["failed"])
        return self._follow(until, _taken(taken))

    def _follow(self, until: int, taken: Taken) -> Summary:
        consumer = self.consumer()
        consumer.taken = taken
        with said_plainly(), warehouse_connection(self.conn_id) as connection:
            complete = follow(connection, consumer, until, self.most)
            held_by = [] if complete else holders(connection)
        log.info("%s brought in line", plural(taken.channel_days, "channel-day"))
        if not complete:
            who = " and ".join(map(str, held_by)) or "an older transaction"
            log.info("the other changes can be read when %s has ended: waiting", who)
            self.defer(
                trigger=ChangesTrigger(self.conn_id, consumer.name, settings.SCAN_SECONDS),
                method_name="resume",
                kwargs={"until": until, "taken": _summary(taken)},
            )
        return _summary(taken)


def _summary(taken: Taken) -> Summary:
    """As XCom and the trigger's row hold it."""
    days = {name: day.isoformat() for name, day in asdict(taken).items() if isinstance(day, date)}
    return {"first_day": None, "last_day": None, "channel_days": taken.channel_days, **days}


def _taken(summary: Summary) -> Taken:
    first, last = summary["first_day"], summary["last_day"]
    return Taken(
        summary["channel_days"],
        date.fromisoformat(first) if first else None,
        date.fromisoformat(last) if last else None,
    )


class ChangesTrigger(BaseTrigger):
    """Fires when a consumer can read changes.

    Args:
        conn_id: Airflow connection of the warehouse.
        consumer: Its name.
        scan_seconds: Between two looks.
    """

    def __init__(self, conn_id: str, consumer: str, scan_seconds: float) -> None:
        super().__init__()
        self.conn_id = conn_id
        self.consumer = consumer
        self.scan_seconds = scan_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class and arguments by which the triggerer recreates it."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "conn_id": self.conn_id,
                "consumer": self.consumer,
                "scan_seconds": self.scan_seconds,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until there is something to read; one event. Its `failed` is why that cannot be."""
        connection: Connection | None = None
        try:
            while True:
                ready = False
                try:
                    # What blocks goes to a thread: it would hold up every trigger of the process.
                    if connection is None or connection.broken:
                        connection = await asyncio.to_thread(warehouse_connection, self.conn_id)
                    ready = await asyncio.to_thread(can_take, connection, self.consumer)
                except TransientError as error:
                    log.warning("%s; looking again", error)
                    connection = None
                except TerminalError as error:
                    yield TriggerEvent({"failed": str(error)})
                    return
                if ready:
                    yield TriggerEvent({})
                    return
                await asyncio.sleep(self.scan_seconds)
        finally:
            if connection is not None:
                connection.close()
