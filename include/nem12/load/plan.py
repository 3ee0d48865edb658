"""Claim to shards: read every drop once, leave out what is known, pack the rest."""

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nem12 import shard as shards
from nem12 import storage
from nem12.drop import look
from nem12.errors import TerminalError, UsageError
from nem12.load.known import known_outcome
from nem12.mdff.findings import Finding, Level
from nem12.mdff.profile import profile
from nem12.mdff.text import shown
from nem12.settings import STAGING_DAYS, Home
from nem12.shard import MeterFile
from nem12.storage import Place
from nem12.unpack import sha256, unpack
from nem12.validate import validate
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection
from nem12.warehouse.ledger import ClaimedDrop


@dataclass(slots=True)
class Member:
    """One file of a drop: the drop itself, or a member of an archive.

    Attributes:
        name: As delivered.
        outcome: Known already when it was planned, or None.
    """

    name: str
    file_id: int
    sha256: str
    outcome: str | None = None


@dataclass(slots=True)
class PlannedDrop:
    """A drop with its files.

    Attributes:
        sha256: Of the drop as it lies there; of an archive the archive's own.
        error: Why it could not be read, or None.
    """

    drop_id: int
    uri: str
    sha256: str | None = None
    members: list[Member] = field(default_factory=list)
    error: str | None = None


def claim_folder(home: Home, claim: str) -> Place:
    """Where a claim keeps what it expands, plans and stages.

    Raises:
        UsageError: It is no name of a claim: the `conf` of a run may hold anything, and what lies
            in the folder is removed in the end.
    """
    if not ledger.CLAIM_NAME.fullmatch(claim):
        raise UsageError(f"'{shown(claim, 100)}' is no name of a claim")
    return home.staging / claim


@dataclass(slots=True)
class _ToLoad:
    """Collects the files that a run has to load.

    Attributes:
        own: What the run has loaded itself before it was tried again: no duplicate.
        reprocess: Load again what is loaded.
        known: What the ledger knows of the files, by id.
        fresh: By SHA-256.
    """

    own: set[str]
    reprocess: bool
    known: dict[int, dict[str, Any]]
    fresh: dict[str, MeterFile] = field(default_factory=dict)

    def judge(self, file: MeterFile) -> tuple[str | None, MeterFile]:
        """As `known_outcome`, with regard to what this run loads."""
        if file.sha256 in self.fresh:
            return "duplicate", file
        outcome, marked = known_outcome(self.known, file, reprocess=self.reprocess)
        return (None, file) if outcome and file.sha256 in self.own else (outcome, marked)

    def take(self, file: MeterFile) -> Member:
        """Decide whether a file is to be loaded, and keep it if it is."""
        outcome, marked = self.judge(file)
        if outcome is None:
            self.fresh[file.sha256] = judged_as_whole(marked)
        return Member(marked.name, file.file_id, file.sha256, outcome)


def plan(
    connection: Connection, home: Home, claim: str, run: str = "", *, reprocess: bool = False
) -> list[dict[str, str]]:
    """Plan the load of a claim; running it again plans the same.

    Args:
        connection: To the warehouse.
        home: Where the folders are.
        claim: Whose drops.
        run: The Airflow run, for the ledger.
        reprocess: Load again what is loaded already, in place of it.

    Returns:
        For each shard: `shard`, where its description lies, and `label`.
    """
    folder = claim_folder(home, claim)
    with _workplace(home, folder) as workplace:
        return _plan(connection, folder, workplace, claim, run, reprocess=reprocess)


@contextmanager
def _workplace(home: Home, folder: Place) -> Iterator[Path]:
    """Where drops are fetched and expanded: where they are read later, or on this machine."""
    if isinstance(folder, Path):
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
    else:
        with TemporaryDirectory(prefix="plan-", dir=home.scratch) as workplace:
            yield Path(workplace)


