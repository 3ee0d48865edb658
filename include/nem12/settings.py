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

READER_VERSION: Final = "4"
"""Part of a batch's identity: raise it when the reader's verdict on any input changes."""

MIB: Final = limits.MIB

SHARD_BYTES: Final = 32 * MIB
"""A shard parses in about 2 s and applies in about 30 s: long enough to make a task's 0.5 s of
overhead small, short enough that a retry is cheap and two workers share a file evenly."""

MAX_SHARDS: Final = 512
"""Most shards of a run, half of Airflow's `max_map_length` (1024): larger drops get larger
shards."""

STATEMENT_BYTES: Final = 512 * 1024
"""Size of a staged statement: a batch sent as one string takes 56 MB in the backend, cut up 37
MB."""

COPIED_DAYS: Final = 500
"""Days in one COPY: 1 MB of values, and 144,000 rows, so that starting a COPY does not matter."""

COUNTED_DAYS: Final = 100_000
"""Days that `status` counts exactly, in about 0.1 s; two million took 6 s."""

COUNTED_CHANNELS: Final = 10_000
"""Channels that it counts if there are more days, about 10 us each."""

VERIFIED_READINGS: Final = 200_000
"""That `verify` compares at a time, but never less than one NMI's: 20 MB of temporary files."""

MAX_MEMBERS: Final = 20_000
"""Most members of an archive; the largest known deliveries have some thousands."""

MAX_EXPANDED_BYTES: Final = 64 * 1024 * MIB
"""Most bytes of an archive, expanded: real exports reach some gigabytes."""

MAX_EXPANSION_RATIO: Final = 500
"""Highest ratio of expansion: meter data compresses about 10-fold, a file of zeros 100-fold."""

MAX_NAME_BYTES: Final = 1000
"""Most characters of a delivered name: the database indexes some 2,700 bytes, and names in archives
are arbitrary."""

MAX_XML_DEPTH: Final = 100
"""Deepest nesting of a message: real blocks are six deep; the parser takes 50 bytes for each open
element."""

MAX_XML_ELEMENTS: Final = 200_000
"""Most elements of a message: ten for each of as many transactions as an archive may have
members."""

MAX_XML_NAME_BYTES: Final = 16 * MIB
"""Most bytes of names of elements and attributes of a message, which the parser keeps."""

MAX_XML_TOKEN_BYTES: Final = 1 * MIB
"""Most bytes of a tag or comment, which the parser keeps until it ends; real ones have some
hundred."""

SETTLE_SECONDS: Final = 2.0
"""How long size and time of a drop must not change before it counts as complete."""

STANDSTILL_SECONDS: Final = 60.0
"""The same for content that does not show its end: an upload over a bad line may stall for so long.
METER_STANDSTILL_SECONDS sets another time."""

GZIP_CHECK_BYTES: Final = 64 * MIB
"""Most bytes that are expanded to check that a `.gz` is complete, in about 0.3 s; a larger one
waits longer."""

CLOCK_DOUBT_SECONDS: Final = 24 * 3600
"""A file that changed so recently, or in the future, may still be written: the clock of a file
server may be wrong by up to a time zone."""

GATHER_SECONDS: Final = 15.0
"""How long the sensor waits at most while new names keep coming, so that a copy of thousands
becomes one batch."""

SCAN_SECONDS: Final = 1.0
"""Longest pause between two listings of the landing folder: a bucket answers in 50 to 300 ms, and
asks money for each."""

QUICK_SCAN_SECONDS: Final = 0.25
"""Shortest pause between them: a small file waits half of it."""

SCAN_SHARE: Final = 0.05
"""Share of the time that listings may take, between these two: an empty folder takes 2 ms, 5,000
names about 50 with the questions to the ledger."""

WATCH_PAUSE_SECONDS: Final = 60
"""Shortest run of a watch that fails for lack of a connection: the next run begins when it ends."""

MAX_ATTEMPTS: Final = 3
"""Load runs that may fail on a drop before it has to be redriven."""

ATTEMPT_WAIT_SECONDS: Final = 60
"""Wait before the second attempt; doubled for each further one."""

CLAIM_CHECK_SECONDS: Final = 300
"""How often the run of an open claim is checked: drops of a run that is gone are released within
this time."""

STAGING_DAYS: Final = 7
"""How long staged files of a run that never settled are kept for inspection."""

KEPT_CHECK_DAYS: Final = 7
"""How long a kept file is compared once a day with what was read: an interrupted upload goes on
within days, and comparing size and time takes about 10 us a file."""

INCOMPLETE_HOURS: Final = 6
"""A drop that still has the name of a partial upload after this time is reported."""

QUERY_TIMEOUT_SECONDS: Final = 60
"""Time limit of a `query`: a person waits at the terminal."""

PAGE_TIMEOUT_SECONDS: Final = 10
"""Time limit of a statement of the page: they take milliseconds, but a database can be busy."""

PAGE_CONNECTIONS: Final = 8
"""Requests of the page that read at the same time: the loader needs connections too."""

