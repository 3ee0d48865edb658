"""The states of drops and files as the ledger writes them."""

from enum import StrEnum
from typing import Final


class DropState(StrEnum):
    """The states of a drop; `warehouse/sql/drops.sql` draws their transitions."""

    CLAIMED = "claimed"
    RUNNING = "running"
    WAITING = "waiting"
    FAILED = "failed"
    SETTLED = "settled"


OPEN: Final = tuple(state for state in DropState if state is not DropState.SETTLED)
"""States of a drop that is not settled."""


class FileStatus(StrEnum):
    """The states of a file: `loading` until all of its parts are applied."""

    LOADING = "loading"
    LOADED = "loaded"
    PARTIAL = "partial"
    REFUSED = "refused"


class Outcome(StrEnum):
    """The outcome of a file, or of a drop as a whole; only drops fail."""

    LOADED = "loaded"
    PARTIAL = "partial"
    REFUSED = "refused"
    DUPLICATE = "duplicate"
    FAILED = "failed"


FILE_OUTCOMES: Final = (Outcome.REFUSED, Outcome.PARTIAL, Outcome.LOADED, Outcome.DUPLICATE)
"""Outcomes of a file, the worst first."""
