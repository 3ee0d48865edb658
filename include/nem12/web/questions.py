"""The queries of the page. Each is bounded and finds its rows by an index."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from nem12.errors import UsageError
from nem12.load.kept import kept_below
from nem12.mdff import spec
from nem12.mdff.findings import Level
from nem12.mdff.remedies import explanation
from nem12.mdff.stamps import NEM_TIME
from nem12.mdff.wording import shown
from nem12.states import FILE_OUTCOMES, OPEN, FileStatus
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection
from nem12.warehouse.sql import Row
from nem12.web.paging import Rows, after, integer, page, word
from nem12.web.paging import cursor as key_of
from nem12.web.sql import run

RECENT_DAYS: Final = 30
"""Days that the overview counts as recent."""

STATUSES: Final = tuple(FileStatus)
OPEN_STATES: Final = OPEN

COUNTED_DAYS: Final = 5_000
"""Most days of a file whose state is counted; counting more takes too long for a page."""

MOST_VERSIONS: Final = 20
"""Versions of a day that are shown; real days have one to three."""

MOST_CONTRADICTIONS: Final = 5
"""Days that are listed on the overview; all are counted."""

MOST_SMALL: Final = 50
"""Rows of a list that is short by its nature."""

MOST_NAME: Final = 1000
"""Characters of a path."""

LOOKED_AT: Final = 50_000
"""Files whose names one search reads, some 2 us each."""

_LAST: Final = ("infinity", 2**63 - 1)


@dataclass(frozen=True)
class FileSearch:
    """What files are asked for; without a value, all.

    Attributes:
        statuses: Of the file.
        text: A part of the name as delivered, or of FromParticipant; of any case.
        nmi: The file delivers a day of it, or something of it was refused.
        first: NEM day of arrival, and later.
        last: NEM day of arrival, and before.
        asked_again: Something of the file is asked for again.
    """

    statuses: Sequence[str]
    text: str = ""
    nmi: str = ""
    first: date | None = None
    last: date | None = None
    asked_again: bool = False


def overview(connection: Connection, now: datetime) -> dict[str, Any]:
    """Counts of waiting, loading, loaded and refused files, and the age of the newest day.

    Args:
        connection: A reading one.
        now: In NEM time.
    """
    since = (now - timedelta(days=RECENT_DAYS - 1)).replace(hour=0, minute=0, second=0)
    last_day = newest_day(connection)
    contradictions, count = ledger.contradictions(connection, MOST_CONTRADICTIONS)
    drops = {row["state"]: row for row in run(connection, "open_drops")}
    (loading,) = run(connection, "loading_count")
    by_day = run(connection, "loaded_by_day", since=since)
    lately = {status: sum(day[status] for day in by_day) for status in STATUSES[1:]}
    return {
        "recent_days": RECENT_DAYS,
        "newest_day": last_day,
        "days_behind": (now.date() - last_day).days - 1 if last_day else None,
        "drops": {state: drops[state]["drops"] if state in drops else 0 for state in OPEN_STATES},
        "files": {"loading": loading["files"], **lately},
        "loading": run(connection, "loading_files", most=MOST_SMALL),
        "by_day": by_day,
        "problems": run(connection, "latest_problems", most=10),
        "contradictions": [{**asdict(day), "found": count} for day in contradictions],
    }


def newest_day(connection: Connection) -> date | None:
    """The newest day that a file has delivered."""
    rows = run(connection, "newest_day")
    return rows[0]["last_day"] if rows else None


def drops(
    connection: Connection, states: Sequence[str], cursor: str | None, limit: int, of_run: str = ""
) -> Rows:
    """Drops that are not settled; of one run, where one is named."""
    (drop_id,) = after(cursor, (integer,), (0,))
    rows = run(
        connection, "drops", states=list(states), drop_id=drop_id, run=of_run, most=limit + 1
    )
    return page(rows, limit, ("drop_id",))


def files(connection: Connection, search: FileSearch, cursor: str | None, limit: int) -> Rows:
    """Files that match, the newest first.

    A page may hold fewer than `limit` rows, or none, although more follow: then `LOOKED_AT` files
    were looked at.
    """
    seen_at, file_id = after(cursor, (_instant, integer), _LAST)
    values = {
        "statuses": list(search.statuses),
        "text": search.text,
        "asked_again": search.asked_again,
        "first": _midnight(search.first) if search.first else "-infinity",
        "end": _midnight(search.last + timedelta(days=1)) if search.last else "infinity",
        "seen_at": seen_at,
        "file_id": file_id,
        "most": limit + 1,
    }
    looked_at = LOOKED_AT if search.text or search.asked_again else limit + 1
    if search.nmi:
        rows = run(connection, "files_of_nmi", nmi=search.nmi, **values)
    else:
        rows = run(connection, "files", looked_at=looked_at, **values)
    matching = page(rows, limit, ("seen_at", "file_id"))
    if matching.next is None and rows and not rows[-1]["matches"]:
        matching = replace(matching, next=key_of(rows[-1], ("seen_at", "file_id")))
    items = [row for row in matching.items if row["matches"]]
    for row in items:
        del row["file_id"], row["matches"]
    return replace(matching, items=items)


def run_files(
    connection: Connection, of_run: str, outcomes: Sequence[str], cursor: str | None, limit: int
) -> Rows:
    """Files that a load run has settled, each with its `outcome` in this run; refused ones first.

    Of one that was refused, whole or in part, `line`, `code` and `message` are those of its first
    refusal. The name is the one that it came under in this run. A file that a later run took is not
    among them.
    """
    (place,) = after(cursor, (integer,), (0,))
    rows = run(
        connection,
        "run_files",
        run=of_run,
        outcomes=list(outcomes),
        order=list(FILE_OUTCOMES),
        place=place,
        most=limit + 1,
    )
    found = page(rows, limit, ("place",))
    for row in found.items:
        del row["place"]
    return found


def file_row(connection: Connection, sha256: str) -> Row | None:
    """A file by its row in the ledger."""
    rows = run(connection, "file", sha256=sha256)
    return rows[0] if rows else None


def file(connection: Connection, sha256: str) -> dict[str, Any] | None:
    """A file with its counts, the drops that delivered it, and its warnings explained."""
    found = file_row(connection, sha256)
    if found is None:
        return None
    found["accepted_records"] = found["records"] - found["refused_records"]
    found["accepted_readings"] = found["readings"] - found["refused_readings"]
    found["warnings"] = [
        {"code": code, "count": count, "explanation": explanation(Level.WARN, code)}
        for code, count in sorted(found["warnings"].items())
    ]
    (counted,) = run(connection, "file_days_count", file_id=found["file_id"], most=COUNTED_DAYS)
    found["days_in_force"] = counted["in_force"]
    found["days_superseded"] = counted["days"] - counted["in_force"]
    found["days_counted_to"] = COUNTED_DAYS if counted["days"] == COUNTED_DAYS else None
    found["drops"] = run(connection, "file_drops", file_id=found["file_id"], most=MOST_SMALL)
    spans, count = ledger.refused_days(connection, found["file_id"], MOST_SMALL)
    found["refused_days"] = [span.row() for span in spans]
    found["refused_days_left_out"] = count - len(spans)
    for drop in found["drops"]:
        below = kept_below(drop)
        drop["kept_below"] = shown(str(below), MOST_NAME) if below else None
    return found


def findings(connection: Connection, file_id: int, cursor: str | None, limit: int) -> Rows:
    """Refusals and warnings of a file by line, each explained."""
    line, code, level = after(cursor, (integer, word, word), (0, "", ""))
    rows = run(
        connection,
        "file_findings",
        file_id=file_id,
        line=line,
        code=code,
        level=level,
        most=limit + 1,
    )
    for row in rows:
        row["explanation"] = explanation(Level[row["level"]], row["code"])
    return page(rows, limit, ("line", "code", "level"))


def parts(connection: Connection, file_id: int, cursor: str | None, limit: int) -> Rows:
    """The parts of a file and the batches that applied them."""
    whole, start, end = after(cursor, (integer, integer, integer), (0, -1, -1))
    rows = run(
        connection,
        "file_parts",
        file_id=file_id,
        parts=whole,
        byte_start=start,
        byte_end=end,
        most=limit + 1,
    )
    return page(rows, limit, ("parts", "byte_start", "byte_end"))


def file_days(connection: Connection, file_id: int, cursor: str | None, limit: int) -> Rows:
    """The days that a file delivers, and what is in force of them."""
    (line,) = after(cursor, (integer,), (0,))
    rows = run(connection, "file_days", file_id=file_id, line=line, most=limit + 1)
    return page(rows, limit, ("line",))


def nmis(connection: Connection, prefix: str, cursor: str | None, limit: int) -> Rows:
    """The NMIs that begin so."""
    (nmi,) = after(cursor, (word,), ("",))
    rows = run(connection, "nmis", prefix=prefix, after=nmi, most=limit + 1)
    return page(rows, limit, ("nmi",))


def channels(connection: Connection, nmi: str) -> list[Row]:
    """The channels of an NMI with their first and newest days."""
    return run(connection, "channels", nmi=nmi)


def channel(connection: Connection, nmi: str, nmi_suffix: str) -> Row | None:
    """One channel with its meters; None if nothing is known of it."""
    found = next((c for c in channels(connection, nmi) if c["nmi_suffix"] == nmi_suffix), None)
    if found:
        found["meters"] = run(
            connection, "channel_meters", nmi=nmi, nmi_suffix=nmi_suffix, most=MOST_SMALL
        )
    return found


def channel_days(
    connection: Connection, nmi: str, nmi_suffix: str, first: date, last: date
) -> list[Row]:
    """Daily values of a channel, of the days that have readings."""
    rows = run(connection, "channel_days", nmi=nmi, nmi_suffix=nmi_suffix, first=first, last=last)
    for row in rows:
        counts = row.pop("flags")
        row["intervals"] = {flag.name: counts.get(flag.letter, 0) for flag in spec.INTERVAL_FLAGS}
    return rows


def readings(
    connection: Connection,
    nmi: str,
    nmi_suffix: str,
    first: date,
    last: date,
    cursor: str | None,
    limit: int,
) -> Rows:
    """Readings of a channel, each with its file and line."""
    (instant,) = after(cursor, (_instant,), ("-infinity",))
    rows = run(
        connection,
        "channel_readings",
        nmi=nmi,
        nmi_suffix=nmi_suffix,
        first=first,
        last=last,
        after=instant,
        most=limit + 1,
    )
    return page(rows, limit, ("timestamp",))


def day_versions(connection: Connection, nmi: str, nmi_suffix: str, day: date) -> list[Row]:
    """Versions of a day, the one in force first, each with its values."""
    return run(
        connection,
        "day_versions",
        nmi=nmi,
        nmi_suffix=nmi_suffix,
        day=day,
        most=MOST_VERSIONS,
    )


def refused_channels(connection: Connection, nmi: str) -> list[str]:
    """The suffixes of an NMI that something was refused of."""
    return [row["nmi_suffix"] for row in run(connection, "refused_channels", nmi=nmi)]


def one_of(given: str | None, known: tuple[str, ...], name: str) -> list[str]:
    """The given value, or all values.

    Raises:
        UsageError: It is not one of them.
    """
    if not given:
        return list(known)
    if given not in known:
        raise UsageError(f"{name}: choose one of {', '.join(known)}")
    return [given]


def span(
    first: date | None, last: date | None, default: tuple[date, date], most: int
) -> tuple[date, date]:
    """A span of days, both included.

    Raises:
        UsageError: It ends before it begins, or is too long.
    """
    begin, end = first or last, last or first
    if begin is None or end is None:
        return default
    if end < begin:
        raise UsageError("to: the last day is before the first")
    if (end - begin).days >= most:
        raise UsageError(f"the span from … to is longer than {most} days")
    return begin, end


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), NEM_TIME)


def _instant(text: str) -> datetime:
    # Without a zone, PostgreSQL would take it for its session's.
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(text)
    return instant
