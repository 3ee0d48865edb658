"""Where files lie: in folders of this machine, or in buckets that a URI such as `s3://…` names.

Folders are handled as ever; what follows is the little that buckets need. Only operations on one
file are used where the names are a sender's: those on many take `*`, `?` and `[` for a pattern.
"""

import errno
import hashlib
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePath, PurePosixPath
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeAlias, cast
from urllib.parse import unquote_to_bytes, urlsplit

from nem12 import untrusted

if TYPE_CHECKING:
    from upath import UPath

Place: TypeAlias = "Path | UPath"
"""A file or folder, wherever it is."""

_READ_AHEAD: Final = 8 * 1024 * 1024
"""Of a file in a bucket that is read in parts: few requests for a part, little beyond its end."""

_COPIED_BYTES: Final = 1024 * 1024
"""That are copied at a time."""

_NAME_BYTES: Final = 255
"""Of a name: what file systems allow."""

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What a write says that finds no room."""

_options: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Blob:
    """A file in a bucket, as it is now.

    Attributes:
        identity: What the bucket tells this content from another one by.
    """

    place: "UPath"
    size: int
    mtime_ns: int
    identity: str


def use(options: Mapping[str, Any]) -> None:
    """Options for buckets, such as credentials; without them those of the environment count."""
    _options.clear()
    _options.update(options)


def place(text: str) -> Place:
    """What a person or the ledger names: a path, a `file://` URI, or the URI of a bucket."""
    if "://" not in text:
        return Path(text).expanduser().resolve()
    if text.startswith("file://"):
        return Path(os.fsdecode(unquote_to_bytes(urlsplit(text).path)))
    from upath import UPath  # only for buckets: it takes as long to import as all the rest

    # A listing that is kept shows what lay there when it was made.
    found: Place = UPath(text, use_listings_cache=False, **_options)
    return found


def relative(item: Place, folder: Place) -> PurePath | None:
    """The path below a folder; None if it is not below it."""
    if isinstance(item, Path) and isinstance(folder, Path):
        return item.relative_to(folder) if item.is_relative_to(folder) else None
    prefix = f"{folder}".rstrip("/") + "/"
    return PurePosixPath(str(item)[len(prefix) :]) if str(item).startswith(prefix) else None


def blob(item: "UPath") -> Blob | None:
    """A file in a bucket; None if there is none of that name."""
    try:
        info = item.fs.info(item.path)
    except FileNotFoundError:
        return None
    return _blob(item, info) if info["type"] == "file" else None


def blobs(folder: "UPath") -> Iterator[Blob]:
    """The files that lie in a folder of a bucket, in the order of their names."""
    try:
        found = folder.fs.ls(folder.path, detail=True)
    except FileNotFoundError:
        return
    for info in sorted(found, key=lambda each: str(each["name"])):
        name = info["name"].rpartition("/")[2]
        # A bucket's web page makes a folder by a file without a name.
        if info["type"] == "file" and name:
            yield _blob(folder / name, info)


def files_below(
    folder: Place, unlisted: Callable[[Path, OSError], None] | None = None
) -> Iterator[Place]:
    """The files in a folder and in the folders below it; a link is a file, whatever it leads to.

    Args:
        folder: May be missing.
        unlisted: Is given each folder that cannot be listed, and why; without it that is raised.
    """
    if not isinstance(folder, Path):
        prefix = len(folder.path.rstrip("/")) + 1
        yield from (folder / name[prefix:] for name in sorted(folder.fs.find(folder.path)))
        return
    try:
        found = untrusted.listed(folder)
    except OSError as error:
        if unlisted is None:
            raise
        unlisted(folder, error)
        return
    for path, status in found:
        if stat.S_ISDIR(status.st_mode):
            yield from files_below(path, unlisted)
        else:
            yield path


def folders(parent: Place) -> list[tuple[Place, float]]:
    """The folders in a folder, each with the time (epoch seconds) of its last change."""
    if isinstance(parent, Path):
        return [
            (path, status.st_mtime)
            for path, status in untrusted.listed(parent)
            if stat.S_ISDIR(status.st_mode)
        ]
    prefix = len(parent.path.rstrip("/")) + 1
    newest: dict[str, float] = {}
    for name, info in parent.fs.find(parent.path, detail=True).items():
        folder, slash, _ = name[prefix:].partition("/")
        if slash:
            changed = _blob(parent / folder, info).mtime_ns / 1e9
            newest[folder] = max(newest.get(folder, 0), changed)
    return [(parent / name, changed) for name, changed in newest.items()]


def shortened(name: str, most: int) -> str:
    """A name of that many bytes at most: its end, which tells more than its beginning."""
    return os.fsdecode(os.fsencode(name)[-most:])


def exists(item: Place) -> bool:
    """Whether there is a file of that name, or a link, wherever that leads."""
    return os.path.lexists(item) if isinstance(item, Path) else blob(item) is not None


def fetched(item: Place, to: Path) -> Path:
    """The file on this machine: itself, or the copy that is made of it.

    Raises:
        FileNotFoundError: It is gone.
    """
    if isinstance(item, Path):
        return item
    to.parent.mkdir(parents=True, exist_ok=True)
    item.fs.get_file(item.path, str(to))
    return to


def opened(item: Place) -> BinaryIO:
    """A file, to be read from its beginning; a bucket's is fetched before.

    Raises:
        FileNotFoundError: It is gone.
    """
    if isinstance(item, Path):
        return item.open("rb")
    # Gone with whoever reads it, however that ends.
    copied = NamedTemporaryFile()  # noqa: SIM115 - the caller closes it
    try:
        item.fs.get_file(item.path, copied.name)
    except BaseException:
        copied.close()
        raise
    return cast("BinaryIO", copied)


def opened_in_parts(item: Place) -> BinaryIO:
    """A file of which a range is read; of a bucket's only that is fetched.

    Raises:
        FileNotFoundError: It is gone.
    """
    if isinstance(item, Path):
        return untrusted.opened(item)
    return cast("BinaryIO", item.fs.open(item.path, "rb", block_size=_READ_AHEAD))


def beginning(item: Place, size: int) -> bytes:
    """The first bytes of a file; a link is not followed, and nothing is waited for.

    Raises:
        OSError: It is gone, or is not a file that may be read.
    """
    if isinstance(item, Path):
        with untrusted.opened(item) as stream:
            return stream.read(size)
    return bytes(item.fs.cat_file(item.path, start=0, end=size))


def read_text(item: Place) -> str:
    """The text of a small file.

    Raises:
        FileNotFoundError: It is gone.
    """
    if isinstance(item, Path):
        return item.read_text(encoding="utf-8")
    return bytes(item.fs.cat_file(item.path)).decode()


@contextmanager
def named(target: Path) -> Iterator[None]:
    """Name the file or folder that finds the disk full: the system does not."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno in _FULL:
            error.filename = str(target)
        raise


