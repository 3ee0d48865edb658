"""The end of a claim: the outcome of each drop, and where it is from now on.

A drop is moved only after all its batches are applied and the ledger has its outcome and its new
place; it is marked as settled only after it was moved. Settling again after a crash at any point
has the same result. A failure of one drop does not affect the others.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from nem12 import storage
from nem12.drop import Ignored, look
from nem12.errors import TransientError
from nem12.load.index import Kept, line_of, note_withdrawn, write
from nem12.load.keeping import below_home, finish, keep, place_of, report_place
from nem12.load.planned import Member, PlannedDrop, claim_folder, load_plan
from nem12.load.settlement import Settlement
from nem12.mdff.wording import shown
from nem12.settings import Home
from nem12.states import DropState, FileStatus, Outcome
from nem12.storage import Place
from nem12.tell.report import affected, not_kept, refusal, why, write_report
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection, explained
from nem12.warehouse.outcomes import SettledDrop, record_drops, settle_drops
from nem12.warehouse.rows import FileSummary, OpenDrop

log = logging.getLogger(__name__)

_MOST_NMIS: Final = 100
_GREW: Final = "grew after it was read: withdrawn when the complete file was loaded"

_TOGETHER: Final = 200
"""Drops that are moved and then marked together; a crash in these 20 ms leaves them moved only."""


@dataclass(slots=True)
class _Ending:
    """A drop whose batches are all applied.

    Attributes:
        open: As it was claimed.
        planned: Its files.
        outcomes: The outcome of each of them.
        kept_at: Where it is to be kept.
        lost: Why it is not there, or empty.
        problems: Problems to report to people.
    """

    open: OpenDrop
    planned: PlannedDrop
    outcomes: list[Outcome]
    kept_at: Place
    lost: str = ""
    problems: list[str] = field(default_factory=list)

    @property
    def outcome(self) -> Outcome:
        """Of the drop."""
        return _drop_outcome(self.outcomes)

    def as_settled(self) -> SettledDrop:
        """Its row for the ledger."""
        members = zip(self.planned.members, self.outcomes, strict=True)
        return SettledDrop(
            self.planned.drop_id,
            self.outcome,
            self.planned.sha256,
            None if self.lost else self.kept_at.as_uri(),
            self.lost,
            tuple((member.name, member.file_id, outcome) for member, outcome in members),
        )


@dataclass(slots=True)
class _Settling:
    """The settling of a claim.

    Attributes:
        planned: The plan of each drop, by its id.
        settlement: The outcomes of the drops that are settled.
        failure: What the run says about its failed tasks.
        loaded: Ids of the files that the run has loaded.
    """

    connection: Connection
    home: Home
    planned: dict[int, PlannedDrop]
    settlement: Settlement
    failure: str
    loaded: list[int] = field(default_factory=list)

    def settle(self, some: Sequence[OpenDrop]) -> None:
        """Settle some drops together, and each by itself if that fails.

        Raises:
            TransientError: The database does not answer.
        """
        try:
            self._settle_together(some)
        except TransientError:
            raise
        except Exception as error:
            if len(some) == 1:
                log.debug("a drop cannot be settled", exc_info=True)
                self._release(some[0], f"it cannot be settled: {why(error)}")
                return
            for claimed in some:
                self.settle([claimed])

    def _settle_together(self, some: Sequence[OpenDrop]) -> None:
        pairs = [(claimed, self.planned.get(claimed.drop_id)) for claimed in some]
        file_ids = {member.file_id for _, drop in pairs if drop for member in drop.members}
        statuses = self._settle_files(file_ids, [drop for _, drop in pairs if drop])
        members = [member for _, drop in pairs if drop for member in drop.members]
        times = [(member.file_id, member.delivered_at) for member in members]
        self.settlement.decided_again += ledger.note_deliveries(self.connection, times)
        files = ledger.files(self.connection, file_ids)
        endings: list[_Ending] = []
        unfinished: list[tuple[OpenDrop, str]] = []
        for claimed, drop in pairs:
            reason = self._unfinished(drop, statuses)
            if drop is None or reason:
                unfinished.append((claimed, reason))
            else:
                endings.append(self._ending(claimed, drop, statuses))
        record_drops(
            self.connection, self.settlement.claim, [ending.as_settled() for ending in endings]
        )
        self._write_index(endings, files)
        for ending in endings:
            self._put_away(ending, files)
        settle_drops(
            self.connection, self.settlement.claim, [ending.as_settled() for ending in endings]
        )
        # Counted once nothing can fail any more, or a drop would be counted twice.
        for ending in endings:
            self._count(ending, files)
        for claimed, reason in unfinished:
            if _is_gone(claimed):
                self._let_go(claimed, reason)
            else:
                self._release(claimed, reason)

    def _settle_files(
        self, file_ids: Iterable[int], drops: Sequence[PlannedDrop]
    ) -> dict[int, FileStatus]:
        """Settle files; the same transaction withdraws what some of them were before they grew."""
        if not any(drop.grew_from for drop in drops):
            return ledger.settle_files(self.connection, file_ids)
        with explained(), self.connection.transaction():
            statuses = ledger.settle_files(self.connection, file_ids)
            for drop in drops:
                outcomes = {_outcome(statuses, member) for member in drop.members}
                # A longer file that is refused as a whole must not replace the shorter one.
                if outcomes and not outcomes & {None, Outcome.REFUSED}:
                    for file_id in drop.grew_from:
                        note_withdrawn(self.connection, self.home, file_id, _GREW)
                        ledger.withdraw(self.connection, file_id, _GREW)
        return statuses

    def _unfinished(self, drop: PlannedDrop | None, statuses: dict[int, FileStatus]) -> str:
        """Why a drop cannot be settled, or empty."""
        if drop is None:
            return self.failure or "the run ended before the file was planned"
        if drop.error:
            return drop.error
        for member in drop.members:
            if _outcome(statuses, member) is None:
                return f"not all of {shown(member.name, 200)} is applied"
        return ""

    def _ending(
        self, claimed: OpenDrop, drop: PlannedDrop, statuses: dict[int, FileStatus]
    ) -> _Ending:
        outcomes = [outcome for member in drop.members if (outcome := _outcome(statuses, member))]
        outcome = _drop_outcome(outcomes)
        place = place_of(self.home, claimed.drop, drop.sha256 or "", outcome, claimed.claimed_at)
        return _Ending(claimed, drop, outcomes, place)

    def _write_index(self, endings: Sequence[_Ending], files: dict[int, FileSummary]) -> None:
        """Write into the index of the folders where drops will be kept how they were delivered."""
        lines: dict[Place, list[Kept]] = {}
        for ending in endings:
            # There is no index of files that stay in the landing folder.
            if storage.relative(ending.kept_at, self.home.landing) is None:
                line = line_of(self.home, ending.open, ending.planned.sha256 or "", ending.kept_at)
                # An earlier delivery may be in the index of another folder: it was refused.
                first = min([line.delivered_at, *_first_delivery(ending.planned, files)])
                line = replace(line, delivered_at=first)
                lines.setdefault(ending.kept_at.parent, []).append(line)
        for folder, some in lines.items():
            write(folder, some)

    def _put_away(self, ending: _Ending, files: dict[int, FileSummary]) -> None:
        """Write the reports of a drop and move it."""
        for member, outcome in zip(ending.planned.members, ending.outcomes, strict=True):
            if outcome in (Outcome.REFUSED, Outcome.PARTIAL):
                ending.problems.append(self._report(files[member.file_id], ending, outcome))
        sha256 = ending.planned.sha256 or ""
        ending.lost = keep(self.home, ending.open, sha256, ending.kept_at)
        if ending.lost:
            name = shown(ending.open.drop.path.name, 200)
            ending.problems.append(f"{name}: {ending.lost}")

    def _report(self, file: FileSummary, ending: _Ending, outcome: Outcome) -> str:
        """Write the report of a file; returns a line about it."""
        alone = len(ending.planned.members) == 1
        place = report_place(self.home, file, ending.kept_at, outcome, alone=alone)
        write_report(self.connection, file, place, below_home(self.home, ending.kept_at))
        refusals, _ = ledger.refusals(self.connection, file.file_id, 1)
        days = affected(self.connection, file.file_id, outcome)
        said = refusal(file, refusals[0] if refusals else None, *days)
        return f"{shown(file.name, 200)}: {outcome}, {said}"

    def _count(self, ending: _Ending, files: dict[int, FileSummary]) -> None:
        for member, outcome in zip(ending.planned.members, ending.outcomes, strict=True):
            file = files[member.file_id]
            self.settlement.files[outcome] += 1
            if member.outcome is None:
                self.settlement.add(file)
                self.loaded.append(member.file_id)
                if file.removed_days:
                    self.settlement.problem(f"{shown(file.name, 200)}: {not_kept(file)}")
        for problem in ending.problems:
            self.settlement.problem(problem)
        self.settlement.drops[ending.outcome] += 1

    def _let_go(self, claimed: OpenDrop, reason: str) -> None:
        """Settle a drop that is gone or was replaced: it can no longer be loaded."""
        ledger.settle_gone(self.connection, claimed, self._begun(claimed))
        self.settlement.drops["changed"] += 1
        name = shown(claimed.drop.path.name, 200)
        self.settlement.problem(f"{name}: gone or changed: {reason}")

    def _begun(self, claimed: OpenDrop) -> list[int]:
        planned = self.planned.get(claimed.drop_id)
        members = planned.members if planned else []
        return [member.file_id for member in members if member.outcome is None]

    def _release(self, claimed: OpenDrop, reason: str) -> None:
        if begun := self._begun(claimed):
            ledger.note_begun(self.connection, claimed.drop_id, begun)
        states = ledger.release(self.connection, self.settlement.claim, [claimed.drop_id], reason)
        self.settlement.drops.update(states)
        name = shown(claimed.drop.path.name, 200)
        self.settlement.problem(f"{name}: attempt {claimed.attempt} failed: {reason}")


def _first_delivery(planned: PlannedDrop, files: dict[int, FileSummary]) -> list[datetime]:
    """When a drop that is one file was delivered first; members of an archive have own times."""
    known = [files.get(member.file_id) for member in planned.members]
    return [file.delivered_at for file in known if file and file.delivered_at and len(known) == 1]


def settle_claim(connection: Connection, home: Home, claim: str, failure: str = "") -> Settlement:
    """Settle the loaded drops of a claim, and release the others for another attempt.

    Args:
        connection: To the warehouse.
        home: Where the folders are.
        claim: Whose drops.
        failure: What the run says about its failed tasks, for the released drops.

    Raises:
        TransientError: The database does not answer: trying again may help.
    """
    folder = claim_folder(home, claim)
    planned = {drop.drop_id: drop for drop in load_plan(folder)}
    settling = _Settling(connection, home, planned, Settlement(claim), failure)
    still_open = ledger.still_open(connection, claim)
    for start in range(0, len(still_open), _TOGETHER):
        settling.settle(still_open[start : start + _TOGETHER])
    if settling.loaded:
        nmis, found = ledger.nmis(connection, settling.loaded, _MOST_NMIS)
        settling.settlement.nmis = nmis
        settling.settlement.nmis_left_out = found - len(nmis)
        contradictions, days = ledger.contradictions(connection, 1, claim)
        if contradictions:
            settling.settlement.contradict(contradictions[0], days)
    # Staged files can be made again.
    storage.remove_folder(folder)
    return settling.settlement


def free_claim(connection: Connection, home: Home, claim: str, message: str) -> list[DropState]:
    """Release the drops of a claim whose run is gone, as after a failed run; returns their states.

    Drops that it had moved already are settled.
    """
    folder = claim_folder(home, claim)
    planned = {drop.drop_id: drop for drop in load_plan(folder)}
    still_open = ledger.still_open(connection, claim)
    moved = {claimed.drop_id for claimed in still_open if finish(connection, home, claimed)}
    rest = [claimed.drop_id for claimed in still_open if claimed.drop_id not in moved]
    for drop_id in rest:
        if drop_id in planned:
            members = planned[drop_id].members
            ledger.note_begun(connection, drop_id, [member.file_id for member in members])
    return [DropState.SETTLED] * len(moved) + ledger.release(connection, claim, rest, message)


def _is_gone(claimed: OpenDrop) -> bool:
    """Whether a drop is neither where it landed nor where it is kept."""
    there = look(claimed.drop.path, claimed.drop.profile)
    return there != claimed.drop and not isinstance(there, Ignored) and claimed.kept_at is None


def _outcome(statuses: dict[int, FileStatus], member: Member) -> Outcome | None:
    """The outcome of a file; None until all of it is applied."""
    status = statuses.get(member.file_id, FileStatus.LOADING)
    is_loaded = status in (FileStatus.LOADED, FileStatus.PARTIAL)
    if member.outcome is Outcome.REFUSED:
        # Known as refused when it was planned; a more tolerant profile may have loaded it since.
        return Outcome.DUPLICATE if is_loaded else Outcome.REFUSED
    if member.outcome not in (None, Outcome.DUPLICATE):
        return member.outcome
    if status is FileStatus.LOADING:
        return None
    # A duplicate of a file in another drop of this claim waits for that one, and is refused
    # if that one is.
    return Outcome.DUPLICATE if member.outcome and is_loaded else Outcome(status)


def _drop_outcome(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome of a drop: an archive with a refused member is partial."""
    kinds = set(outcomes)
    if kinds in ({Outcome.REFUSED}, {Outcome.DUPLICATE}):
        return kinds.pop()
    return Outcome.PARTIAL if kinds & {Outcome.REFUSED, Outcome.PARTIAL} else Outcome.LOADED
