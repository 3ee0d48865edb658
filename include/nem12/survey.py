"""One pass over a whole file: its hash and counts, its faults as a whole, its cut points.

A file is its content: its identity is its SHA-256. Where it is cut depends on nothing but the file.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from nem12 import settings, untrusted
from nem12.mdff import text
from nem12.mdff.findings import Finding, Level
from nem12.mdff.header import Header
from nem12.mdff.profiles import profile_named
from nem12.mdff.structure import Cut, Structure
from nem12.untrusted import Seen


@dataclass(frozen=True, slots=True)
class MeterFile:
    """The result of one pass over a file.

    Attributes:
        path: Path of its expanded bytes; a URI if they are in a bucket.
        name: As it was delivered; a member of an archive as `archive/member`.
        sha256: Of the content, hexadecimal.
        size: Bytes.
        lines: Physical lines.
        profile: Name of its profile.
        headers: Its first usable 100 record with its offset; in a joined file also those that
            are in force where its parts begin.
        findings: About the file as a whole.
        warnings: Exact number of warnings among them, by code.
        body: Where the records after the 100 record begin.
        end: Where the 900 record begins.
        records: 100 and 900 records.
        refused_records: Those of them that were refused.
        cuts: Beginnings of its parts but the first.
        seen: The file at `path`, to notice later changes.
        replaces: The transaction that loads it replaces what was loaded of it before.
        withheld: It has errors, and its profile loads nothing of such a file.
        delivered_at: First from the archive or message; then, set by `nem12.delivery`, in whole
            seconds the time that counts.
        format: NEM12 or NEM13; empty if unknown.
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
    format: str = ""

    @property
    def file_id(self) -> int:
        """The first 63 bits of the SHA-256: fits PostgreSQL's bigint, keeps the order."""
        return int(self.sha256[:16], 16) >> 1

    @property
    def header(self) -> Header | None:
        """Its first 100 record, if usable."""
        return self.headers[0][1] if self.headers else None

    @property
    def refused(self) -> bool:
        """Whether nothing of it may be loaded."""
        return any(finding.level is Level.FILE for finding in self.findings)

    @property
    def holds_records(self) -> bool:
        """Whether its lines are records, and not another kind of file or damaged."""
        return not any(finding.code in ("foreign", "unreadable") for finding in self.findings)


@dataclass(slots=True)
class _Hashed:
    """A stream that is hashed, counted and optionally copied as it is read."""

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


def survey_file(
    stream: text.Readable,
    path: str,
    name: str,
    profile: str,
    size: int,
    copy: BinaryIO | None = None,
) -> MeterFile:
    """Read a file once: hash it, check it as a whole, find where it can be cut.

    Args:
        stream: At its beginning.
        path: Path of its bytes, or of `copy`.
        name: As delivered.
        profile: To check it by.
        size: Bytes to expect; decides how many parts the file gets.
        copy: Receives the bytes as they are read.
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
        format=structure.format.name if structure.format else "",
    )


def seen_at(path: str) -> Seen:
    """The file that is there now."""
    return untrusted.seen_of(untrusted.status_of(Path(path)))


def part_bytes(size: int) -> int:
    """The size of a file's parts: equal, and not more parts than a run can map."""
    parts = min(max(1, -(-size // settings.SHARD_BYTES)), settings.MAX_SHARDS)
    return max(1, -(-size // parts))