@contextmanager
def writing(target: Place) -> Iterator[BinaryIO]:
    """Write a file whole or not at all: beside, synced, renamed; into a bucket in one piece.

    Others may write the same file at the same time.
    """
    if isinstance(target, Path):
        unique = f".{target.name}.{os.getpid()}-{time.monotonic_ns()}.part"
        beside = target.with_name(shortened(unique, _NAME_BYTES))
        target.parent.mkdir(parents=True, exist_ok=True)
        with named(target), untrusted.written(beside, target) as out:
            yield out
    else:
        with NamedTemporaryFile() as made:
            yield cast("BinaryIO", made)
            made.flush()
            target.fs.put_file(made.name, target.path)


def move(source: Place, target: Place) -> None:
    """Move a file; whoever looks at the target sees all of it or nothing."""
    if isinstance(source, Path) and renamed(source, target):
        return
    # No rename leads there: what dies in between leaves both, and moves again.
    if isinstance(source, Path) or isinstance(target, Path):
        copy(source, target)
    else:
        source.fs.cp_file(source.path, target.path)
    remove(source)


def renamed(source: Path, target: Place) -> bool:
    """Rename a file; False where the target lies in a bucket or on another file system."""
    if not isinstance(target, Path):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        untrusted.rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return False
    return True


