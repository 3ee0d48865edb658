"""The end of a claim: what became of each drop, and where it lies from now on.

A drop is moved only after all its batches are applied, and marked only after it is moved: whatever
crashes in between, settling again comes to the same end.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from nem12 import storage
from nem12.drop import Drop, look
from nem12.load.plan import Member, PlannedDrop, claim_folder, load_plan
from nem12.load.report import REPORT_SUFFIX, not_kept, refusal, text_table, write_report
from nem12.mdff.stamps import NEM_TIME
from nem12.mdff.text import shown
from nem12.settings import Home, keep_landing
from nem12.storage import Place
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection
from nem12.warehouse.outcomes import SettledDrop, settle_drops

_MOST_NMIS: Final = 100
_MOST_PROBLEMS: Final = 50
_TOGETHER: Final = 200
"""Drops that are moved and then marked: some 20 ms in which a crash leaves them moved only."""

_SUMMARY: Final = ("file", "outcome", "records", "readings", "days", "refused")
_NAME_BYTES: Final = 200
"""Of the delivered name in the archive: with hash and suffixes it stays below the 255 bytes that
file systems allow."""


@dataclass(slots=True)
class Settlement:
    """What became of a claim, small enough for an asset event.

    Attributes:
        files: How many meter files had each outcome.
        drops: How many drops had each.
        readings: Accepted from the files loaded now.
        refused_records: Of these files.
        problems: A line for each file that is refused, partial or not kept as a whole, and for each
            failed drop, the first of them.
        rows: A line of the summary for each file, the first of them.
    """

    claim: str
    files: Counter[str] = field(default_factory=Counter)
    drops: Counter[str] = field(default_factory=Counter)
    days: int = 0
    readings: int = 0
    refused_records: int = 0
    first_day: date | None = None
    last_day: date | None = None
    nmis: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def problem(self, line: str) -> None:
        """Keep a line for people, if there are not too many yet."""
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(line)

    def add(self, file: dict[str, Any]) -> None:
        """Count a file that was loaded now."""
        self.days += file["days"]
        self.readings += file["readings"] - file["refused_readings"]
        self.refused_records += file["refused_records"]
        if file["first_day"] is not None:
            self.first_day = min(self.first_day or file["first_day"], file["first_day"])
            self.last_day = max(self.last_day or file["last_day"], file["last_day"])

    def row(self, status: str, file: dict[str, Any]) -> None:
        """Keep a line of the summary, if there are not too many yet."""
        if len(self.rows) < _MOST_PROBLEMS:
            accepted = file["readings"] - file["refused_readings"]
            counts = (file["records"], accepted, file["days"], file["refused_records"])
            self.rows.append((shown(file["name"], 80), status, *map(str, counts)))

    def summary(self) -> str:
        """What became of the files, as a table for the log."""
        return text_table(_SUMMARY, self.rows) + (
            f"\n… of {self.files.total()} files" if self.files.total() > len(self.rows) else ""
        )

    def as_extra(self) -> dict[str, Any]:
        """For the asset event and XCom: bounded, JSON."""
        return {
            "claim": self.claim,
            "files": dict(self.files),
            "drops": dict(self.drops),
            "days": self.days,
            "readings": self.readings,
            "refused_records": self.refused_records,
            "first_day": self.first_day and self.first_day.isoformat(),
            "last_day": self.last_day and self.last_day.isoformat(),
            "nmis": self.nmis,
            "problems": self.problems,
        }


def settle(connection: Connection, home: Home, claim: str, failure: str = "") -> Settlement:
    """Settle the drops of a claim that are loaded, free the others for another attempt.

    Args:
        connection: To the warehouse.
        home: Where the folders are.
        claim: Whose drops.
        failure: What the run says about its failed tasks, for the drops that are freed.
    """
    folder = claim_folder(home, claim)
    planned = {drop.drop_id: drop for drop in load_plan(folder)}
    settlement = Settlement(claim)
    loaded: list[int] = []
    still_open = ledger.still_open(connection, claim)
    for start in range(0, len(still_open), _TOGETHER):
        some = still_open[start : start + _TOGETHER]
        loaded += _settle_some(connection, home, some, planned, settlement, failure)
    if loaded:
        settlement.nmis = ledger.nmis(connection, loaded, _MOST_NMIS)
    # All of it can be made again.
    storage.remove_folder(folder)
    return settlement


def _settle_some(
    connection: Connection,
    home: Home,
    some: list[ledger.OpenDrop],
    planned: dict[int, PlannedDrop],
    settlement: Settlement,
    failure: str,
) -> list[int]:
    """Settle some drops; the files that were loaded with them."""
    pairs = [(one, planned.get(one.drop_id)) for one in some]
    file_ids = {member.file_id for _, drop in pairs if drop for member in drop.members}
    statuses = ledger.settle_files(connection, file_ids)
    files = ledger.files(connection, file_ids)
    done: list[SettledDrop] = []
    loaded: list[int] = []
    for one, drop in pairs:
        reason = failure or "the run ended before it was planned"
        if drop is not None:
            outcomes = [_outcome(statuses, member) for member in drop.members]
            reason = drop.error or _unfinished(drop, outcomes)
        if drop is None or reason:
            _release(connection, settlement, one, reason or failure)
        else:
            done.append(_settle_drop(connection, home, drop, one, outcomes, files, settlement))
            loaded += [member.file_id for member in drop.members if member.outcome is None]
    settle_drops(connection, settlement.claim, done)
    return loaded


def _release(
    connection: Connection, settlement: Settlement, still_open: ledger.OpenDrop, reason: str
) -> None:
    name = shown(still_open.drop.path.name, 200)
    states = ledger.release(connection, settlement.claim, [still_open.drop_id], reason)
    settlement.drops.update(states)
    settlement.problem(f"{name}: attempt {still_open.attempt} failed: {reason}")


def _unfinished(drop: PlannedDrop, outcomes: list[str]) -> str:
    """Why a drop cannot be settled, or nothing."""
    for member, status in zip(drop.members, outcomes, strict=True):
        if status == "loading":
            return f"not all of {shown(member.name, 200)} is applied"
    return ""


def _settle_drop(
    connection: Connection,
    home: Home,
    drop: PlannedDrop,
    still_open: ledger.OpenDrop,
    outcomes: list[str],
    files: dict[int, dict[str, Any]],
    settlement: Settlement,
) -> SettledDrop:
    """Move a drop of which everything is applied; what is to be marked now."""
    outcome = _drop_outcome(outcomes)
    kept_at = _kept_at(home, drop, still_open, outcome)
    kept = _move(home, still_open.drop, kept_at)
    for member, status in zip(drop.members, outcomes, strict=True):
        file = files[member.file_id]
        settlement.files[status] += 1
        settlement.row(status, file)
        if member.outcome is None:
            settlement.add(file)
            if file["removed_days"]:
                settlement.problem(f"{shown(file['name'], 200)}: {not_kept(file)}")
        if status in ("refused", "partial"):
            _report(connection, home, file, kept_at, status, settlement)
    settlement.drops[outcome] += 1
    return SettledDrop(
        drop.drop_id,
        outcome,
        drop.sha256,
        kept_at.as_uri() if kept else None,
        "" if kept else "loaded, but taken away or replaced before it could be kept",
        tuple(
            (member.name, member.file_id, status)
            for member, status in zip(drop.members, outcomes, strict=True)
        ),
    )


def _outcome(statuses: dict[int, str], member: Member) -> str:
    """What became of a file; `loading` while not all of it is applied."""
    if member.outcome not in (None, "duplicate"):
        return member.outcome
    status = statuses.get(member.file_id, "loading")
    # A copy of what another drop of this claim brought is not done before that one, and refused
    # where that one is.
    return "duplicate" if member.outcome and status in ("loaded", "partial") else status


def _drop_outcome(outcomes: list[str]) -> str:
    """One word for a drop: an archive of which a part is refused is partial."""
    kinds = set(outcomes)
    if kinds in ({"refused"}, {"duplicate"}):
        return kinds.pop()
    return "partial" if kinds & {"refused", "partial"} else "loaded"


def _kept_at(home: Home, drop: PlannedDrop, still_open: ledger.OpenDrop, outcome: str) -> Place:
    """Where the drop is kept: the same place however often it is settled."""
    path = still_open.drop.path
    if keep_landing() or storage.relative(path, home.archive):
        return path
    name = storage.shortened(path.name, _NAME_BYTES)
    prefix = f"{(drop.sha256 or '')[:12]}-"
    # A file that was refused and is loaded now has the prefix already.
    kept = name if name.startswith(prefix) else f"{prefix}{name}"
    if outcome == "refused":
        return home.rejected / kept
    landed = still_open.claimed_at.astimezone(NEM_TIME)
    return home.archive / f"{landed:%Y}" / f"{landed:%m}" / kept


def _report(
    connection: Connection,
    home: Home,
    file: dict[str, Any],
    kept_at: Place,
    status: str,
    settlement: Settlement,
) -> None:
    """A report beside the file; that of an archive's refused member among the rejected."""
    beside = status != "refused" and not keep_landing()
    folder = kept_at.parent if beside else home.rejected
    name = storage.shortened(Path(file["name"]).name, _NAME_BYTES)
    path = folder / f"{file['sha256'][:12]}-{name}{REPORT_SUFFIX}"
    write_report(connection, file, path)
    worst = [*ledger.rejects(connection, file["file_id"], 1), {}][0]
    settlement.problem(f"{shown(file['name'], 200)}: {status}, {refusal(file, worst)}")


def _move(home: Home, drop: Drop, target: Place) -> bool:
    """Move a drop, also between file systems; done before is done. Whether it is there now.

    What lies there under its name but is another file is a drop of its own and stays.
    """
    source = drop.path
    if look(source, drop.profile) != drop:
        return target != source and storage.exists(target)
    if target == source:
        return True
    storage.move(source, target)
    # Where files land, what is called like a report is a drop of its own.
    if not storage.relative(source, home.landing):
        storage.remove(source.with_name(f"{source.name}{REPORT_SUFFIX}"))
    return True
