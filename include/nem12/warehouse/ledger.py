"""The ledger: what landed, which run works on it, what became of it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from uuid import uuid4

from nem12.drop import Drop
from nem12.settings import (
    ATTEMPT_WAIT_SECONDS,
    CLAIM_CHECK_SECONDS,
    COUNTED_CHANNELS,
    COUNTED_DAYS,
    MAX_ATTEMPTS,
    keep_landing,
)
from nem12.states import DropState, FileStatus, Outcome
from nem12.warehouse.connect import Connection
from nem12.warehouse.rows import (
    Contradiction,
    FailedDrop,
    FileSummary,
    KeptContent,
    KeptDelivery,
    KeptDrop,
    KnownFile,
    LandedDrop,
    LeftDrop,
    NamedFile,
    OpenDrop,
    Refusal,
    RefusedDrop,
    RefusedFile,
    RefusedSpan,
    SmallerDrop,
)
from nem12.warehouse.sql import Row, rows_of
from nem12.warehouse.sql import run as _run

CLAIM_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,200}")
"""The form of a claim's name: it is part of a run id and the name of a folder."""

_CLAIM_NAME: Final = 60
"""Length of a file's name in that of a claim: a list of runs has room for so much."""

_CLAIM_DIGITS: Final = 16
"""Hexadecimal digits at the end of a claim's name that make it unique."""

_MOST_NAMED: Final = 5

_MOST_COMPARED: Final = 20_000
"""Names that are compared with an unknown one: takes about a second."""


def _columns(drops: Sequence[Drop]) -> dict[str, list[Any]]:
    return {
        "uris": [drop.uri for drop in drops],
        "sizes": [drop.size for drop in drops],
        "mtimes": [drop.mtime_ns for drop in drops],
        "identities": [drop.identity for drop in drops],
    }


def free(connection: Connection, drops: Sequence[Drop]) -> list[Drop]:
    """The drops that no run works on and that are not settled."""
    rows = _run(connection, "free_drops", settled_too=not keep_landing(), **_columns(drops))
    return [drops[row["place"] - 1] for row in rows]


def standstill(
    connection: Connection, drops: Sequence[Drop], now: datetime | None
) -> dict[Drop, float]:
    """For how many seconds the drops that were noted before have not changed."""
    rows = _run(connection, "arrivals", now=now, **_columns(drops))
    return {drops[row["place"] - 1]: row["seconds"] for row in rows}


def note_arrivals(connection: Connection, drops: Sequence[Drop], now: datetime | None) -> None:
    """Note since when these drops, whose content does not show their end, have not changed."""
    _run(connection, "note_arrivals", now=now, **_columns(drops))


def forget_arrivals(connection: Connection, days: int) -> None:
    """Forget drops that were noted so long ago: they are claimed, or gone."""
    _run(connection, "forget_arrivals", days=days)


def claim_name(drops: Sequence[Drop], by: str = "") -> str:
    """A descriptive name for a claim; part of run ids and the name of a folder.

    Only characters that a run id may contain are kept of file names.
    """
    first = re.sub(r"[^A-Za-z0-9_-]+", "_", drops[0].path.name).strip("_-") if drops else "nothing"
    more = f"_and_{len(drops) - 1}_more" if len(drops) > 1 else ""
    unique = f"{_mark(by)}{uuid4().hex}"[:_CLAIM_DIGITS]
    return f"{first[:_CLAIM_NAME]}{more}_{unique}".lstrip("_")


def is_claimed_by(claim: str, by: str) -> bool:
    """Whether it was claimed by this one: a retry asks how far the try before it got."""
    return claim[-_CLAIM_DIGITS:].startswith(_mark(by))