PAGE_WAITING: Final = 8
"""Requests that may wait for a connection; further ones are refused at once. Together with those
that read they take 16 of the 40 threads that the page shares with Airflow's own routes."""

PAGE_WAIT_SECONDS: Final = 5
"""How long a request waits for a connection before it gets an error."""

WITHDRAW_TIMEOUT_SECONDS: Final = 60
"""Time limit of withdrawing a file on the page, some 100,000 days: a proxy before it waits about as
long. The command line has no limit."""

UPLOAD_MB: Final = 1024
"""Largest file (MiB) that the page takes: real exports reach some hundred MiB packed, and whatever
takes longer than minutes over a browser's connection is better copied. METER_UPLOAD_MB sets another
limit, 0 refuses uploads."""

UPLOADS_AT_ONCE: Final = 4
"""Uploads that an api-server process takes at the same time: each writes in one of the 40 threads
that the page shares with Airflow's own routes."""

UPLOAD_STALL_SECONDS: Final = 60
"""How long an upload may send nothing before it is given up: a line that stalls for so long is
broken."""

UPLOAD_LEFT_SECONDS: Final = 3600
"""Age of a part of an upload that nobody writes any more: an upload that lives has written within
`UPLOAD_STALL_SECONDS`, by the clock of a file server that may differ."""

LOCK_TIMEOUT_SECONDS: Final = 120
"""Lock timeout: a batch that waits longer for another one is better tried again."""

PLAN_TIMEOUT_SECONDS: Final = 2 * 3600
"""Time limit of claim_and_plan: it reads about 300 MB/s; the worst known files take 2 s a MiB on a
busy machine. The next try leaves out a drop that hangs."""

PARSE_TIMEOUT_SECONDS: Final = 30 * 60
"""Time limit of parsing a shard, which takes 2 s; the worst known one, of 32 MiB and ten million
refused records, takes about 5 minutes on a busy machine."""

CLAIM_TIMEOUT_SECONDS: Final = 10 * 60
"""Time limit of the watch's claim: it checks thousands of files, 10 us each on a disk, 10 ms in a
bucket."""

SETTLE_TIMEOUT_SECONDS: Final = 2 * 3600
"""Time limit of settle_drops: it moves files, to another file system by copying at about 100
MB/s."""

MEMORY_MB: Final = 1024
"""Memory (MiB) that reading a drop or a shard may map in addition: the worst known files need 200
MiB, and a machine that runs four such tasks has more than four times as much. METER_MEMORY_MB sets
another limit, 0 none."""

APPLY_TIMEOUT_SECONDS: Final = 30 * 60
"""Time limit of a batch, as the task's execution timeout and the session's `statement_timeout`:
sixty times what a full shard needs."""

CHANGES_KEPT_DAYS: Final = 30
"""Days for which `meter_changes` is kept: a consumer that was paused for a month reads all days in
force anew, which is not much more by then."""

LEAST_WRITERS: Final = 2
MOST_WRITERS: Final = 8
"""Slots of the pool that bounds concurrent appliers: one for each processor, between these. On two
processors a second connection gains 10 to 30 % and a third nothing; beyond eight nothing was
measured, and all of them put their rows into the index of one month."""

CONNECTION_ID: Final = "meter_db"
READER_CONNECTION_ID: Final = "meter_db_reader"
"""The connection of the page, if it is defined; else the page uses the loader's, read-only."""

POOL: Final = "meter_db"
STORAGE_CONNECTION_ID: Final = "meter_storage"
WATCH_DAG_ID: Final = "nem12_watch"
LOAD_DAG_ID: Final = "nem12_load"

PAUSED: Final = {
    WATCH_DAG_ID: "new files are not picked up",
    LOAD_DAG_ID: "its runs stay queued",
}
"""The consequence when one of the DAGs is paused."""

PAGE_ROUTE: Final = "meter-data"
"""Route of the page inside Airflow, below `/plugin/`."""

PROFILE_BY_FOLDER: Final = "by folder"
"""Choice in the form of a load run: the subfolder of the landing folder decides the profile."""

OWNER_ROLE: Final = "nem12_owner"
"""Owns the tables of the embedded server and runs its migrations; not a superuser."""

LOADER_ROLE: Final = "nem12_loader"
"""Applies batches; may not change the schema."""

READER_ROLE: Final = "nem12_reader"
"""Reads; what `query` runs as."""

DATABASE: Final = "meter"

AIRFLOW_DATABASE: Final = "airflow"
"""The database of Airflow's own tables, separate from the readings, so that either can be deleted
alone."""

CHECKOUT: Final = Path(__file__).resolve().parents[2]
"""The root of a checkout, or the folder two above an installed package: see `is_checkout`."""

DISTRIBUTION: Final = "nem12-airflow"
"""The name of the package for pip."""


PLACES: Final = ("landing", "staging", "archive", "rejected")
"""The folders of a home; each name is also the end of its setting, such as METER_LANDING."""


