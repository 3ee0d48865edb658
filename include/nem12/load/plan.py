"""From a claim to shards: reads every drop once, leaves out known files, packs the rest."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from nem12 import storage
from nem12.delivery import dated
from nem12.drop import Drop, look
from nem12.errors import TerminalError, TransientError
from nem12.load.changed import grown, prefixes
from nem12.load.keeping import delivered_name, finish
from nem12.load.known import counting, known_outcome
from nem12.load.planned import Member, PlannedDrop, claim_folder, load_plan, save_plan
from nem12.load.suspects import ended_a_try, reading
from nem12.mdff.findings import Finding, Level
from nem12.mdff.profiles import profile_named
from nem12.mdff.wording import shown
from nem12.memory import bounded_memory
from nem12.settings import MAX_SHARDS, Home
from nem12.shard import Shard, pack, save_shard
from nem12.states import Outcome
from nem12.storage import Place
from nem12.survey import MeterFile
from nem12.tell.report import why
from nem12.unpack import meter_files, sha256
from nem12.validate import validate_file
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection
from nem12.warehouse.rows import KnownFile, OpenDrop, SmallerDrop

log = logging.getLogger(__name__)

_MOST_APART: Final = 64
"""Shards for files that failed before: half a minute of task instances' overhead."""

_ENOUGH_ERRORS: Final = 10_000
"""After so many errors the search for errors in a file stops."""

_ENDED: Final = (
    "the process that read it was killed or timed out: it may be too big, or built to be slow"
    " to read"
)


class _EnoughError(Exception):
    """The outcome of a file is certain."""


@dataclass(slots=True)
class _Surveyed:
    """A drop that was read.

    Attributes:
        files: None where it cannot be read.
        retried: An earlier attempt to load it failed.
        recorded: Its files in the ledger from an earlier attempt, by id.
        reprocess: Load again what is loaded.
        refused_too: Judge again what is refused.
        judged: For each file its outcome, if known, and the file as it is to be loaded.
    """

    planned: PlannedDrop
    files: list[MeterFile]
    retried: bool
    recorded: dict[int, Outcome]
    reprocess: bool
    refused_too: bool
    judged: list[tuple[Outcome | None, MeterFile]] = field(default_factory=list)


@dataclass(slots=True)
class _ToLoad:
    """Collects the files that a run has to load.

    Attributes:
        own: Files that an earlier try of this run has loaded, each with its drop: they are not
            duplicates.
        known: What the ledger knows of the files, by id.
        best: Of the unknown files the one that counts of each content, by SHA-256.
        fresh: The files to load, by SHA-256.
    """

    own: set[tuple[int, str]]
    known: dict[int, KnownFile]
    best: dict[str, MeterFile] = field(default_factory=dict)
    fresh: dict[str, MeterFile] = field(default_factory=dict)

    def judge(self, surveyed: "Iterable[_Surveyed]") -> None:
        """Decide for the files of all drops which are known and which to load.

        The order of the drops must not make a difference.
        """
        new: list[MeterFile] = []
        for one in surveyed:
            with _alone(one.planned):
                one.judged = [self._judge(file, one) for file in one.files]
            new += (marked for outcome, marked in one.judged if outcome is None)
        self.best = counting(new)

    def _judge(self, file: MeterFile, surveyed: "_Surveyed") -> tuple[Outcome | None, MeterFile]:
        """As `known_outcome`, taking into account what this run has loaded."""
        known = self.known.get(file.file_id)
        recorded = surveyed.recorded.get(file.file_id)
        own = (surveyed.planned.drop_id, file.sha256) in self.own
        if known and recorded and recorded.value == known.status.value and not own:
            # An earlier attempt loaded it with this drop, but could not move the drop.
            return recorded, file
        outcome, marked = known_outcome(
            self.known, file, reprocess=surveyed.reprocess, refused_too=surveyed.refused_too
        )
        return (None, file) if outcome and own else (outcome, marked)

    def take(self, surveyed: "_Surveyed") -> None:
        """Collect the files of a drop that are to be loaded.

        A file that cannot be read fails its drop only.
        """
        before = len(self.fresh)
        planned = surveyed.planned
        with _alone(planned), bounded_memory():
            planned.members = [
                self._take(file, outcome, marked)
                for file, (outcome, marked) in zip(surveyed.files, surveyed.judged, strict=False)
            ]
        if planned.error:
            for sha256 in list(self.fresh)[before:]:
                del self.fresh[sha256]

    def _take(self, file: MeterFile, outcome: Outcome | None, marked: MeterFile) -> Member:
        if outcome is None and marked is self.best[file.sha256]:
            self.fresh[file.sha256] = judged_as_whole(marked)
        elif outcome is None:
            outcome = Outcome.DUPLICATE
        return Member(file.name, file.file_id, file.sha256, outcome, file.delivered_at)


