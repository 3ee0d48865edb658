"""The files that a command was called with."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from nem12 import storage
from nem12.cli.output import err
from nem12.delivery import dated
from nem12.drop import is_partial
from nem12.errors import TerminalError, UsageError
from nem12.ignored import BEGINNING, why_ignored
from nem12.load.index import Index, Kept, is_ours
from nem12.load.plan import judged_as_whole
from nem12.mdff.profiles import ProfileName
from nem12.mdff.wording import shown
from nem12.settings import has_home, home, make_private, make_root
from nem12.storage import beginning
from nem12.storage.folder import Folder
from nem12.survey import MeterFile
from nem12.unpack import as_text, meter_files


def named(arguments: Iterable[str]) -> list[Path]:
    """The named files; a folder stands for the meter files in and below it.

    Other files beside them are ignored as in the landing folder, and so are our reports. Paths stay
    as they were given, relative or not, so that the user recognises them in the output.

    Raises:
        UsageError: The file does not exist, or the folder has no meter files.
    """
    paths: list[Path] = []
    for argument in arguments:
        path = Path(argument).expanduser()
        if path.is_dir():
            below = Folder(path).files_below(None)
            paths += (file for file in below if _is_meant(file, path))
        elif path.is_file():
            paths.append(path)
        else:
            raise UsageError(f"{argument} does not exist: give the path of a file or folder")
    if not paths:
        raise UsageError("there are no meter files in the folder")
    return paths


def _is_meant(path: Path, folder: Path) -> bool:
    if not path.is_file() or is_partial(path.name) or is_ours(path):
        return False
    try:
        reason = why_ignored(path.name, lambda: beginning(path.resolve(), BEGINNING))
    except OSError:
        return True  # reading it will say what is wrong
    if reason:
        name = shown(str(path.relative_to(folder)), 200)
        err.print(f"skipped: {name}: {reason}", markup=False, soft_wrap=True)
    return not reason


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A meter file that the user named, itself or by its container.

    Attributes:
        where: The given path and the member in it, for output.
        file: Its name is the delivered one.
    """

    where: str
    file: MeterFile


def surveyed(paths: Iterable[Path], profile: str, scratch: Path) -> Iterator[GivenFile]:
    """The meter files in these files and archives, each read once."""
    for path in paths:
        changed, now = path.stat().st_mtime_ns, datetime.now(UTC)
        for where, file in _unpacked(path, path.name, profile, scratch):
            yield GivenFile(where, judged_as_whole(dated(file, changed, now)))


def _unpacked(
    path: Path, name: str, profile: str, scratch: Path
) -> Iterator[tuple[str, MeterFile]]:
    """The meter files of a file that was delivered by a name, each with where it is."""
    told = os.fsencode(path).decode(errors="backslashreplace")
    try:
        with storage.named(scratch):
            for file in meter_files(path.resolve(), name, profile, scratch):
                yield f"{told}{file.name.removeprefix(as_text(name))}", file
    except TerminalError as error:
        raise UsageError(f"{shown(str(path), 500)}: {error}") from None


class Deliveries:
    """Surveys files as they were delivered, if an index beside them has this.

    Args:
        paths: Of the files; they are surveyed in the order in which they were kept.
        profile: To check them by; None for the profile of their last load.
        scratch: Folder for what has to be expanded.
    """

    def __init__(self, paths: Iterable[Path], profile: str | None, scratch: Path) -> None:
        self._index = Index()
        self._profile = profile
        self._scratch = scratch
        all_paths = list(paths)
        for path in all_paths:
            self._index.read(path.parent)
        self.paths: Final = sorted(all_paths, key=self._kept_at)

    def _kept_at(self, path: Path) -> float:
        lines = self._index.lines(path)
        return lines[0].at.timestamp() if lines else 0

    def surveyed(self, path: Path) -> Iterator[GivenFile]:
        """The meter files of one of the files."""
        lines = self._index.lines(path)
        if not lines:
            yield from surveyed([path], self._profile or ProfileName.STANDARD, self._scratch)
            return
        profile = self._profile or lines[-1].profile
        for where, file in _unpacked(path, lines[0].name, profile, self._scratch):
            counting = self._index.counting(lines, file.sha256)
            if counting:
                yield GivenFile(where, judged_as_whole(_first(file, counting)))
            else:
                line = f"skipped: {shown(where, 500)}: it was withdrawn"
                err.print(line, markup=False, soft_wrap=True)


def _first(file: MeterFile, lines: list[Kept]) -> MeterFile:
    """A file with the time of its first delivery."""
    times = [
        dated(file, int(line.delivered_at.timestamp()) * 10**9, line.claimed_at) for line in lines
    ]
    return min(times, key=lambda file: file.delivered_at or datetime.max.replace(tzinfo=UTC))


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for expanded files; removed afterwards.

    It is in the staging folder, which has room for large files, or else the system's temporary
    folder.
    """
    scratch = home().scratch if has_home() else None
    if scratch is not None:
        make_root(home().root)
        make_private(scratch)
    with tempfile.TemporaryDirectory(prefix="command-", dir=scratch) as folder:
        yield Path(folder)
