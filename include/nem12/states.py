"""The states of drops and files as the ledger writes them."""

from enum import StrEnum
from typing import Final


class DropState(StrEnum):
    """Of a drop; `warehouse/sql/drops.sql` draws how they follow each other."""

    CLAIMED = "claimed"
    RUNNING = "running"
    WAITING = "waiting"
    FAILED = "failed"
    SETTLED = "settled"


OPEN: Final = tuple(state for state in DropState if state is not DropState.SETTLED)
"""Of a drop that something is left to do for."""


class FileStatus(StrEnum):
    """Of a file: `loading` until all of its parts are applied."""

    LOADING = "loading"
    LOADED = "loaded"
    PARTIAL = "partial"
    REFUSED = "refused"


class Outcome(StrEnum):
    """What a run makes of a file, or of a drop as a whole; only drops fail."""

    LOADED = "loaded"
    PARTIAL = "partial"
    REFUSED = "refused"
    DUPLICATE = "duplicate"
    FAILED = "failed"
