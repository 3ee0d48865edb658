"""Every path, name and limit of the package, each with its reason.

Values that an installation may want to change are read from the environment when they are needed;
the rest are constants.
"""

import math
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from nem12 import storage
from nem12.errors import UsageError
from nem12.mdff import limits
from nem12.mdff.profiles import PROFILE_FOLDERS
from nem12.storage import Place

READER_VERSION: Final = "3"
"""Part of a batch's identity: raise it when the reader's verdict on any input changes."""

MIB: Final = limits.MIB

SHARD_BYTES: Final = 32 * MIB
"""A shard parses in about 2 s and applies in about 30 s: long enough to make a task's 0.5 s of
overhead small, short enough that a retry is cheap and two workers share a file evenly."""

MAX_SHARDS: Final = 512
"""Half of Airflow's `max_map_length` (1024): larger drops get larger shards instead."""

STATEMENT_BYTES: Final = 512 * 1024
"""A staged statement's size: as one string a batch takes 56 MB in the backend, so cut 37 MB."""

COPIED_DAYS: Final = 500
"""Whose readings one COPY sends: 1 MB of values, and 144,000 rows to make its start cheap."""

VERIFIED_READINGS: Final = 200_000
"""That `verify` compares at a time, but never less than one NMI's: 20 MB of temporary files."""

MAX_MEMBERS: Final = 20_000
"""Members of one archive; the largest deliveries seen hold some thousands."""

MAX_EXPANDED_BYTES: Final = 64 * 1024 * MIB
"""Of one archive, expanded: real exports reach some gigabytes."""

MAX_EXPANSION_RATIO: Final = 500
"""Meter data compresses about 10-fold, a file of zeros 100-fold; more is a bomb."""

MAX_NAME_BYTES: Final = 1000
"""Of a delivered name: the database's index of names takes some 2,700 bytes, and a member of an
archive may be called anything."""

MAX_XML_DEPTH: Final = 100
"""A message has its blocks six deep; the parser takes 50 bytes for each element that is open."""

MAX_XML_ELEMENTS: Final = 200_000
"""Of one message: ten for each of as many transactions as an archive may have members."""

MAX_XML_NAME_BYTES: Final = 16 * MIB
"""Of the names of elements and attributes of one message, which the parser keeps."""

MAX_XML_TOKEN_BYTES: Final = 1 * MIB
"""Of a tag or a comment, which the parser keeps until it ends; real ones have some hundred."""

SETTLE_SECONDS: Final = 2.0
"""How long a drop's size and time must stand still before it counts as complete."""

STANDSTILL_SECONDS: Final = 60.0
"""The same where the content does not say that it ends: an upload over a bad line may stall for
that long, and nobody waits for one that has no end. METER_STANDSTILL_SECONDS sets another."""

GZIP_CHECK_BYTES: Final = 64 * MIB
"""As much is expanded to see whether a `.gz` is whole, in some 0.3 s; a bigger one waits longer."""

CLOCK_DOUBT_SECONDS: Final = 24 * 3600
"""A file that changed so lately, or in the future, may be one that is being written: the clock of
a file server may be wrong by hours, by a time zone at most."""

GATHER_SECONDS: Final = 15.0
"""How long the sensor waits at most while new names keep coming, so that a copy of thousands
becomes one batch."""

SCAN_SECONDS: Final = 1.0
"""Between two looks at the landing folder: listing 5,000 names takes some 10 ms."""

WATCH_PAUSE_SECONDS: Final = 60
"""How long a run of the watch that cannot look, for want of a connection, takes at least: the next
one begins when it ends."""

MAX_ATTEMPTS: Final = 3
"""Load runs that may fail over one drop before it waits for `redrive`."""

ATTEMPT_WAIT_SECONDS: Final = 60
"""Before the second attempt; doubled for each further one."""

CLAIM_CHECK_SECONDS: Final = 300
"""How often an open claim's run is asked for: a run that is gone frees its drops within that
time; a run that lives costs one look at it."""