@dataclass(frozen=True)
class Home:
    """The folders of everything that is not code; see `home()`."""

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
        """Folder for files of this machine only: the staging folder, unless that is a bucket."""
        return storage.local(self.staging) or self.root / "scratch"

    @property
    def airflow(self) -> Path:
        """AIRFLOW_HOME of `up` and `demo`."""
        return self.root / "airflow"

    @staticmethod
    def below(root: Path) -> "FolderHome":
        """The default folders on this machine; nothing is created."""
        return FolderHome(root, *(root / name for name in PLACES))

    def make(self) -> Self:
        """Make missing folders, for their owner and the group of METER_GROUP.

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
    """A home whose folders are all on this machine."""

    landing: Path
    staging: Path
    archive: Path
    rejected: Path


def command(name: str) -> str:
    """How the user starts a command of this package, such as `manage.py migrate`, for messages.

    METER_COMMAND is the part before the name, such as `docker compose run --rm nem12`; the default
    is `manage.py` in a checkout and `nem12` for an installed package.
    """
    program = os.environ.get("METER_COMMAND") or ("manage.py" if is_checkout() else "nem12")
    return f"{program} {name}".rstrip()


_PASSABLE: Final = 0o711
"""Mode of METER_HOME: the account of the embedded server passes through it; other users cannot list
it."""


def make_root(root: Path) -> None:
    """Make METER_HOME itself if it is missing."""
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
        folder: It is left as it is if it exists.
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


def processors() -> int:
    """Processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        return os.cpu_count() or 1


def writers() -> int:
    """Batches that are applied at the same time, by the processors of this machine."""
    return max(LEAST_WRITERS, min(processors(), MOST_WRITERS))


def parallelism() -> int:
    """Concurrent tasks under `up` and `demo`: as many that parse as that apply.

    Those that apply mostly wait for the database.
    """
    return 2 * writers()


def group() -> str:
    """The group that may read METER_HOME and write to its landing folder (METER_GROUP).

    Without it only the owner may.
    """
    return os.environ.get("METER_GROUP", "").strip()


def umask() -> int:
    """The umask of processes that this package starts: files are for those of `make_private`."""
    return 0o027 if group() else 0o077


def standstill_seconds() -> float:
    """How long a drop must not change if its content does not show its end.

    Raises:
        UsageError: METER_STANDSTILL_SECONDS is not a valid time.
    """
    text = os.environ.get("METER_STANDSTILL_SECONDS", "").strip()
    try:
        seconds = float(text or STANDSTILL_SECONDS)
    except ValueError:
        seconds = math.nan
    if not SETTLE_SECONDS <= seconds < math.inf:
        raise UsageError(
            f"METER_STANDSTILL_SECONDS: '{text}' is not a number of seconds of"
            f" {SETTLE_SECONDS:g} or more"
        )
    return seconds


def memory_mb() -> int:
    """Memory (MiB) that reading a drop or a shard may take, from METER_MEMORY_MB; 0 for no limit.

    Raises:
        UsageError: METER_MEMORY_MB is not a valid number.
    """
    return _whole_mb("METER_MEMORY_MB", MEMORY_MB)


def upload_mb() -> int:
    """Largest file (MiB) that the page takes, from METER_UPLOAD_MB; 0 for none.

    Raises:
        UsageError: METER_UPLOAD_MB is not a valid number.
    """
    return _whole_mb("METER_UPLOAD_MB", UPLOAD_MB)


def _whole_mb(name: str, default: int) -> int:
    text = os.environ.get(name, "").strip()
    if text and not (text.isascii() and text.isdigit()):
        raise UsageError(f"{name}: '{text}' is not a whole number of MiB, or 0 for none")
    return int(text or default)


def keep_landing() -> bool:
    """Whether drops stay in the landing folder (METER_KEEP_LANDING), which may be read-only.

    Only the ledger then records which files were processed.
    """
    return os.environ.get("METER_KEEP_LANDING", "").lower() in ("1", "true", "yes")


def notifiers() -> str:
    """The receivers of alerts (METER_NOTIFIERS), as JSON."""
    return os.environ.get("METER_NOTIFIERS", "").strip()


def silent_hours() -> str:
    """After how many hours without a drop to send an alert (METER_SILENT_HOURS)."""
    return os.environ.get("METER_SILENT_HOURS", "").strip()


def lineage_namespace() -> str:
    """Namespace of the database server in OpenLineage (METER_LINEAGE_NAMESPACE), if set.

    Behind a unix socket or a pooler the connection does not contain the name that others use.
    """
    return os.environ.get("METER_LINEAGE_NAMESPACE", "")


def has_home() -> bool:
    """Whether the folder of the data is known: from METER_HOME, or as part of a checkout."""
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
        UsageError: METER_HOME is not set, and this is an installed package: its own folder must not
            hold data, and every machine would use another one.
    """
    if not has_home():
        raise UsageError("set METER_HOME to a folder that triggerer and workers share")
    root = Path(os.environ.get("METER_HOME") or CHECKOUT / ".data").expanduser().resolve()

    def folder(name: str) -> Place:
        text = os.environ.get(f"METER_{name.upper()}")
        return storage.place(text) if text else root / name

    return Home(root, *map(folder, PLACES))
