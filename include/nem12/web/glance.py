"""Values that are refreshed at most every few seconds, by one thread, with a time limit."""

import logging
import time
from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Final, Generic, TypeVar

log = logging.getLogger(__name__)

Found = TypeVar("Found")

FRESH_SECONDS: Final = 5
"""Age after which a value is refreshed: a user who has just unpaused a DAG soon sees it."""

PATIENCE_SECONDS: Final = 2
"""How long a request waits for a value; a folder on a dead server gives none."""

STALE_SECONDS: Final = 60
"""Age up to which an old value is shown while a new one is computed."""


class Glance(Generic[Found]):
    """Caches the result of `find`.

    Args:
        find: Computes the value; it may take any time, and its errors are logged.
    """

    def __init__(self, find: Callable[[], Found]) -> None:
        self._find: Final = find
        self._lock: Final = Lock()
        self._found: tuple[float, Found] | None = None
        self._looking: Event | None = None

    def __call__(self) -> Found | None:
        """The value, at most some seconds old; None if it does not come in time."""
        looking = self._refreshed()
        if looking:
            looking.wait(PATIENCE_SECONDS)
        return self._aged(STALE_SECONDS)

    def in_passing(self) -> Found | None:
        """The last value, without waiting; None if it is too old."""
        self._refreshed()
        return self._aged(STALE_SECONDS)

    def _refreshed(self) -> Event | None:
        """Refresh the value unless it is fresh; returns an event that is set when this is done."""
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
