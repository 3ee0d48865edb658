"""Where measurements run: a temporary folder and PostgreSQL server."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path

from nem12 import settings
from nem12.local import embedded
from nem12.shard import pack
from nem12.stage import Staged, stage_shard
from nem12.survey import MeterFile
from nem12.unpack import meter_files
from tools.bench.database import Database
from tools.bench.sizes import Sizes
from tools.generate.bulk import Bulk, write_bulk


class Place:
    """The folder; the server is started when a part first asks for a database.

    Attributes:
        sizes: How much to measure.
        folder: For files, as long as the measurements run.
    """

    def __init__(self, sizes: Sizes, folder: Path, closing: ExitStack) -> None:
        self.sizes = sizes
        self.folder = folder
        self._closing = closing
        self._databases: dict[str, Database] = {}

    @cached_property
    def home(self) -> settings.Home:
        """Of the measurements' own server."""
        return settings.Home.below(self.folder / "home").make()

    @cached_property
    def server(self) -> embedded.Server:
        """The embedded server as everybody gets it: the same settings, the same durability."""
        # Entered first, hence done last: the data may lie elsewhere (place.py of the server).
        self._closing.callback(_remove_data, self.home.postgres)
        return self._closing.enter_context(embedded.server(self.home))

    def database(self, name: str = "bench") -> Database:
        """A migrated database, made when it is first asked for."""
        if name not in self._databases:
            self._databases[name] = Database.make(self.server, name)
        return self._databases[name]

    def clear(self) -> None:
        """Make room for the next part: drop the databases, remove the files."""
        while self._databases:
            self._databases.popitem()[1].drop()
        for file in self.folder.glob("*.csv"):
            file.unlink()

    def file(self, name: str, bulk: Bulk) -> Path:
        """A generated file."""
        path = self.folder / f"{name}.csv"
        if not path.exists():
            with path.open("wb") as out:
                write_bulk(out, bulk)
        return path

    def keep(self, name: str, content: bytes) -> None:
        """Write a result that stays, into the folder `bench` of METER_HOME."""
        folder = settings.home().root / "bench"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

    def surveyed(self, path: Path) -> MeterFile:
        """The file as the plan sees it."""
        (file,) = meter_files(path, path.name, "standard", self.folder / "expanded")
        return file

    def staged(self, path: Path) -> list[Staged]:
        """The file's batches."""
        folder = self.folder / "staged"
        folder.mkdir(exist_ok=True)
        return [stage_shard(shard, folder) for shard in pack([self.surveyed(path)])]


@contextmanager
def place(sizes: Sizes) -> Iterator[Place]:
    """A place to measure in; nothing of it stays."""
    root = settings.home().root
    root.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=root))
    # The server's account may have to pass; below, it keeps its own folder closed.
    folder.chmod(0o711)
    try:
        with ExitStack() as closing:
            yield Place(sizes, folder, closing)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_data(postgres: Path) -> None:
    if postgres.is_symlink():
        shutil.rmtree(postgres.readlink(), ignore_errors=True)