STAGING_DAYS: Final = 7
"""How long staged files of a run that never settled are kept for a look at them."""

KEPT_CHECK_DAYS: Final = 7
"""How long a kept file is compared with what was read, once a day: an upload that was interrupted
goes on within days, and a look at the size and time of each file takes some 10 us."""

INCOMPLETE_HOURS: Final = 6
"""A drop that is still called a partial upload after this time is reported."""

QUERY_TIMEOUT_SECONDS: Final = 60
"""Of one `query`: a person waits at the terminal."""

PAGE_TIMEOUT_SECONDS: Final = 10
"""Of one statement of the page: they take milliseconds, but a database can be busy."""

PAGE_CONNECTIONS: Final = 8
"""Requests of the page that read at a time: the loader needs connections too."""

PAGE_WAITING: Final = 8
"""Requests that may wait for a connection; more are answered at once. With those that read they
take 16 of the 40 threads that the page shares with Airflow's own routes."""

PAGE_WAIT_SECONDS: Final = 5
"""How long a request waits for a connection before it is answered that there is none."""

LOCK_TIMEOUT_SECONDS: Final = 120
"""A batch that waits longer for another one is better tried again."""

PLAN_TIMEOUT_SECONDS: Final = 2 * 3600
"""Of claim_and_plan: it reads some 300 MB/s, so terabytes; the worst files known take 2 s a
MiB on a busy machine. What hangs is left out by the next try."""

PARSE_TIMEOUT_SECONDS: Final = 30 * 60
"""Of one shard, which takes 2 s; the worst one known, of 32 MiB and ten million refused records,
takes some 5 minutes on a busy machine."""

CLAIM_TIMEOUT_SECONDS: Final = 10 * 60
"""Of the watch's claim: a look at each of thousands of files, 10 us on a disk, 10 ms in a
bucket."""

SETTLE_TIMEOUT_SECONDS: Final = 2 * 3600
"""Of settle_drops: it moves files, to another file system by copying, some 100 MB/s."""

MEMORY_MB: Final = 1024
"""What reading a drop or a shard may map beyond what its process has mapped: the worst files known
need 200 MiB, a machine that does four such tasks has more than four times as much. METER_MEMORY_MB
sets another, 0 none."""

APPLY_TIMEOUT_SECONDS: Final = 30 * 60
"""Of one batch, as the task's execution timeout and as the session's `statement_timeout`: sixty
times what a full shard needs."""

DAYS_A_STATEMENT: Final = 20_000
"""Channel-days that are summed up in one transaction: some seconds' work, so that the first run on
a full table can be watched and loses little when it is stopped."""

WRITERS: Final = 2
"""Slots of the pool that bounds concurrent appliers. A second connection gains 10 to 30 %, more
gain nothing on the machines measured."""

PARALLELISM: Final = 4
"""Tasks at the same time under `up` and `demo`: two that apply, waiting for the database most of
the time, and two that parse."""

CONNECTION_ID: Final = "meter_db"
READER_CONNECTION_ID: Final = "meter_db_reader"
"""What the page reads with, where it is defined; else it reads with the other, read-only."""

POOL: Final = "meter_db"
STORAGE_CONNECTION_ID: Final = "meter_storage"
WATCH_DAG_ID: Final = "nem12_watch"
LOAD_DAG_ID: Final = "nem12_load"

PAUSED: Final = {
    WATCH_DAG_ID: "new files are not picked up",
    LOAD_DAG_ID: "its runs stay queued",
}
"""What it means that one of the DAGs is paused."""
DAILY_DAG_ID: Final = "nem12_daily_totals"

PAGE_ROUTE: Final = "meter-data"
"""Of the page inside Airflow: below `/plugin/`."""

PROFILE_BY_FOLDER: Final = "by folder"
"""What the form of a load run says when the landing folder's subfolder decides the profile."""

OWNER_ROLE: Final = "nem12_owner"
"""Owns the tables of the embedded server and runs its migrations; no superuser."""

