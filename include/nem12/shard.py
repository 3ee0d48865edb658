"""From files to shards: parts of about equal size, and how a shard is described for its task.

A part has the same identity in every run; which parts share a shard may differ.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from nem12 import settings, storage
from nem12.errors import TerminalError
from nem12.mdff import spec, wording
from nem12.mdff.findings import Finding, Level
from nem12.mdff.header import Header
from nem12.mdff.structure import Cut
from nem12.settings import READER_VERSION
from nem12.storage import Place
from nem12.survey import MeterFile


@dataclass(frozen=True, slots=True)
class Part:
    """A byte range of a file that begins with the file, a 200 or a 250 record.

    Attributes:
        number: Of the part within its file, from 0.
        of: Parts of the file.
        start: Offset of its first byte.
        end: Offset after its last byte.
        first_line: Number of its first line.
        last_line: Number of its last line.
    """

    file: MeterFile
    number: int
    of: int
    start: int
    end: int
    first_line: int
    last_line: int

    @property
    def size(self) -> int:
        """Bytes."""
        return self.end - self.start

    @property
    def header(self) -> Header | None:
        """The 100 record in force where the part begins."""
        before = [header for offset, header in self.file.headers if offset <= self.start]
        return before[-1] if before else self.file.header


@dataclass(frozen=True, slots=True)
class Shard:
    """What one task parses and applies: parts of one or many files."""

    parts: tuple[Part, ...]

    @property
    def batch_id(self) -> str:
        """The identity of the batch, independent of run, try and path."""
        identity = [
            (p.file.sha256, p.start, p.end, p.file.profile, READER_VERSION, p.file.replaces)
            for p in self.parts
        ]
        return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:32]

    @property
    def delivered(self) -> dict[int, datetime | None]:
        """When each of its files was delivered, by id; not part of the batch's identity."""
        return {part.file.file_id: part.file.delivered_at for part in self.parts}

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(part.size for part in self.parts)

    @property
    def label(self) -> str:
        """A label for people."""
        first = self.parts[0]
        if len(self.parts) > 1:
            files = len({part.file.sha256 for part in self.parts})
            return f"{first.file.name} and {files - 1} more" if files > 1 else first.file.name
        if first.of > 1:
            return f"{first.file.name} {first.number + 1}/{first.of}"
        return first.file.name


def parts(file: MeterFile) -> list[Part]:
    """The parts of a file, which together cover it."""
    starts = [Cut(0, 1), *file.cuts]
    ends = [*file.cuts, Cut(file.size, file.lines + 1)]
    return [
        Part(file, number, len(starts), start.offset, end.offset, start.line, end.line - 1)
        for number, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]


def pack(files: Iterable[MeterFile]) -> list[Shard]:
    """Shards of about equal size: big files in parts, small files together."""
    pieces = [part for file in files for part in parts(_with_tables(file))]
    target = max(settings.SHARD_BYTES, -(-sum(part.size for part in pieces) // settings.MAX_SHARDS))
    groups = list(_grouped(pieces, target))
    while len(groups) > settings.MAX_SHARDS:
        # Parts that fill little more than half of a shard leave the rest of it empty.
        target += -(-target // 4)
        groups = list(_grouped(pieces, target))
    return [Shard(tuple(group)) for group in groups]


def _with_tables(file: MeterFile) -> MeterFile:
    """The file, refused if it contains register reads: there are no tables for them yet."""
    if file.format != spec.NEM13.name:
        return file
    message = "register reads (NEM13) are not loaded yet; validate checks them"
    excerpt = wording.marked(("100", file.format, "…"), 1)
    finding = Finding(Level.FILE, "version", 1, message, excerpt, 1, file.lines, field=2)
    return replace(file, findings=(*file.findings, finding), cuts=())


def _grouped(pieces: list[Part], target: int) -> Iterator[list[Part]]:
    group: list[Part] = []
    size = 0
    for part in pieces:
        if group and size + part.size > target * 1.1:
            yield group
            group, size = [], 0
        group.append(part)
        size += part.size
    if group:
        yield group


def save_shard(shard: Shard, place: Place) -> None:
    """Write a shard's description for the task that parses it."""
    files = {part.file.sha256: asdict(part.file) for part in shard.parts}
    ranges = [
        [p.file.sha256, p.number, p.of, p.start, p.end, p.first_line, p.last_line]
        for p in shard.parts
    ]
    storage.write_text(place, json.dumps({"files": files, "parts": ranges}, default=str))


def load_shard(place: Place) -> Shard:
    """Read a shard's description.

    Raises:
        TerminalError: It is not there.
    """
    try:
        stored = json.loads(storage.read_text(place))
    except FileNotFoundError:
        raise TerminalError(
            f"the plan is not in {place.parent}: either the run is settled already, or the"
            " workers do not share the staging folder: set METER_STAGING to a folder that all"
            " of them see under the same path, or to a bucket"
        ) from None
    files = {sha256: _file(values) for sha256, values in stored["files"].items()}
    return Shard(tuple(Part(files[sha256], *rest) for sha256, *rest in stored["parts"]))


def _file(values: dict[str, Any]) -> MeterFile:
    delivered_at = values.pop("delivered_at")
    return MeterFile(
        headers=tuple((offset, _header(header)) for offset, header in values.pop("headers")),
        findings=tuple(_finding(finding) for finding in values.pop("findings")),
        body=Cut(**values.pop("body")),
        end=Cut(**values.pop("end")),
        cuts=tuple(Cut(**cut) for cut in values.pop("cuts")),
        seen=tuple(values.pop("seen")),
        delivered_at=datetime.fromisoformat(delivered_at) if delivered_at else None,
        **values,
    )


def _finding(values: dict[str, Any]) -> Finding:
    for name in ("day", "last_day"):
        if values[name] is not None:
            values[name] = date.fromisoformat(values[name])
    return Finding(Level(values.pop("level")), **values)


def _header(values: dict[str, Any]) -> Header:
    return Header(datetime.fromisoformat(values.pop("date_time")), **values)
