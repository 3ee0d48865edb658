"""The index beside archived files: how each of them was delivered.

With it `parse_data --file archive --apply` fills an empty database as the deliveries did. A line is
on disk before the file that it describes is moved; lines are never changed. In a bucket, where
nothing can be appended, lines are objects in a folder of that name.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from nem12 import storage
from nem12.delivery import delivery_of
from nem12.drop import uri_path
from nem12.ignored import BEGINNING, begins_as_data
from nem12.load.keeping import delivered_name
from nem12.mdff.stamps import NEM_TIME
from nem12.settings import Home
from nem12.storage import Place
from nem12.tell.report import REPORT_SUFFIX
from nem12.warehouse import ledger
from nem12.warehouse.connect import Connection
from nem12.warehouse.rows import OpenDrop

INDEX: Final = "index.jsonl"

_BEGIN: Final = '{"sha256": '
"""The beginning of every line; it cannot occur inside one, where quotes are escaped."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A line of the index about a kept drop.

    Attributes:
        sha256: Of the kept drop.
        file: Its name there.
        name: The delivered name.
        profile: By which it was loaded.
        delivered_at: Whole seconds.
        claimed_at: Replaces an impossible date in an archive or message.
        at: When the line was written.
    """

    sha256: str
    file: str
    name: str
    profile: str
    delivered_at: datetime
    claimed_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A line of the index about a withdrawn file; earlier lines of it no longer count.

    Attributes:
        sha256: Of the file; of a member of an archive its own.
    """

    sha256: str
    why: str
    at: datetime


Line = Kept | Withdrawn


def write(folder: Place, lines: Iterable[Line]) -> None:
    """Add lines to the index of a folder, and sync them to disk."""
    storage.append_lines(folder / INDEX, [_text(line) for line in lines])


def line_of(home: Home, one: OpenDrop, sha256: str, kept_at: Place) -> Kept:
    """The line of the index for a drop that is about to be kept."""
    return Kept(
        sha256,
        kept_at.name,
        delivered_name(home, one.drop.uri, sha256),
        one.drop.profile,
        delivery_of(one.drop.mtime_ns, one.claimed_at),
        one.claimed_at,
        datetime.now(UTC),
    )


def note_withdrawn(connection: Connection, home: Home, file_id: int, why: str) -> bool:
    """Record in the index of each folder where a file is kept that it is withdrawn.

    Call this before it is withdrawn: afterwards the ledger no longer knows where it is kept.

    Returns:
        Whether it is kept in a folder that can be reached.
    """
    lines = withdrawn_lines(connection, home, file_id, why)
    for folder, line in lines.items():
        write(folder, [line])
    return bool(lines)


def withdrawn_lines(
    connection: Connection, home: Home, file_id: int, why: str
) -> dict[Place, Withdrawn]:
    """What the index of each folder where a file is kept has to say once it is withdrawn."""
    folders = {}
    for row in ledger.kept_places(connection, file_id):
        place = uri_path(row["kept_at"])
        kept = any(storage.relative(place, folder) for folder in (home.archive, home.rejected))
        if kept and storage.exists(place):
            folders[place.parent] = Withdrawn(row["sha256"], why, datetime.now(UTC))
    return folders


def is_ours(place: Place) -> bool:
    """Whether a file beside kept files is an index, a part of one in a bucket, or a report.

    Meter data may be delivered under the name of a report: the content decides.
    """
    if INDEX in (place.name, place.parent.name):
        return True
    if not place.name.endswith(REPORT_SUFFIX):
        return False
    try:
        return not begins_as_data(storage.beginning(place, BEGINNING))
    except OSError:
        return True  # a report that is gone: its file was loaded again


@dataclass(slots=True)
class Index:
    """The indexes of some folders."""

    _kept: dict[Place, dict[str, list[Kept]]] = field(default_factory=dict)
    _withdrawn: dict[str, datetime] = field(default_factory=dict)

    def read(self, folder: Place) -> None:
        """Read the index of a folder, if there is one."""
        if folder in self._kept:
            return
        kept = self._kept[folder] = {}
        for line in lines_of(folder):
            if isinstance(line, Kept):
                kept.setdefault(line.file, []).append(line)
            else:
                self._withdrawn[line.sha256] = line.at

    def lines(self, place: Place) -> list[Kept]:
        """How the file there was delivered, in the order in which it was kept."""
        return self._kept.get(place.parent, {}).get(place.name, [])

    def counting(self, lines: list[Kept], sha256: str) -> list[Kept]:
        """The lines that were written after a file was withdrawn; all lines if it was not."""
        withdrawn = self._withdrawn.get(sha256)
        return [line for line in lines if withdrawn is None or line.at > withdrawn]


def lines_of(folder: Place) -> list[Line]:
    """The lines of the index of a folder, in the order in which they were written."""
    lines = [line for text in storage.appended(folder / INDEX) for line in _parsed(text)]
    return sorted(lines, key=lambda line: line.at)


def _parsed(text: str) -> Iterator[Line]:
    for line in text.split("\n"):
        # A line that a full disk cut off is followed by the next one without a line end.
        at = line.rfind(_BEGIN)
        if at >= 0:
            try:
                yield _line(json.loads(line[at:]))
            except (ValueError, KeyError, TypeError):
                continue


def _line(values: dict[str, Any]) -> Line:
    at = datetime.fromisoformat(values["at"])
    if "withdrawn" in values:
        return Withdrawn(values["sha256"], values["withdrawn"], at)
    delivered, claimed = (datetime.fromisoformat(values[n]) for n in ("delivered_at", "claimed_at"))
    sha256, file, name, profile = (str(values[n]) for n in ("sha256", "file", "name", "profile"))
    return Kept(sha256, file, name, profile, delivered, claimed, at)


def _text(line: Line) -> str:
    at = _stamp(line.at, "microseconds")
    if isinstance(line, Withdrawn):
        values = {
            "sha256": line.sha256,
            "withdrawn": line.why,
            "at": at,
        }
    else:
        values = {
            "sha256": line.sha256,
            "name": line.name,
            "profile": line.profile,
            "delivered_at": _stamp(line.delivered_at, "seconds"),
            "claimed_at": _stamp(line.claimed_at, "microseconds"),
            "file": line.file,
            "at": at,
        }
    # A name may hold any bytes: what is no text is escaped.
    return json.dumps(values)


def _stamp(instant: datetime, precision: str) -> str:
    return instant.astimezone(NEM_TIME).isoformat(timespec=precision)