LOADER_ROLE: Final = "nem12_loader"
"""Applies batches; may not change the schema."""

READER_ROLE: Final = "nem12_reader"
"""Reads; what `query` runs as."""

DATABASE: Final = "meter"

AIRFLOW_DATABASE: Final = "airflow"
"""Airflow's own tables: apart from the readings, so that either can be dropped alone."""

CHECKOUT: Final = Path(__file__).resolve().parents[2]
"""Of a checkout, or what lies two folders above an installed package: see `is_checkout`."""

DISTRIBUTION: Final = "nem12-airflow"
"""What pip calls the package."""


PLACES: Final = ("landing", "staging", "archive", "rejected")
"""What a home holds, by the folder's name and the end of the setting METER_LANDING and so on."""


@dataclass(frozen=True)
class Home:
    """Where everything lives that is not code; see `home()`."""

    root: Path
    landing: Place
    staging: Place
    archive: Place
    rejected: Place

    @property
    def postgres(self) -> Path:
        """The embedded server's data and log."""
        return self.root / "postgres"

    @property
    def scratch(self) -> Path:
        """For what nobody but this machine reads: the staging folder, unless that is a bucket."""
        return storage.local(self.staging) or self.root / "scratch"

    @property
    def airflow(self) -> Path:
        """AIRFLOW_HOME of `up` and `demo`."""
        return self.root / "airflow"

    @staticmethod
    def below(root: Path) -> "FolderHome":
        """The folders of this machine that stand where nothing else is set; nothing is made."""
        return FolderHome(root, *(root / name for name in PLACES))

    def make(self) -> Self:
        """Make the folders that are missing, for their owner and the group of METER_GROUP.

        The modes do not depend on the umask of the caller. Folders that exist keep theirs: an
        administrator may have opened them to a sender.
        """
        make_root(self.root)
        landing = (self.landing, *(self.landing / profile for profile in PROFILE_FOLDERS))
        for folder in (*landing, self.scratch, self.archive, self.rejected):
            path = storage.local(folder)
            if path:
                make_private(path, writable=folder in landing)
        return self


@dataclass(frozen=True)
class FolderHome(Home):
    """A home whose places are all folders of this machine."""

    landing: Path
    staging: Path
    archive: Path
    rejected: Path


def command(name: str) -> str:
    """How a person starts a command of this package, such as `manage.py migrate`, for messages.

    METER_COMMAND is what stands before the name, such as `docker compose run --rm nem12`; without
    it that is `manage.py` in a checkout, and `nem12` of an installed package.
    """
    program = os.environ.get("METER_COMMAND") or ("manage.py" if is_checkout() else "nem12")
    return f"{program} {name}".rstrip()


_PASSABLE: Final = 0o711
"""Of METER_HOME: the account of the embedded server passes through it; nobody else lists it."""


def make_root(root: Path) -> None:
    """Make METER_HOME itself, if it is missing."""
    _make_folder(root, _PASSABLE)


