"""Metrics of the tasks, by Airflow's own stats: sent where `[metrics]` says, else nowhere.

Names are in docs/operating.md. A collector that fails stops no load.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from airflow.sdk.observability.stats import Stats

from nem12.load.settlement import Settlement
from nem12.states import Outcome
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection

log = logging.getLogger(__name__)

PREFIX: Final = "nem12"


@dataclass(slots=True)
class Step:
    """A task at work.

    Attributes:
        readings: How many it has handled, where it handles any.
    """

    readings: int | None = None


@contextmanager
def timed(name: str) -> Iterator[Step]:
    """Send how long the block took, and how many readings that were; nothing where it fails.

    Args:
        name: Of the task: claim, plan, parse, apply, settle.
    """
    step, begun = Step(), time.monotonic()
    yield step
    seconds = time.monotonic() - begun
    with _harmless():
        # Timers are sent in milliseconds.
        Stats.timing(f"{PREFIX}.{name}.duration", timedelta(seconds=seconds))
        if step.readings is not None:
            Stats.incr(f"{PREFIX}.{name}.readings", step.readings)
            rate = step.readings / max(seconds, 0.001)
            Stats.gauge(f"{PREFIX}.{name}.readings_per_second", round(rate))


def settled(settlement: Settlement) -> None:
    """Send what became of a claim."""
    counts = {f"files.{outcome}": settlement.files[outcome] for outcome in Outcome}
    counts |= {f"drops.{outcome}": count for outcome, count in settlement.drops.items()}
    counts["readings"] = settlement.readings
    counts["refused_records"] = settlement.refused_records
    with _harmless():
        for name, count in counts.items():
            if count:
                Stats.incr(f"{PREFIX}.{name}", count)


def unsettled(connection: Connection) -> None:
    """Send how many drops are not settled, and since when the oldest of these is."""
    with _harmless():
        row = ledger.unsettled(connection)
        Stats.gauge(f"{PREFIX}.drops.open", row["open"])
        Stats.gauge(f"{PREFIX}.drops.failed_now", row["failed"])
        Stats.gauge(f"{PREFIX}.drops.oldest_seconds", round(row["oldest_seconds"], 1))


@contextmanager
def _harmless() -> Iterator[None]:
    try:
        yield
    except Exception:
        with suppress(Exception):
            log.warning("metrics could not be sent", exc_info=True)
