"""Meter files from what was delivered: plain, `.gz`, aseXML, or `.zip` with any members.

The content decides what a file is, never its name. Members are expanded beside the staged files
under names of our own: names in an archive are data, never paths.
"""

import hashlib
import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final
from uuid import uuid4

from nem12 import ignored, untrusted
from nem12.containers import archives, foreign
from nem12.containers.archives import DamagedError, Expanding, LimitError, Member
from nem12.containers.asexml import Message, XmlError, begins_as_xml, extract
from nem12.containers.foreign import BEGINNING, Kind
from nem12.errors import TerminalError
from nem12.mdff import text, wording
from nem12.mdff.findings import Finding, Level
from nem12.mdff.header import Header
from nem12.settings import MAX_MEMBERS, MAX_NAME_BYTES
from nem12.survey import MeterFile, seen_at, survey_file
from nem12.untrusted import Seen, seen_of

log = logging.getLogger(__name__)

_HASH_DIGITS: Final = 12


def meter_files(
    path: Path, name: str, profile: str, scratch: Path, seen: Seen | None = None
) -> Iterator[MeterFile]:
    """The meter files of a drop, each read once.

    Args:
        path: Of the drop.
        name: As delivered.
        profile: To check its files by.
        scratch: Folder for expanded files; made when needed.
        seen: The drop as it was seen; None for any file.

    Raises:
        TerminalError: The drop cannot be read, is gone, or is not what was seen.
    """
    # A folder for each drop: a copy of the drop may be read at the same time.
    unpacking = _Unpacking(profile, scratch / uuid4().hex)
    try:
        with untrusted.opened(path, seen) as stream:
            yield from unpacking.drop(_Source(stream, str(path), as_text(name)))
    except FileNotFoundError:
        raise TerminalError(f"{wording.shown(name, 200)} is gone") from None
    except PermissionError:
        raise TerminalError(
            f"{wording.shown(name, 200)} cannot be read: permission denied"
        ) from None


def as_text(name: str) -> str:
    """A name as text of bounded length, whatever its bytes in a file system or archive."""
    text = os.fsencode(name).decode(errors="backslashreplace")
    encoded = text.encode()
    if len(encoded) <= MAX_NAME_BYTES:
        return text
    mark = f"…{hashlib.sha256(encoded).hexdigest()[:_HASH_DIGITS]}"
    return encoded[: MAX_NAME_BYTES - len(mark.encode())].decode(errors="ignore") + mark


def headers(path: Path, profile: str, scratch: Path, seen: Seen | None = None) -> Iterator[Header]:
    """The 100 record of each file of a drop; records are read no further than that.

    Args:
        path: Of the drop.
        profile: To check its files by.
        scratch: Folder for expanded files; made when needed.
        seen: As for `meter_files`.

    Raises:
        TerminalError: The drop cannot be read, is gone, or is not what was seen.
    """
    if any(map(begins_as_xml, _beginnings(path, seen))):
        found = (file.header for file in meter_files(path, path.name, profile, scratch, seen))
    else:
        found = (_first_header(beginning, profile) for beginning in _beginnings(path, seen))
    yield from (header for header in found if header)


def _first_header(beginning: bytes, profile: str) -> Header | None:
    return survey_file(BytesIO(beginning), "", "", profile, len(beginning)).header


def _beginnings(path: Path, seen: Seen | None) -> Iterator[bytes]:
    """The beginning of each file of a drop, as far as it can be read."""
    with untrusted.opened(path, seen) as stream, suppress(DamagedError):
        size = os.fstat(stream.fileno()).st_size
        beginning = stream.read(BEGINNING)
        packing = archives.format_of(stream, beginning)
        if packing is None:
            yield beginning
            return
        with packing.opened(stream, size) as members:
            for member in _delivered(members)[:MAX_MEMBERS]:
                with suppress(DamagedError), member.opened() as expanded:
                    yield Expanding(size, expanded).read(BEGINNING)