def _make_folder(folder: Path, mode: int) -> bool:
    """Make a folder with exactly this mode, whatever the umask; whether it was missing."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        if not folder.is_dir():
            raise
        return False
    folder.chmod(mode)
    return True


def make_private(folder: Path, *, writable: bool = False) -> None:
    """Make a folder of meter data, if it is missing: for its owner, and for METER_GROUP to read.

    Args:
        folder: May exist; it is then left as it is.
        writable: The group may also write, as senders do in the landing folder.

    Raises:
        UsageError: There is no such group, or its members do not include the caller.
    """
    name = group()
    if _make_folder(folder, 0o700) and name:
        try:
            shutil.chown(folder, group=name)
        except (LookupError, PermissionError):
            raise UsageError(
                f"METER_GROUP: '{name}' is not a group that this user belongs to"
            ) from None
        # With the setgid bit, what is made inside belongs to the group too.
        folder.chmod(0o2770 if writable else 0o2750)


def group() -> str:
    """The group that may read what METER_HOME holds and write to its landing folder (METER_GROUP).

    Without it only the owner may.
    """
    return os.environ.get("METER_GROUP", "").strip()


def umask() -> int:
    """The umask of processes that this package starts: files are for those of `make_private`."""
    return 0o027 if group() else 0o077


def standstill_seconds() -> float:
    """How long a drop must stand still whose content does not say that it ends.

    Raises:
        UsageError: METER_STANDSTILL_SECONDS is not such a time.
    """
    given = os.environ.get("METER_STANDSTILL_SECONDS", "").strip()
    try:
        seconds = float(given or STANDSTILL_SECONDS)
    except ValueError:
        seconds = math.nan
    if not SETTLE_SECONDS <= seconds < math.inf:
        raise UsageError(
            f"METER_STANDSTILL_SECONDS: '{given}' is not a number of seconds of"
            f" {SETTLE_SECONDS:g} or more"
        )
    return seconds


def memory_mb() -> int:
    """What reading a drop or a shard may take (MiB), by METER_MEMORY_MB; 0 is without limit.

    Raises:
        UsageError: METER_MEMORY_MB is not such a number.
    """
    given = os.environ.get("METER_MEMORY_MB", "").strip()
    if given and not (given.isascii() and given.isdigit()):
        raise UsageError(f"METER_MEMORY_MB: '{given}' is not a whole number of MiB, or 0 for none")
    return int(given or MEMORY_MB)


def keep_landing() -> bool:
    """Whether drops stay in the landing folder (METER_KEEP_LANDING): it may not be ours to change.

    The ledger alone then says what is done.
    """
    return os.environ.get("METER_KEEP_LANDING", "").lower() in ("1", "true", "yes")


def notifiers() -> str:
    """Who is told of what went wrong (METER_NOTIFIERS), as JSON."""
    return os.environ.get("METER_NOTIFIERS", "").strip()


def silent_hours() -> str:
    """After how long without a drop to tell somebody (METER_SILENT_HOURS)."""
    return os.environ.get("METER_SILENT_HOURS", "").strip()


def lineage_namespace() -> str:
    """What OpenLineage is to call the server (METER_LINEAGE_NAMESPACE), where its address is none.

    Behind a unix socket or a pooler the connection does not say what others call it.
    """
    return os.environ.get("METER_LINEAGE_NAMESPACE", "")


def has_home() -> bool:
    """Whether it is known where the data lie: by METER_HOME, or in the checkout that runs."""
    return bool(os.environ.get("METER_HOME")) or is_checkout()


def is_checkout() -> bool:
    """Whether the package runs from a checkout of the project, not installed from a wheel."""
    return (CHECKOUT / "manage.py").exists()


def shipped(name: str) -> Path:
    """A folder that comes with the package: `dags` or `samples`.

    Raises:
        UsageError: The package was installed without it, such as by a copy of its modules.
    """
    if is_checkout():
        return CHECKOUT / name
    from importlib import metadata  # slow to import, and few need it

    try:
        files = metadata.files(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.parent.parts[-2:] == (DISTRIBUTION, name):
            return Path(str(file.locate())).resolve().parent
    raise UsageError(f"there is no folder {name} beside the package: install {DISTRIBUTION} by pip")


def home() -> Home:
    """The folders in force: METER_HOME, and METER_LANDING … METER_REJECTED where they differ.

    Raises:
        UsageError: METER_HOME is not set, and this is an installed package: its own folder is no
            place for data, and each machine would have one of its own.
    """
    if not has_home():
        raise UsageError("set METER_HOME to a folder that triggerer and workers share")
    root = Path(os.environ.get("METER_HOME") or CHECKOUT / ".data").expanduser().resolve()

    def folder(name: str) -> Place:
        given = os.environ.get(f"METER_{name.upper()}")
        return storage.place(given) if given else root / name

    return Home(root, *map(folder, PLACES))
