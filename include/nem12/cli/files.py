"""The files that a command was given."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nem12.drop import is_partial
from nem12.errors import TerminalError, UsageError
from nem12.load.plan import judged_as_whole
from nem12.load.report import REPORT_SUFFIX
from nem12.settings import has_home, home, make_private, make_root
from nem12.shard import MeterFile
from nem12.storage import files_below
from nem12.unpack import unpack


def named(arguments: Iterable[str]) -> list[Path]:
    """The files that are meant; a folder means all files in and below it, without our reports.

    Raises:
        UsageError: There is no such file, or none in the folder.
    """
    found: list[Path] = []
    for argument in arguments:
        path = Path(argument).expanduser().absolute()
        if path.is_dir():
            found += (p for p in files_below(path) if isinstance(p, Path) and _is_meant(p))
        elif path.is_file():
            found.append(path)
        else:
            raise UsageError(f"there is no file {argument}: give the path of a file or folder")
    if not found:
        raise UsageError("there are no files in the folder")
    return found


def _is_meant(path: Path) -> bool:
    return path.is_file() and not is_partial(path.name) and not path.name.endswith(REPORT_SUFFIX)


def surveyed(paths: Iterable[Path], profile: str, scratch: Path) -> Iterator[MeterFile]:
    """The meter files in these files and archives, each read once."""
    for path in paths:
        try:
            for file in unpack(path, str(path), profile, scratch):
                yield judged_as_whole(file)
        except TerminalError as error:
            raise UsageError(str(error)) from None


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for what has to be expanded; gone afterwards.

    In the staging folder, which is made for large files; the system's is used where there is none.
    """
    scratch = home().scratch if has_home() else None
    if scratch is not None:
        make_root(home().root)
        make_private(scratch)
    with tempfile.TemporaryDirectory(prefix="command-", dir=scratch) as folder:
        yield Path(folder)
