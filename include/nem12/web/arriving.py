"""The landing folder on the overview: what waits there, and why nothing is being loaded."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from nem12 import settings
from nem12.errors import UsageError
from nem12.settings import WATCH_DAG_ID
from nem12.web.landing import Landing, landing
from nem12.web.works import SENSOR_TASK_ID, Fault, Works, works

STUCK_SECONDS: Final = 10 * 60
"""A file that is not claimed for so long although the watch looks is a fault."""

_NO_ANSWER: Final = Landing("", "the landing folder does not answer")


@dataclass(frozen=True, slots=True)
class Arriving:
    """The landing folder, and what keeps its files from being loaded."""

    landing: Landing
    works: Works

    @classmethod
    def now(cls) -> "Arriving":
        """As it was some seconds ago."""
        return cls(landing() or _NO_ANSWER, works() or Works(known=False))

    @classmethod
    def in_passing(cls) -> "Arriving | None":
        """As it was when somebody looked last, without waiting; None if that is long ago."""
        landed, at_work = landing.in_passing(), works.in_passing()
        return cls(landed or _NO_ANSWER, at_work) if at_work else None

    def faults(self, now: datetime) -> list[Fault]:
        """Why nothing is being loaded; empty if files are."""
        faults = list(self.works.faults)
        oldest = self.landing.oldest_at
        if not faults and oldest and (now - oldest).total_seconds() > _stuck_seconds():
            text = (
                "Files are waiting although the watch is running: see the log of its task"
                f" {SENSOR_TASK_ID}"
            )
            faults.append(Fault(text, f"/dags/{WATCH_DAG_ID}"))
        return faults

    def as_json(self, now: datetime) -> dict[str, Any]:
        """As the JSON route answers; null is what cannot be seen from here."""
        seen = not self.landing.trouble
        return {
            "folder": self.landing.folder or None,
            "trouble": self.landing.trouble or None,
            "files": self.landing.files if seen else None,
            "more": self.landing.more if seen else None,
            "oldest_at": self.landing.oldest_at,
            "ignored": [{"name": name, "reason": reason} for name, reason in self.landing.ignored],
            "ignored_count": self.landing.ignored_count if seen else None,
            "last_look_at": self.works.last_look_at,
            "faults": [fault.text for fault in self.faults(now)] if self.works.known else None,
        }


def _stuck_seconds() -> float:
    with suppress(UsageError):
        return max(STUCK_SECONDS, 2 * settings.standstill_seconds())
    return STUCK_SECONDS