def _delivered(members: Iterable[Member]) -> list[Member]:
    return [member for member in members if member.delivered]


def _meter_data(name: str, members: Sequence[Member]) -> Sequence[Member]:
    """The members of an archive without the texts and programs beside the meter data.

    If there is nothing else in it, all of them: each is refused then and says what it is.

    Args:
        name: Of the archive, for the log.
        members: At least one.
    """
    reasons = [_why_ignored(member) for member in members]
    if all(reasons):
        return members
    for member, reason in zip(members, reasons, strict=True):
        if reason:
            log.warning("skipped: %s: %s", wording.shown(f"{name}/{member.name}", 200), reason)
    return [member for member, reason in zip(members, reasons, strict=True) if not reason]


def _why_ignored(member: Member) -> str | None:
    """Why a member is ignored, as in the landing folder; None if it is to be read."""

    def beginning() -> bytes:
        with member.opened() as stream:
            return Expanding(ignored.BEGINNING, stream).read(ignored.BEGINNING)

    try:
        return ignored.why_ignored(PurePosixPath(member.name.replace("\\", "/")).name, beginning)
    except DamagedError:
        return None  # reading it will say what is wrong


def sha256(path: Path, seen: Seen | None = None) -> str:
    """The hash of a delivery itself; `seen` as for `meter_files`."""
    with untrusted.opened(path, seen) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class _Source:
    """Bytes that can be read from the beginning, as often as needed.

    Attributes:
        path: Their path.
        name: As delivered.
        delivered_at: Its own time of delivery, or else the modification time of the drop.
    """

    stream: BinaryIO
    path: str
    name: str
    delivered_at: datetime | None = None

    @property
    def size(self) -> int:
        return os.fstat(self.stream.fileno()).st_size

    def beginning(self) -> bytes:
        self.stream.seek(0)
        return self.stream.read(BEGINNING)


@dataclass(slots=True)
class _Names:
    """Unique names for the files of a drop: an archive may contain a name several times."""

    _numbers: dict[str, int] = field(default_factory=dict)

    def unique(self, name: str) -> str:
        as_named = unique = as_text(name)
        number = self._numbers.get(as_named, 1)
        while unique in self._numbers:
            number += 1
            unique = as_text(f"{name} ({number})")
        self._numbers[as_named] = number
        self._numbers.setdefault(unique, 1)
        return unique