def _plan(
    connection: Connection,
    folder: Place,
    workplace: Path,
    claim: str,
    run: str,
    *,
    reprocess: bool,
) -> list[dict[str, str]]:
    own = {m.sha256 for drop in load_plan(folder) for m in drop.members if m.outcome is None}
    surveyed: list[tuple[PlannedDrop, list[MeterFile]]] = []
    for claimed in ledger.begin(connection, claim, run):
        if look(claimed.drop.path, claimed.drop.profile) != claimed.drop:
            ledger.settle_gone(connection, claim, claimed.drop_id)
            continue
        surveyed.append(_survey_drop(claimed, workplace))
    known = ledger.known_files(connection, [f.file_id for _, files in surveyed for f in files])
    to_load = _ToLoad(own, reprocess, known)
    for planned, files in surveyed:
        planned.members = [to_load.take(file) for file in files]
    packed = shards.pack(_shared(to_load.fresh.values(), folder))
    save_plan(folder, [planned for planned, _ in surveyed])
    return [_save_shard(folder, number, one) for number, one in enumerate(packed)]


def _shared(files: Iterable[MeterFile], folder: Place) -> list[MeterFile]:
    """The files as every worker finds them: what lies on this machine alone is put beside."""
    found = list(files)
    if isinstance(folder, Path):
        return found
    places = [folder / "files" / file.sha256 for file in found]
    storage.upload([Path(file.path) for file in found], places)
    return [replace(file, path=str(place)) for file, place in zip(found, places, strict=True)]


def _survey_drop(claimed: ClaimedDrop, workplace: Path) -> tuple[PlannedDrop, list[MeterFile]]:
    """Read a drop once; no files where it cannot be read."""
    drop = claimed.drop
    planned = PlannedDrop(claimed.drop_id, drop.uri)
    name = drop.path.name
    try:
        # Read once from where it landed: the parts are read from staging, by whichever worker.
        local = storage.fetched(drop.path, workplace / "fetched" / str(claimed.drop_id))
        files = list(unpack(local, name, drop.profile, workplace / "expanded"))
        whole = len(files) == 1 and files[0].name == name
        planned.sha256 = files[0].sha256 if whole else sha256(local)
        if look(drop.path, drop.profile) != drop:
            raise TerminalError(f"{shown(name, 200)} changed while it was read")
    except (TerminalError, OSError) as error:
        planned.error = str(error)
        files = []
    return planned, files


def judged_as_whole(file: MeterFile) -> MeterFile:
    """Under the strict profile a file with any error is withheld, and read for that beforehand."""
    if not profile(file.profile).whole_files_only or file.refused:
        return file
    about_days: list[Finding] = []

    def keep(finding: Finding) -> None:
        if finding.code in ("date-repeated", "date-superseded"):
            about_days.append(finding)

    judged = validate(file, keep)
    if judged.outcome != "refused":
        return file
    errors = tuple(finding for finding in about_days if finding.level is not Level.WARN)
    return replace(file, findings=file.findings + errors, withheld=True)


def _save_shard(folder: Place, number: int, one: shards.Shard) -> dict[str, str]:
    place = folder / f"shard-{number:04}.json"
    shards.save(one, place)
    return {"shard": str(place), "label": shown(one.label, 200)}


def save_plan(folder: Place, planned: list[PlannedDrop]) -> None:
    """Keep what was planned for the end of the run."""
    storage.write_text(folder / "plan.json", json.dumps([asdict(drop) for drop in planned]))


def load_plan(folder: Place) -> Iterator[PlannedDrop]:
    """What was planned; nothing if planning did not get that far."""
    try:
        text = storage.read_text(folder / "plan.json")
    except FileNotFoundError:
        return
    for values in json.loads(text):
        members = [Member(**member) for member in values.pop("members")]
        yield PlannedDrop(members=members, **values)


def sweep_staging(home: Home, open_claims: set[str]) -> None:
    """Remove what runs left in staging that never came to an end."""
    oldest = time.time() - STAGING_DAYS * 86_400
    places = dict.fromkeys((home.staging, home.scratch))
    for folder, changed in chain.from_iterable(map(storage.folders, places)):
        if folder.name not in open_claims and changed < oldest and folder.name[:1] != ".":
            storage.remove_folder(folder)