@contextmanager
def _alone(planned: PlannedDrop) -> Iterator[None]:
    """An error of a drop fails that drop only; a database that does not answer fails none."""
    try:
        yield
    except TransientError:
        raise
    except Exception as error:
        planned.error = why(error)


def plan_claim(
    connection: Connection, home: Home, claim: str, run: str = "", *, reprocess: bool = False
) -> list[dict[str, str]]:
    """Plan the load of a claim; running it again plans the same.

    Args:
        connection: To the warehouse.
        home: Where the folders are.
        claim: Whose drops.
        run: The Airflow run, for the ledger.
        reprocess: Load files again that are loaded already, and replace them.

    Returns:
        For each shard: `shard`, the path of its description, and `label`.
    """
    folder = claim_folder(home, claim)
    with _workplace(home, folder) as workplace:
        return _plan(connection, home, workplace, claim, run, reprocess=reprocess)


@contextmanager
def _workplace(home: Home, folder: Place) -> Iterator[Path]:
    """Where drops are fetched and expanded: the staging folder, or this machine."""
    path = storage.local(folder)
    if path:
        path.mkdir(parents=True, exist_ok=True)
        yield path
    else:
        with TemporaryDirectory(prefix="plan-", dir=home.scratch) as workplace:
            yield Path(workplace)


def _plan(
    connection: Connection,
    home: Home,
    workplace: Path,
    claim: str,
    run: str,
    *,
    reprocess: bool,
) -> list[dict[str, str]]:
    folder = claim_folder(home, claim)
    own = {
        (drop.drop_id, member.sha256)
        for drop in load_plan(folder)
        for member in drop.members
        if member.outcome is None
    }
    surveyed: dict[OpenDrop, _Surveyed] = {}
    begun = ledger.begin(connection, claim, run)
    smaller = grown(connection, claim)
    for claimed in begun:
        before = smaller.get(claimed.drop_id, [])
        one = _survey_drop(connection, home, claimed, workplace, before, reprocess=reprocess)
        if one is not None:
            surveyed[claimed] = one
    files = [file for one in surveyed.values() for file in one.files]
    to_load = _ToLoad(own, ledger.known_files(connection, [file.file_id for file in files]))
    to_load.judge(surveyed.values())
    for claimed, one in surveyed.items():
        if one.judged:
            with reading(home, claim, claimed.drop):
                to_load.take(one)
    retried = {file.sha256 for one in surveyed.values() if one.retried for file in one.files}
    packed = _packed(_shared(to_load.fresh.values(), folder), retried)
    save_plan(folder, [one.planned for one in surveyed.values()])
    return [_save_shard(folder, number, one) for number, one in enumerate(packed)]