@dataclass(frozen=True, slots=True)
class _Unpacking:
    """Unpacks one drop.

    Attributes:
        profile: To check its files by.
        own: Folder for expanded files.
        names: Names of its files.
    """

    profile: str
    own: Path
    names: _Names = field(default_factory=_Names)

    def drop(self, source: _Source) -> Iterator[MeterFile]:
        beginning = source.beginning()
        packing = archives.format_of(source.stream, beginning)
        if packing:
            yield from self._archive(source, beginning, packing)
        else:
            yield from self._single(source, beginning, self.own / "message")

    def _archive(
        self, source: _Source, beginning: bytes, packing: archives.Format
    ) -> Iterator[MeterFile]:
        names: list[str] = []
        try:
            with packing.opened(source.stream, source.size) as members:
                names = [member.name for member in members]
                kind = foreign.by_members(names, beginning)
                if kind:
                    yield self._foreign(source, kind)
                else:
                    yield from self._members(source, _delivered(members))
        except (DamagedError, LimitError) as error:
            kind = foreign.by_members(names, beginning)
            yield self._foreign(source, kind) if kind else self._unreadable(source, error)

    def _members(self, source: _Source, members: Sequence[Member]) -> Iterator[MeterFile]:
        if not members:
            raise DamagedError("the archive is empty")
        if len(members) > MAX_MEMBERS:
            raise LimitError(f"the archive has more than {MAX_MEMBERS} members")
        expanding = Expanding(source.size)
        for number, member in enumerate(_meter_data(source.name, members)):
            name = source.name
            if member.name:
                name = self.names.unique(f"{source.name}/{member.name}")
            target = self.own / f"member-{number}"
            at = member.modified_at
            try:
                with member.opened() as expanding.stream:
                    file = self._expand(expanding, name, target, member.size)
            except DamagedError as error:
                packed = member.packed()
                if packed is None:
                    raise
                _copy_packed(packed, expanding, name, target)
                with target.open("rb") as copy:
                    yield self._unreadable(_Source(copy, str(target), name, at), error)
            else:
                yield from self._expanded(replace(file, delivered_at=at))

    def _expand(self, expanding: Expanding, name: str, target: Path, size: int) -> MeterFile:
        """Expand one member and survey it on the way."""
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as copy:
            file = survey_file(expanding, str(target), name, self.profile, size, copy)
        return replace(file, seen=seen_at(file.path))

    def _expanded(self, file: MeterFile) -> Iterator[MeterFile]:
        """The files in an expanded member."""
        target = Path(file.path)
        with target.open("rb") as stream:
            source = _Source(stream, file.path, file.name, file.delivered_at)
            beginning = source.beginning()
            packing = archives.begun(beginning)
            if packing:
                yield _inside_an_archive(file, source, packing)
            else:
                yield from self._single(source, beginning, target, file)

    def _single(
        self, source: _Source, beginning: bytes, beside: Path, file: MeterFile | None = None
    ) -> Iterator[MeterFile]:
        """A file that is not an archive: the records themselves, or an XML message around them.

        Args:
            source: The file.
            beginning: Of it.
            beside: The blocks of a message are written beside a path of that name.
            file: As it was surveyed, where it was.
        """
        if begins_as_xml(beginning) and not foreign.by_bytes(beginning):
            yield from self._xml(source, beside)
        else:
            yield _recognised(file or self._surveyed(source), beginning)

    def _xml(self, source: _Source, beside: Path) -> Iterator[MeterFile]:
        blocks: list[Path] = []

        def open_block(number: int) -> BinaryIO:
            if number >= MAX_MEMBERS:
                raise LimitError(f"the message has more than {MAX_MEMBERS} blocks")
            beside.parent.mkdir(parents=True, exist_ok=True)
            blocks.append(beside.with_name(f"{beside.name}-block-{number}"))
            return blocks[-1].open("wb")

        try:
            source.stream.seek(0)
            message = extract(source.stream, open_block)
        except LimitError as error:
            yield self._unreadable(source, error)
        except XmlError as error:
            yield self._damaged_xml(source, error)
        else:
            kind = _kind_of(message, blocks)
            if kind:
                yield self._foreign(source, kind)
            else:
                yield from self._blocks(source, message, blocks)

    def _damaged_xml(self, source: _Source, error: XmlError) -> MeterFile:
        file = self._surveyed(source)
        if error.is_message:
            return _refuse(file, error.code, f"the file cannot be opened: {error}")
        return _named(file, foreign.by_root(error.root)) if error.root else file

    def _blocks(self, source: _Source, message: Message, blocks: list[Path]) -> Iterator[MeterFile]:
        at = message.created or source.delivered_at
        for number, (block, path) in enumerate(zip(message.blocks, blocks, strict=True), 1):
            name = self.names.unique(f"{source.name}/{block.element}-{number}")
            with path.open("rb") as stream:
                inner = _Source(stream, str(path), name, at)
                file = _recognised(self._surveyed(inner), inner.beginning())
            if not block.size:
                file = _refuse(file, "empty", f"the {block.element} of a transaction is empty")
            yield _warned(file, message)

    def _surveyed(self, source: _Source) -> MeterFile:
        source.stream.seek(0)
        file = survey_file(source.stream, source.path, source.name, self.profile, source.size)
        seen = seen_of(os.fstat(source.stream.fileno()))
        return replace(file, seen=seen, delivered_at=source.delivered_at)

    def _foreign(self, source: _Source, kind: Kind) -> MeterFile:
        return _refuse(self._surveyed(source), "foreign", kind.message)

    def _unreadable(self, source: _Source, error: Exception) -> MeterFile:
        return _refuse(self._surveyed(source), "unreadable", f"the file cannot be opened: {error}")


