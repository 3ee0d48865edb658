"""Values that are refreshed at most every few seconds, by one thread, with a time limit."""

import logging
import time
from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Final, Generic, TypeVar

log = logging.getLogger(__name__)

Found = TypeVar("Found")

FRESH_SECONDS: Final = 5
"""A person who has just unpaused a DAG and loads the page again sees it soon."""

PATIENCE_SECONDS: Final = 2
"""How long a request waits for an answer; a folder on a server that is gone gives none."""

STALE_SECONDS: Final = 60
"""So old an answer is given while a newer one is on its way."""


class Glance(Generic[Found]):
    """Remembers what `find` found.

    Args:
        find: Looks; it may take as long as it takes, and whatever it raises is logged.
    """

    def __init__(self, find: Callable[[], Found]) -> None:
        self._find: Final = find
        self._lock: Final = Lock()
        self._found: tuple[float, Found] | None = None
        self._looking: Event | None = None

    def __call__(self) -> Found | None:
        """What there is, some seconds old at most; None where no answer comes in time."""
        looking = self._refreshed()
        if looking:
            looking.wait(PATIENCE_SECONDS)
        return self._aged(STALE_SECONDS)

    def in_passing(self) -> Found | None:
        """What was found last, without waiting; None where that is too long ago."""
        self._refreshed()
        return self._aged(STALE_SECONDS)

    def _refreshed(self) -> Event | None:
        """Look again unless what is known is fresh; what is set once the look is done."""
        with self._lock:
            if self._aged(FRESH_SECONDS) is not None:
                return None
            if self._looking is None:
                self._looking = Event()
                # A daemon: one that never comes back must not keep the server from ending.
                Thread(target=self._look, args=(self._looking,), daemon=True).start()
            return self._looking

    def _aged(self, most: float) -> Found | None:
        at, found = self._found or (0.0, None)
        return found if time.monotonic() - at < most else None

    def _look(self, done: Event) -> None:
        try:
            self._found = (time.monotonic(), self._find())
        except Exception:
            log.exception("a check for the page has failed")
        finally:
            with self._lock:
                self._looking = None
            done.set()
