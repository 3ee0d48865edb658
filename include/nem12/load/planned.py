"""The folder of a claim, and the plan in it: what the end of a run has to know of its beginning."""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any

from nem12 import storage
from nem12.errors import UsageError
from nem12.mdff.wording import shown
from nem12.settings import STAGING_DAYS, Home
from nem12.states import Outcome
from nem12.storage import Place
from nem12.warehouse import ledger


@dataclass(slots=True)
class Member:
    """One file of a drop: the drop itself, or a member of an archive.

    Attributes:
        name: As delivered.
        outcome: Its outcome if it was known already when it was planned, or None.
    """

    name: str
    file_id: int
    sha256: str
    outcome: Outcome | None = None
    delivered_at: datetime | None = None


@dataclass(slots=True)
class PlannedDrop:
    """A drop with its files.

    Attributes:
        sha256: Of the drop; for an archive that of the archive itself.
        error: Why it could not be read, or None.
        grew_from: Files that were read from it before it grew.
    """

    drop_id: int
    uri: str
    sha256: str | None = None
    members: list[Member] = field(default_factory=list)
    error: str | None = None
    grew_from: list[int] = field(default_factory=list)


def claim_folder(home: Home, claim: str) -> Place:
    """The folder for the expanded, planned and staged files of a claim.

    Raises:
        UsageError: It is not the name of a claim: the `conf` of a run may hold anything, and
            everything in the folder is removed in the end.
    """
    if not ledger.CLAIM_NAME.fullmatch(claim):
        raise UsageError(f"'{shown(claim, 100)}' is not the name of a claim")
    return home.staging / claim


def save_plan(folder: Place, planned: list[PlannedDrop]) -> None:
    """Write the plan, for the end of the run."""
    text = json.dumps([asdict(drop) for drop in planned], default=datetime.isoformat)
    storage.write_text(folder / "plan.json", text)


def load_plan(folder: Place) -> Iterator[PlannedDrop]:
    """The plan; empty if planning did not finish."""
    try:
        text = storage.read_text(folder / "plan.json")
    except FileNotFoundError:
        return
    for values in json.loads(text):
        members = [_member(**member) for member in values.pop("members")]
        yield PlannedDrop(members=members, **values)


def _member(*, delivered_at: str | None, outcome: str | None, **values: Any) -> Member:
    at = datetime.fromisoformat(delivered_at) if delivered_at else None
    return Member(**values, outcome=Outcome(outcome) if outcome else None, delivered_at=at)


def sweep_staging(home: Home, open_claims: set[str]) -> None:
    """Remove the staging folders of runs that never ended."""
    oldest = time.time() - STAGING_DAYS * 86_400
    places = dict.fromkeys((home.staging, home.scratch))
    for folder, changed in chain.from_iterable(map(storage.folders, places)):
        if folder.name not in open_claims and changed < oldest and folder.name[:1] != ".":
            storage.remove_folder(folder)