def _copy_packed(packed: Iterable[bytes], expanding: Expanding, name: str, target: Path) -> None:
    """A member that cannot be read is identified by its packed bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as copy:
        for data in packed:
            expanding.spend(len(data))
            copy.write(data)
        if not copy.tell():
            # It lies nowhere. Two of them are two files all the same.
            copy.write(name.encode())


def _inside_an_archive(file: MeterFile, source: _Source, packing: archives.Format) -> MeterFile:
    """An archive inside an archive is not opened, only looked at: it may be a workbook."""
    names: list[str] = []
    beginning = source.beginning()
    source.stream.seek(0)
    with suppress(DamagedError), packing.opened(source.stream, source.size) as members:
        names = [member.name for member in members]
    kind = foreign.by_members(names, beginning)
    if kind:
        return _refuse(file, "foreign", kind.message)
    reason = "an archive inside an archive is not opened, send it by itself"
    return _refuse(file, "unreadable", f"the file cannot be opened: {reason}")


def _kind_of(message: Message, blocks: list[Path]) -> Kind | None:
    """The kind of a message without electricity data."""
    if not message.is_message:
        return foreign.by_root(message.root)
    if not any(block.size for block in message.blocks):
        return foreign.without_data(message.contents, empty=bool(message.blocks))
    beginnings = [_beginning_at(path) for path in blocks]
    gas = [foreign.by_first_line(beginning) == foreign.GAS for beginning in beginnings]
    records = any(text.indicator(beginning) == "100" for beginning in beginnings)
    return foreign.GAS if all(gas) or (message.is_gas and not records) else None


def _beginning_at(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(BEGINNING)


def _recognised(file: MeterFile, beginning: bytes) -> MeterFile:
    """A file that may be of another kind, refused with the name of its kind."""
    if file.header is not None and file.header.known:
        return file
    kind = foreign.by_bytes(beginning)
    if kind is None and any(finding.code == "not-text" for finding in file.findings):
        kind = foreign.by_first_line(beginning)
    return _refuse(file, "foreign", kind.message) if kind else file


def _named(file: MeterFile, kind: Kind) -> MeterFile:
    """Damaged XML that is not a message, refused by its kind unless it contains records."""
    if any(finding.code == "not-text" for finding in file.findings):
        return _refuse(file, "foreign", kind.message)
    return file


def _warned(file: MeterFile, message: Message) -> MeterFile:
    """A block with findings about the form of its message."""
    findings = []
    if message.declared:
        encoding = (
            f"the XML declares the encoding {wording.shown(message.declared)}, but its bytes are"
            " in another one; read by its bytes"
        )
        findings.append(Finding(Level.WARN, "encoding", 1, encoding, "", 1, 1))
    if message.blank_lines:
        blanks = f"{wording.plural(message.blank_lines, 'blank line')} before the XML declaration"
        findings.append(Finding(Level.WARN, "blank-line", 1, blanks, "", 1, 1))
    warnings = dict(file.warnings)
    for finding in findings:
        warnings[finding.code] = warnings.get(finding.code, 0) + 1
    return replace(file, findings=(*findings, *file.findings), warnings=warnings)


def _refuse(file: MeterFile, code: str, message: str) -> MeterFile:
    """The file, refused for one reason; findings about its bytes as records do not apply."""
    shown = (f.excerpt for f in file.findings if f.code in ("not-text", "no-header"))
    excerpt = next(shown, "")
    finding = Finding(Level.FILE, code, 1, message, excerpt, 1, max(1, file.lines))
    return replace(file, findings=(finding,), warnings={}, headers=(), cuts=())
