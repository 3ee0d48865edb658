"""Files in buckets that a URI such as `s3://…` names.

Only operations on one file are used where the names are a sender's: those on many take `*`, `?` and
`[` for a pattern, and universal-pathlib's `unlink` is one of them.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from nem12.storage.entry import Entry

if TYPE_CHECKING:
    from upath import UPath

_READ_AHEAD: Final = 8 * 1024 * 1024
"""Read-ahead for a file that is read in parts: few requests for a part, little beyond its end."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A file or folder in a bucket; the functions of `nem12.storage` say what each act does."""

    place: "UPath"

    @property
    def local(self) -> None:
        """It is not on this machine."""
        return

    @property
    def entry(self) -> Entry | None:
        """The file that is there now, or None."""
        try:
            info = self.place.fs.info(self.place.path)
        except FileNotFoundError:
            return None
        return _entry(self.place, info) if info["type"] == "file" else None

    @property
    def is_readable(self) -> bool:
        """Listed objects can be assumed to be readable; if not, reading fails."""
        return True

    @property
    def is_missing(self) -> bool:
        """A bucket has no folders that could be missing."""
        return False

    @property
    def exists(self) -> bool:
        """Whether a file has this name."""
        return self.entry is not None

    def arrived_at(self, mtime_ns: int) -> float:
        """The time of a file is when it was put there."""
        return mtime_ns / 1e9

    def listed(self) -> Iterator[Entry]:
        """The files in it, in the order of their names."""
        try:
            infos = self.place.fs.ls(self.place.path, detail=True)
        except FileNotFoundError:
            return
        for info in sorted(infos, key=lambda each: str(each["name"])):
            name = info["name"].rpartition("/")[2]
            # A bucket's web page makes a folder by a file without a name.
            if info["type"] == "file" and name:
                yield _entry(self.place / name, info)

    def files_below(self, unlisted: Callable[[Path, OSError], None] | None) -> Iterator["UPath"]:  # noqa: ARG002
        """The files in it and below."""
        prefix = len(self.place.path.rstrip("/")) + 1
        names = sorted(self.place.fs.find(self.place.path))
        yield from (self.place / name[prefix:] for name in names)

    def folders(self) -> list[tuple["UPath", float]]:
        """The folders in it; each has the time of its newest file."""
        prefix = len(self.place.path.rstrip("/")) + 1
        newest: dict[str, float] = {}
        for name, info in self.place.fs.find(self.place.path, detail=True).items():
            folder, slash, _ = name[prefix:].partition("/")
            if slash:
                changed = _entry(self.place / folder, info).changed
                newest[folder] = max(newest.get(folder, 0), changed)
        return [(self.place / name, changed) for name, changed in newest.items()]

    def fetched(self, to: Path) -> Path:
        """A copy of it."""
        to.parent.mkdir(parents=True, exist_ok=True)
        self.place.fs.get_file(self.place.path, str(to))
        return to

    def opened(self) -> BinaryIO:
        """A copy of it that is removed when it is closed, even by a crash."""
        copied = NamedTemporaryFile()  # noqa: SIM115 - the caller closes it
        try:
            self.place.fs.get_file(self.place.path, copied.name)
        except BaseException:
            copied.close()
            raise
        return cast("BinaryIO", copied)

    def opened_in_parts(self) -> BinaryIO:
        """Itself; what is read of it is fetched."""
        opened = self.place.fs.open(self.place.path, "rb", block_size=_READ_AHEAD)
        return cast("BinaryIO", opened)

    def beginning(self, size: int) -> bytes:
        """Its first bytes."""
        return bytes(self.place.fs.cat_file(self.place.path, start=0, end=size))

    def read_text(self) -> str:
        """Its text."""
        return bytes(self.place.fs.cat_file(self.place.path)).decode()

    @contextmanager
    def writing(self) -> Iterator[BinaryIO]:
        """Written on this machine, put in one piece."""
        with NamedTemporaryFile() as made:
            yield cast("BinaryIO", made)
            made.flush()
            self.place.fs.put_file(made.name, self.place.path)

    def note(self, text: str) -> None:
        """Written like any other file."""
        with self.writing() as out:
            out.write(text.encode())

    def append_lines(self, lines: Iterable[str]) -> None:
        """Objects cannot be appended to: the lines become a new object below this name."""
        whole = "".join(f"{line}\n" for line in lines)
        # Named by content: writing the same again changes nothing.
        name = hashlib.sha256(whole.encode()).hexdigest()[:32]
        Bucket(self.place / f"{name}{self.place.suffix}").note(whole)

    def appended(self) -> Iterator[str]:
        """What was written below its name."""
        return (Bucket(part).read_text() for part in self.files_below(None))

    def shared(self, files: Mapping[str, Path]) -> dict[str, str]:
        """Put several at a time."""
        targets = {name: self.place / name for name in files}
        if targets:
            # With lists on both sides names are not taken for patterns.
            paths = [target.path for target in targets.values()]
            self.place.fs.put([str(path) for path in files.values()], paths)
        return {name: str(target) for name, target in targets.items()}

    def remove(self) -> None:
        """Remove the file."""
        with suppress(FileNotFoundError):
            self.place.fs.rm_file(self.place.path)

    def remove_folder(self) -> None:
        """Remove the folder."""
        with suppress(FileNotFoundError):
            self.place.fs.rm(self.place.path, recursive=True)


def _entry(place: "UPath", info: Mapping[str, Any]) -> Entry:
    changed = info.get("LastModified") or info.get("mtime") or info.get("created")
    mtime = changed.timestamp() if isinstance(changed, datetime) else float(changed or 0)
    identity = str(info.get("ETag") or info.get("etag") or info.get("md5Hash") or "").strip('"')
    return Entry(place, str(place), int(info["size"]), round(mtime * 1_000_000_000), identity)
