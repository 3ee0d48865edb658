"""Claim to shards: read every drop once, leave out what is known, pack the rest."""

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
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


def claim_folder(home: Home, claim: str) -> Path:
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
        return Member(file.name, file.file_id, file.sha256, outcome)


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
        For each shard: `shard`, the path of its description, and `label`.
    """
    folder = claim_folder(home, claim)
    folder.mkdir(parents=True, exist_ok=True)
    own = {m.sha256 for drop in load_plan(folder) for m in drop.members if m.outcome is None}
    surveyed: list[tuple[PlannedDrop, list[MeterFile]]] = []
    for claimed in ledger.begin(connection, claim, run):
        if look(claimed.drop.path, claimed.drop.profile) != claimed.drop:
            ledger.settle_gone(connection, claim, claimed.drop_id)
            continue
        surveyed.append(_survey_drop(claimed, folder))
    known = ledger.known_files(connection, [f.file_id for _, files in surveyed for f in files])
    to_load = _ToLoad(own, reprocess, known)
    for planned, files in surveyed:
        planned.members = [to_load.take(file) for file in files]
    save_plan(folder, [planned for planned, _ in surveyed])
    return [
        _save_shard(folder, number, one)
        for number, one in enumerate(shards.pack(to_load.fresh.values()))
    ]


def _survey_drop(claimed: ClaimedDrop, folder: Path) -> tuple[PlannedDrop, list[MeterFile]]:
    """Read a drop once; no files where it cannot be read."""
    drop = claimed.drop
    planned = PlannedDrop(claimed.drop_id, drop.uri)
    name = drop.path.name
    try:
        # Read once from where it landed: the parts are read from staging, by whichever worker.
        local = storage.fetched(drop.path, folder / "fetched" / str(claimed.drop_id))
        files = list(unpack(local, name, drop.profile, folder / "expanded"))
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


def _save_shard(folder: Path, number: int, one: shards.Shard) -> dict[str, str]:
    path = folder / f"shard-{number:04}.json"
    shards.save(one, path)
    return {"shard": str(path), "label": shown(one.label, 200)}


def save_plan(folder: Path, planned: list[PlannedDrop]) -> None:
    """Keep what was planned for the end of the run."""
    beside = folder / ".plan.json.part"
    beside.write_text(json.dumps([asdict(drop) for drop in planned]))
    beside.replace(folder / "plan.json")


def load_plan(folder: Path) -> Iterator[PlannedDrop]:
    """What was planned; nothing if planning did not get that far."""
    path = folder / "plan.json"
    if not path.exists():
        return
    for values in json.loads(path.read_text()):
        members = [Member(**member) for member in values.pop("members")]
        yield PlannedDrop(members=members, **values)


def remove(folder: Path) -> None:
    """Remove what a claim kept; all of it can be made again."""
    shutil.rmtree(folder, ignore_errors=True)


def sweep_staging(home: Home, open_claims: set[str]) -> None:
    """Remove what runs left in staging that never came to an end."""
    oldest = time.time() - STAGING_DAYS * 86_400
    for path in home.staging.iterdir():
        if path.name in open_claims or path.name.startswith("."):
            continue
        if path.is_dir() and path.stat().st_mtime < oldest:
            remove(path)