def _packed(files: list[MeterFile], retried: set[str]) -> list[Shard]:
    """The shards of a run; files of drops that failed before have shards of their own.

    A shard fails as a whole: a file that makes it fail must not fail the others every time.
    """
    suspects = [file for file in files if file.sha256 in retried]
    packed = pack(file for file in files if file.sha256 not in retried)
    size = max(1, -(-len(suspects) // _MOST_APART))
    for start in range(0, len(suspects), size):
        packed += pack(suspects[start : start + size])
    return packed if len(packed) <= MAX_SHARDS else pack(files)


def _shared(files: Iterable[MeterFile], folder: Place) -> list[MeterFile]:
    """The files where every worker can read them; local ones are copied to staging."""
    surveyed = list(files)
    paths = {file.sha256: Path(file.path) for file in surveyed}
    shared = storage.shared(folder / "files", paths)
    return [replace(file, path=shared[file.sha256]) for file in surveyed]


def _survey_drop(
    connection: Connection,
    home: Home,
    claimed: OpenDrop,
    workplace: Path,
    smaller: list[SmallerDrop],
    *,
    reprocess: bool,
) -> _Surveyed | None:
    """Read a drop once; an error in it fails this drop only.

    Returns:
        None if there is nothing to load: it is done, or gone.

    Raises:
        TransientError: The database does not answer.
    """
    drop = claimed.drop
    planned = PlannedDrop(claimed.drop_id, drop.uri)
    files: list[MeterFile] = []
    try:
        if look(drop.path, drop.profile) != drop:
            if not finish(connection, home, claimed):
                ledger.settle_gone(connection, claimed)
            return None
        if ended_a_try(home, claimed.claim, drop):
            raise TerminalError(_ENDED)
        with reading(home, claimed.claim, drop), bounded_memory():
            files = _read(planned, home, claimed, workplace, smaller)
    except TransientError:
        raise
    except Exception as error:
        log.debug("a drop cannot be read", exc_info=True)
        planned.error = why(error)
    again = reprocess or storage.relative(drop.path, home.landing) is None
    recorded = ledger.recorded_files(connection, claimed.drop_id) if claimed.recorded else {}
    return _Surveyed(planned, files, claimed.attempt > 1, recorded, again, claimed.again)


def _read(
    planned: PlannedDrop, home: Home, claimed: OpenDrop, workplace: Path, smaller: list[SmallerDrop]
) -> list[MeterFile]:
    """The files of a drop; records its hash and the files that it grew from."""
    drop = claimed.drop
    # Read once from the landing folder: workers read its parts from staging.
    local = storage.fetched(drop.path, workplace / "fetched" / str(claimed.drop_id))
    delivered_as = _delivered_as(home, drop, local)
    files = [
        dated(file, drop.mtime_ns, claimed.claimed_at)
        for file in meter_files(
            local, delivered_as, drop.profile, workplace / "expanded", drop.seen
        )
    ]
    # An archive has another hash than its file.
    whole = len(files) == 1 and files[0].path == str(local)
    planned.sha256 = files[0].sha256 if whole else sha256(local, drop.seen)
    new = {file.file_id for file in files}
    grew_from = [one.file_id for one in prefixes(local, smaller, drop.seen)]
    planned.grew_from = [file_id for file_id in grew_from if file_id not in new]
    if look(drop.path, drop.profile) != drop:
        raise TerminalError(f"{shown(drop.path.name, 200)} changed while it was read")
    return files


def _delivered_as(home: Home, drop: Drop, local: Path) -> str:
    """The delivered name of a drop; kept names begin with its hash."""
    if storage.relative(drop.path, home.landing):
        return drop.path.name
    return delivered_name(home, drop.uri, sha256(local, drop.seen))


def judged_as_whole(file: MeterFile) -> MeterFile:
    """Under the strict profile, check the file first, and load nothing of it if it has errors."""
    if not profile_named(file.profile).whole_files_only or file.refused:
        return file
    about_days: list[Finding] = []
    errors_found = 0

    def keep(finding: Finding) -> None:
        nonlocal errors_found
        errors_found += finding.level is not Level.WARN
        if errors_found > _ENOUGH_ERRORS:
            raise _EnoughError
        if finding.code in ("date-repeated", "date-superseded", "read-repeated"):
            about_days.append(finding)

    try:
        outcome = validate_file(file, keep).outcome
    except _EnoughError:
        outcome = Outcome.REFUSED
    if outcome is not Outcome.REFUSED:
        return file
    errors = tuple(finding for finding in about_days if finding.level is not Level.WARN)
    return replace(file, findings=file.findings + errors, withheld=True)


def _save_shard(folder: Place, number: int, shard: Shard) -> dict[str, str]:
    place = folder / f"shard-{number:04}.json"
    save_shard(shard, place)
    return {"shard": str(place), "label": shown(shard.label, 200)}