def write_text(target: Place, text: str) -> None:
    """Write a file whole or not at all."""
    with writing(target) as out:
        out.write(text.encode())


def append_lines(path: Path, lines: Iterable[str]) -> None:
    """Append lines to a file that others append to at the same time; they are on disk then."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.exists()
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o666)
    try:
        for line in lines:
            data = f"{line}\n".encode()
            # In one piece, so that lines of others do not come between.
            if os.write(descriptor, data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if new:
        _sync(path.parent)
        _sync(path.parent.parent)


def remove(item: Place) -> None:
    """Remove a file, if it is there."""
    if isinstance(item, Path):
        untrusted.remove(item)
    else:
        with suppress(FileNotFoundError):
            item.fs.rm_file(item.path)


def remove_folder(folder: Place) -> None:
    """Remove a folder of ours with all that lies in it, if it is there."""
    if isinstance(folder, Path):
        shutil.rmtree(folder, ignore_errors=True)
    else:
        with suppress(FileNotFoundError):
            folder.fs.rm(folder.path, recursive=True)


def upload(sources: Sequence[Path], targets: Sequence["UPath"]) -> None:
    """Copy files of this machine into one bucket, several at a time."""
    if targets:
        # Lists on both sides: otherwise names are taken for patterns.
        targets[0].fs.put([str(source) for source in sources], [item.path for item in targets])


class _OtherContentError(Exception):
    """A file is not the one that was to be copied."""


def copy(source: Place, target: Place, sha256: str = "") -> None:
    """Copy a file, between folders with its times; it is on disk then.

    Its mode stays behind: a sender's must not decide what a file of ours is for others.

    Args:
        source: Somebody may write it meanwhile.
        target: Is not touched where the copy fails.
        sha256: What is copied has to have this hash; any where it is empty.
    """
    hashed = hashlib.sha256()
    with opened_in_parts(source) as data, writing(target) as out:
        while piece := data.read(_COPIED_BYTES):
            hashed.update(piece)
            out.write(piece)
        if sha256 and hashed.hexdigest() != sha256:
            raise _OtherContentError
        if isinstance(source, Path) and isinstance(target, Path):
            out.flush()
            status = os.fstat(data.fileno())
            os.utime(out.fileno(), ns=(status.st_atime_ns, status.st_mtime_ns))
    if isinstance(target, Path):
        _sync(target.parent)


def copied(source: Path, target: Place, sha256: str) -> bool:
    """Copy a file of this hash; False where it is another one."""
    try:
        copy(source, target, sha256)
    except _OtherContentError:
        return False
    return True


def digest(item: Place) -> str:
    """The SHA-256 of a file.

    Raises:
        FileNotFoundError: It is gone.
    """
    with untrusted.opened(item) if isinstance(item, Path) else opened(item) as stream:
        return hashlib.file_digest(cast("Any", stream), "sha256").hexdigest()


def _sync(folder: Path) -> None:
    """Have the names in a folder on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _blob(item: "UPath", info: Mapping[str, Any]) -> Blob:
    changed = info.get("LastModified") or info.get("mtime") or info.get("created")
    mtime = changed.timestamp() if isinstance(changed, datetime) else float(changed or 0)
    identity = str(info.get("ETag") or info.get("etag") or info.get("md5Hash") or "").strip('"')
    return Blob(item, int(info["size"]), round(mtime * 1_000_000_000), identity)
