"""From files to shards: one pass over each file, then parts of about equal size.

A file is its content: its identity is its SHA-256. Where it is cut depends on nothing but the file,
so that a part has the same identity in every run; which parts share a shard may differ.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO

from nem12 import storage, untrusted
from nem12.errors import TerminalError
from nem12.mdff import text
from nem12.mdff.findings import Finding, Level
from nem12.mdff.header import Header
from nem12.mdff.profile import profile as profile_named
from nem12.mdff.structure import Cut, Structure
from nem12.settings import MAX_SHARDS, READER_VERSION, SHARD_BYTES
from nem12.storage import Place
from nem12.untrusted import Seen


@dataclass(frozen=True, slots=True)
class MeterFile:
    """What one pass over a file tells.

    Attributes:
        path: Where its bytes lie, expanded; a URI where they are in a bucket.
        name: As it was delivered; a member of an archive as `archive/member`.
        sha256: Of the content, hexadecimal.
        size: Bytes.
        lines: Physical lines.
        profile: Name of the profile it is judged by.
        headers: Its first usable 100 record with its offset; in a joined file also those that
            are in force where its parts begin.
        findings: About the file as a whole.
        warnings: Exact number of warnings among them, by code.
        body: Where the records after the 100 record begin.
        end: Where the 900 record begins.
        records: 100 and 900 records.
        refused_records: Those of them that were refused.
        cuts: Beginnings of its parts but the first.
        seen: What lies at `path`, to notice that it has changed since.
        replaces: What was loaded of it goes, in the transaction that loads it again.
        withheld: It has errors, and its profile lets nothing of such a file be loaded.
        delivered_at: What an archive or a message says of it; then, by `nem12.delivery`, in whole
            seconds what counts.
    """

    path: str
    name: str
    sha256: str
    size: int
    lines: int
    profile: str
    headers: tuple[tuple[int, Header], ...]
    findings: tuple[Finding, ...]
    warnings: dict[str, int]
    body: Cut
    end: Cut
    records: int
    refused_records: int
    cuts: tuple[Cut, ...] = ()
    seen: Seen = ()
    replaces: bool = False
    withheld: bool = False
    delivered_at: datetime | None = None

    @property
    def file_id(self) -> int:
        """The first 63 bits of the SHA-256: fits PostgreSQL's bigint, keeps the order."""
        return int(self.sha256[:16], 16) >> 1

    @property
    def header(self) -> Header | None:
        """Its first 100 record, where that is usable."""
        return self.headers[0][1] if self.headers else None

    @property
    def refused(self) -> bool:
        """Whether nothing of it may be loaded."""
        return any(finding.level is Level.FILE for finding in self.findings)

    @property
    def holds_records(self) -> bool:
        """Whether its lines are records, and not those of another kind of file or of damage."""
        return not any(finding.code in ("foreign", "unreadable") for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Part:
    """A byte range of a file that begins with the file or a 200 record.

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
        """What the batch is, whoever makes it and however often: no run, no try, no path."""
        identity = [
            (p.file.sha256, p.start, p.end, p.file.profile, READER_VERSION, p.file.replaces)
            for p in self.parts
        ]
        return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:32]

    @property
    def delivered(self) -> dict[int, datetime | None]:
        """When each of its files was delivered, by id; no part of the batch's identity."""
        return {part.file.file_id: part.file.delivered_at for part in self.parts}

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(part.size for part in self.parts)

    @property
    def label(self) -> str:
        """For people: what is in it."""
        first = self.parts[0]
        if len(self.parts) > 1:
            files = len({part.file.sha256 for part in self.parts})
            return f"{first.file.name} and {files - 1} more" if files > 1 else first.file.name
        if first.of > 1:
            return f"{first.file.name} {first.number + 1}/{first.of}"
        return first.file.name


@dataclass(slots=True)
class _Hashed:
    """A stream that is hashed and counted, and copied where that is asked for, as it is read."""

    stream: text.Readable
    copy: BinaryIO | None = None
    digest: Any = field(default_factory=hashlib.sha256)
    size: int = 0

    def read(self, size: int = -1, /) -> bytes:
        data = self.stream.read(size)
        self.digest.update(data)
        self.size += len(data)
        if self.copy is not None:
            self.copy.write(data)
        return data


def survey(
    stream: text.Readable,
    path: str,
    name: str,
    profile: str,
    size: int,
    copy: BinaryIO | None = None,
) -> MeterFile:
    """Read a file once: hash it, judge it as a whole, find where it can be cut.

    Args:
        stream: At its beginning.
        path: Where its bytes lie, or will lie when `copy` is written.
        name: As delivered.
        profile: To judge it by.
        size: Bytes to expect; decides how many parts the file gets.
        copy: Takes the bytes as they are read.
    """
    hashed = _Hashed(stream, copy)
    structure = Structure(part_bytes(size), profile_named(profile))
    for offset, piece in text.whole_lines(hashed):
        structure.feed(offset, piece)
    structure.finish()
    return MeterFile(
        path=path,
        name=name,
        sha256=hashed.digest.hexdigest(),
        size=hashed.size,
        lines=structure.lines,
        profile=profile,
        headers=tuple(structure.headers),
        findings=tuple(structure.findings),
        warnings=structure.tally.warnings(),
        body=structure.body,
        end=structure.end,
        records=structure.records,
        refused_records=structure.refused_records,
        cuts=() if structure.refused else tuple(structure.cuts),
        seen=seen_at(path) if path else (),
    )


def seen_at(path: str) -> Seen:
    """What lies there now."""
    return untrusted.seen_of(untrusted.status_of(Path(path)))


def part_bytes(size: int) -> int:
    """The size of a file's parts, so that they are equal, and not more than a run can map."""
    parts = min(max(1, -(-size // SHARD_BYTES)), MAX_SHARDS)
    return max(1, -(-size // parts))


def parts(file: MeterFile) -> list[Part]:
    """The parts of a file, which together are the whole of it."""
    starts = [Cut(0, 1), *file.cuts]
    ends = [*file.cuts, Cut(file.size, file.lines + 1)]
    return [
        Part(file, number, len(starts), start.offset, end.offset, start.line, end.line - 1)
        for number, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]


def pack(files: Iterable[MeterFile]) -> list[Shard]:
    """Shards of about equal size: big files in parts, small files together."""
    pieces = [part for file in files for part in parts(file)]
    target = max(SHARD_BYTES, -(-sum(part.size for part in pieces) // MAX_SHARDS))
    groups = list(_grouped(pieces, target))
    while len(groups) > MAX_SHARDS:
        # Parts that fill little more than half of a shard leave the rest of it empty.
        target += -(-target // 4)
        groups = list(_grouped(pieces, target))
    return [Shard(tuple(group)) for group in groups]


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


def save(shard: Shard, place: Place) -> None:
    """Write a shard's description for the task that parses it."""
    files = {part.file.sha256: asdict(part.file) for part in shard.parts}
    ranges = [
        [p.file.sha256, p.number, p.of, p.start, p.end, p.first_line, p.last_line]
        for p in shard.parts
    ]
    storage.write_text(place, json.dumps({"files": files, "parts": ranges}, default=str))


def load(place: Place) -> Shard:
    """Read a shard's description.

    Raises:
        TerminalError: It is not there.
    """
    try:
        stored = json.loads(storage.read_text(place))
    except FileNotFoundError:
        raise TerminalError(
            f"what was planned is not in {place.parent}: either its run is settled already, or the"
            " workers do not share the staging folder: set METER_STAGING to one that all of them"
            " see under the same path, or to a bucket"
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
    return Header(datetime.fromisoformat(values.pop("created")), **values)