def _mark(by: str) -> str:
    """The first half of the digits, the same for all claims of one; empty for nobody."""
    return sha256(by.encode()).hexdigest()[: _CLAIM_DIGITS // 2] if by else ""


def claim(
    connection: Connection,
    drops: Sequence[Drop],
    *,
    again: bool = False,
    given: bool = False,
    by: str = "",
) -> tuple[str, int]:
    """Claim those of the drops that are free.

    Args:
        connection: To the warehouse.
        drops: As they were seen.
        again: Also settled drops in their kept places.
        given: The profile was given by the user and overrides the one that redrive has noted.
        by: Who claims, so that `is_claimed_by` tells it.

    Returns:
        The claim and how many drops it got.
    """
    name = claim_name(drops, by)
    profiles = [drop.profile for drop in drops]
    rows = _run(
        connection,
        "claim_drops",
        claim=name,
        profiles=profiles,
        given=given,
        # A settled drop that lies in the landing folder was put back, unless drops stay there.
        settled_too=again or not keep_landing(),
        **_columns(drops),
    )
    return name, len(rows)


def begin(connection: Connection, claim: str, run: str = "") -> list[OpenDrop]:
    """Begin the run of a claim, or its next try; empty if there is nothing left to do."""
    return [_open_drop(row) for row in _run(connection, "begin_claim", claim=claim, run=run)]


def still_open(connection: Connection, claim: str) -> list[OpenDrop]:
    """The drops of a claim that are not settled."""
    return [_open_drop(row) for row in _run(connection, "claimed_drops", claim=claim)]


def _open_drop(row: Row) -> OpenDrop:
    return OpenDrop(drop=_drop(row), **row)


def _drop(row: Row) -> Drop:
    """The drop of a row; its columns are taken from it."""
    names = ("uri", "size", "mtime_ns", "identity", "profile")
    return Drop(**{name: row.pop(name) for name in names})


def recorded_files(connection: Connection, drop_id: int) -> dict[int, Outcome]:
    """The recorded outcomes of the files of a drop, by their ids."""
    rows = _run(connection, "recorded_files", drop_id=drop_id)
    return {row["file_id"]: Outcome(row["outcome"]) for row in rows}


def settle_moved(connection: Connection, one: OpenDrop, problem: str) -> bool:
    """Settle a recorded drop that was moved; whether it was recorded.

    Args:
        connection: To the warehouse.
        one: The drop.
        problem: Why it is not kept, or empty.
    """
    rows = _run(
        connection, "settle_moved_drop", claim=one.claim, drop_id=one.drop_id, problem=problem
    )
    return bool(rows)


def waiting_drops(connection: Connection) -> list[OpenDrop]:
    """The drops whose wait for another attempt is over, wherever they are."""
    return [_open_drop(row) for row in _run(connection, "waiting_drops")]


def settle_gone(connection: Connection, one: OpenDrop, begun: Iterable[int] = ()) -> None:
    """Settle a drop that is gone or replaced; files of it that were loaded in part are withdrawn.

    Args:
        connection: To the warehouse.
        one: The drop.
        begun: Ids of its files that a run has begun to load, besides those that are noted.
    """
    with connection.transaction():
        rows = _run(connection, "settle_gone_drop", claim=one.claim, drop_id=one.drop_id)
        for file_id in {*begun, *(file_id for row in rows for file_id in row["begun"])}:
            withdraw_unfinished(connection, file_id)


def note_begun(connection: Connection, drop_id: int, file_ids: Iterable[int]) -> None:
    """Note which files of a drop a run may have loaded in part before it failed."""
    _run(connection, "note_begun", drop_id=drop_id, file_ids=list(file_ids))


def grown_from(connection: Connection, claim: str) -> list[SmallerDrop]:
    """What was read of the drops of a claim before they grew."""
    return rows_of(connection, SmallerDrop, "grown_from", claim=claim)


def kept_lately(connection: Connection, days: float) -> list[KeptDrop]:
    """The drops that were kept in the last days and that no run works on, newest state of each."""
    rows = _run(connection, "kept_lately", days=days)
    return [KeptDrop(drop=_drop(row), **row) for row in rows]


def not_kept_any_more(connection: Connection, kept_at: str, message: str) -> None:
    """Record that the file kept at this URI is gone."""
    _run(connection, "not_kept_any_more", kept_at=kept_at, message=message)


def kept_places(connection: Connection, file_id: int) -> list[Row]:
    """The kept drops that contain a file: `kept_at`, and the `sha256` of the file."""
    return _run(connection, "kept_places", file_id=file_id)


def kept_content(connection: Connection) -> list[KeptContent]:
    """All settled content, and where it is or was kept."""
    return rows_of(connection, KeptContent, "kept_content")


def left_drops(connection: Connection, drop_ids: list[int]) -> dict[int, LeftDrop]:
    """Rows of drops that were copied."""
    rows = _run(connection, "left_drops", drop_ids=drop_ids)
    return {row["drop_id"]: LeftDrop(drop=_drop(row), **row) for row in rows}


def release(
    connection: Connection, claim: str, drop_ids: Iterable[int], message: str
) -> list[DropState]:
    """Release drops that a run could not finish.

    Returns:
        The state of each: `waiting` for its next attempt, or `failed`.
    """
    rows = _run(
        connection,
        "release_drops",
        claim=claim,
        drop_ids=list(drop_ids),
        message=message,
        attempts=MAX_ATTEMPTS,
        wait=ATTEMPT_WAIT_SECONDS,
    )
    return [DropState(row["state"]) for row in rows]


def postpone(connection: Connection, one: OpenDrop, message: str) -> None:
    """Let a waiting drop that cannot be settled wait longer, or fail."""
    _run(
        connection,
        "postpone_drop",
        claim=one.claim,
        drop_id=one.drop_id,
        message=message,
        attempts=MAX_ATTEMPTS,
        wait=ATTEMPT_WAIT_SECONDS,
    )


def open_claims(connection: Connection) -> set[str]:
    """Claims that a run works on."""
    return {row["claim"] for row in _run(connection, "open_claims")}


def unchecked_claims(connection: Connection) -> list[tuple[str, str]]:
    """Open claims whose run was not checked for a while, each with its run, if it had one."""
    rows = _run(connection, "unchecked_claims", seconds=CLAIM_CHECK_SECONDS)
    return [(row["claim"], row["run"]) for row in rows]


def claim_is_alive(connection: Connection, claim: str) -> None:
    """Record that the run of a claim is alive."""
    _run(connection, "claim_is_alive", claim=claim)


def refused_drops(
    connection: Connection,
    *,
    code: str | None = None,
    since: datetime | None = None,
    partial_by: Iterable[str] = (),
) -> list[RefusedDrop]:
    """Drops with a refused file, and failed drops.

    Args:
        connection: To the warehouse.
        code: Only drops of a file that was refused with this code.
        since: Only drops that landed since then.
        partial_by: Also drops with a file of which one of these profiles has refused a part.
    """
    rows = _run(connection, "refused_drops", code=code, since=since, partial_by=list(partial_by))
    return [
        RefusedDrop(failed=row.pop("failed"), names=row.pop("names"), one=_open_drop(row))
        for row in rows
    ]


def kept_drops_of(connection: Connection, since: datetime, before: datetime) -> list[KeptDelivery]:
    """The kept deliveries with a file whose header DateTime is in [since, before)."""
    return rows_of(connection, KeptDelivery, "kept_drops_of", since=since, before=before)


def last_profiles(connection: Connection, uris: list[str]) -> dict[str, str]:
    """The profile of the last load of the files at these URIs."""
    rows = _run(connection, "last_profiles", uris=uris)
    return {row["kept_at"]: row["profile"] for row in rows}


def redrive(connection: Connection, drop: Drop, before: OpenDrop) -> None:
    """Let a drop be claimed at once, and loaded by its profile although it is known as refused.

    Args:
        connection: To the warehouse.
        drop: As it is now.
        before: As it was claimed last.
    """
    _run(connection, "redrive", **asdict(drop), sha256=before.sha256, before=before.drop_id)


def failed_drop(connection: Connection, drop_id: int) -> OpenDrop | None:
    """A drop, if it has failed."""
    rows = _run(connection, "failed_drop", drop_id=drop_id)
    return _open_drop(rows[0]) if rows else None


def find_files(connection: Connection, name: str) -> list[Row]:
    """Files by name or by the first digits of their SHA-256."""
    prefix = name.lower() if set(name.lower()) <= set("0123456789abcdef") else ""
    return _run(connection, "find_files", prefix=f"{prefix}%" if prefix else "", called=name)


def names_like(connection: Connection, pattern: str) -> list[NamedFile]:
    """Some files whose names match a glob."""
    # A set of characters, which LIKE does not know, is any one.
    escaped = re.sub(r"([%_\\])", r"\\\1", re.sub(r"\[[^]]*]", "?", pattern))
    like = escaped.replace("*", "%").replace("?", "_")
    return rows_of(connection, NamedFile, "names_like", pattern=like, most=_MOST_NAMED)


def files_of_archive(connection: Connection, name: str) -> list[NamedFile]:
    """Some files that were delivered in an archive of that name."""
    like = re.sub(r"([%_\\])", r"\\\1", name) + "/%"
    return rows_of(connection, NamedFile, "names_like", pattern=like, most=_MOST_NAMED)


def latest_names(connection: Connection) -> list[str]:
    """The names of the files that came last."""
    return [row["name"] for row in _run(connection, "latest_names", most=_MOST_COMPARED)]


def latest_drops(connection: Connection) -> list[LandedDrop]:
    """The drops that came last."""
    return rows_of(connection, LandedDrop, "latest_drops", most=_MOST_COMPARED)


def drop_contents(connection: Connection, drop_id: int) -> list[NamedFile]:
    """The files of a drop as they are now."""
    return rows_of(connection, NamedFile, "drop_contents", drop_id=drop_id)


def refused_by_hand(connection: Connection, code: str | None) -> Row:
    """How many files `parse_data` has `found` refused in place, and the `first` by name."""
    return _run(connection, "refused_by_hand", code=code)[0]


def known_files(connection: Connection, file_ids: Iterable[int]) -> dict[int, KnownFile]:
    """The rows of these files in the ledger."""
    rows = rows_of(connection, KnownFile, "known_files", file_ids=list(file_ids))
    return {row.file_id: row for row in rows}


def note_deliveries(
    connection: Connection, delivered: Iterable[tuple[int, datetime | None]]
) -> int:
    """Record times of delivery of files; the earliest of each counts.

    Returns:
        How many days were decided again, because their order depends on the time of delivery.
    """
    given = [(file_id, at) for file_id, at in delivered if at]
    row = _run(
        connection,
        "note_deliveries",
        file_ids=[file_id for file_id, _ in given],
        times=[at for _, at in given],
    )[0]
    days: int = row["days"]
    return days


def withdraw(connection: Connection, file_id: int, why: str = "withdrawn") -> int | None:
    """Withdraw a file; returns the number of its day versions, None if the file is unknown."""
    row = _run(connection, "withdraw_file", file_id=file_id, why=why)[0]
    withdrawn: int | None = row["meter_withdraw_file"]
    return withdrawn


def withdraw_unfinished(connection: Connection, file_id: int) -> None:
    """Withdraw what was applied of a file that cannot be loaded completely; a loaded one stays."""
    with connection.transaction():
        known = known_files(connection, [file_id]).get(file_id)
        if known and known.status is FileStatus.LOADING:
            withdraw(connection, file_id)


def settle_files(connection: Connection, file_ids: Iterable[int]) -> dict[int, FileStatus]:
    """Settle files whose parts are all applied; the status of those that are known."""
    rows = _run(connection, "settle_files", file_ids=list(file_ids))
    return {row["file_id"]: FileStatus(row["status"]) for row in rows if row["status"]}


def files(connection: Connection, file_ids: Iterable[int]) -> dict[int, FileSummary]:
    """The ledger's rows of these files."""
    rows = rows_of(connection, FileSummary, "file_summary", file_ids=list(file_ids))
    return {row.file_id: row for row in rows}


def refusals(connection: Connection, file_id: int, most: int) -> tuple[list[Refusal], int]:
    """The first refusals of a file, in the order of its lines, and how many there are in all."""
    rows, count = _counted(_run(connection, "file_refusals", file_id=file_id, most=most))
    return [Refusal(**row) for row in rows], count


def refused_days(connection: Connection, file_id: int, most: int) -> tuple[list[RefusedSpan], int]:
    """The first days of a file that was refused as a whole, and how many spans there are."""
    rows, count = _counted(_run(connection, "refused_days", file_id=file_id, most=most))
    return [RefusedSpan(**row) for row in rows], count


def warnings(connection: Connection, file_id: int, most: int) -> list[Row]:
    """The warnings of a file that are kept one by one."""
    return _run(connection, "file_warnings", file_id=file_id, most=most)


def nmis(connection: Connection, file_ids: Iterable[int], most: int) -> tuple[list[str], int]:
    """The NMIs in these files, at most `most`, and how many there are in all."""
    rows = _run(connection, "file_nmis", file_ids=list(file_ids), most=most)
    rows, count = _counted(rows)
    return [row["nmi"] for row in rows], count


def _counted(rows: list[Row]) -> tuple[list[Row], int]:
    """The first rows of a list, which say in `found` how many there are in all; and that number."""
    count = rows[0]["found"] if rows else 0
    return [{name: row[name] for name in row if name != "found"} for row in rows], count


def claim_refusals(connection: Connection, claim: str, most: int) -> tuple[list[RefusedFile], int]:
    """The first files of a claim that were refused, whole or in part, and how many there are."""
    rows, count = _counted(_run(connection, "claim_refusals", claim=claim, most=most))
    return [_refused_file(row) for row in rows], count


def _refused_file(row: Row) -> RefusedFile:
    names = ("file_id", "name", "sha256", "records", "refused_records")
    file = {name: row.pop(name) for name in names}
    outcome = Outcome(row.pop("outcome"))
    first = Refusal(**row) if row["code"] is not None else None
    return RefusedFile(outcome=outcome, first=first, **file)


def claim_failures(connection: Connection, claim: str, most: int) -> tuple[list[FailedDrop], int]:
    """The first drops that the run of a claim could not finish, and how many there are."""
    rows, count = _counted(_run(connection, "claim_failures", claim=claim, most=most))
    return [FailedDrop(**row) for row in rows], count


def contradictions(
    connection: Connection, most: int, claim: str | None = None
) -> tuple[list[Contradiction], int]:
    """The first days in force against another delivery with the same stamps, and how many.

    Args:
        connection: To the warehouse.
        most: Rows.
        claim: Only days of files that it has loaded.
    """
    rows, count = _counted(_run(connection, "contradictions", claim=claim, most=most))
    return [Contradiction(**row) for row in rows], count


def last_landed(connection: Connection, landing: str) -> datetime | None:
    """When a drop below this URI was last claimed."""
    at: datetime | None = _run(connection, "last_landed", landing=landing)[0]["at"]
    return at


def status(
    connection: Connection, *, most_days: int = COUNTED_DAYS, most_channels: int = COUNTED_CHANNELS
) -> Row:
    """Counts of everything; `estimated` says whether those of days and channels are not exact.

    Args:
        connection: To the warehouse.
        most_days: So many are counted exactly; beyond, their number is an estimate.
        most_channels: So many are then counted; there may be more.
    """
    return _run(connection, "status", most_days=most_days, most_channels=most_channels)[0]


def unsettled(connection: Connection) -> Row:
    """How many drops are `open` and `failed`, and `oldest_seconds` of those that are open."""
    return _run(connection, "unsettled")[0]


def latest_refusals(connection: Connection, most: int) -> list[Row]:
    """The files that were refused last, in whole or in part, each with its first refusal."""
    return _run(connection, "latest_refusals", most=most)


def failed_drops(connection: Connection, most: int) -> list[Row]:
    """The drops that failed last: `uri`, `attempt` and `message`."""
    return _run(connection, "failed_drops", most=most)


def drops_since(connection: Connection, uris: list[str], since: datetime) -> list[Row]:
    """The drops of these names that were claimed since then, a row for each of their files."""
    return _run(connection, "drops_since", uris=uris, since=since)


def wait_for_change(connection: Connection, seconds: float) -> None:
    """Wait until a drop has changed, at most so long; call `listen` first."""
    for _ in connection.notifies(timeout=seconds, stop_after=1):
        return


def listen(connection: Connection) -> None:
    """Prepare for `wait_for_change`; puts the connection in autocommit."""
    connection.autocommit = True
    connection.execute("LISTEN meter_drops")
