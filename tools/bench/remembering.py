"""The memory that a load takes, and whether it grows with the file."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from nem12.errors import MeterError
from nem12.settings import MIB, SHARD_BYTES
from tools.bench.applying import first_load
from tools.bench.database import Database
from tools.bench.measure import Measure
from tools.bench.place import Place

_BETWEEN_SECONDS = 0.05
"""Between two looks: much shorter than the work on one shard, or on one COPY of it."""


def measures(place: Place) -> Iterator[Measure]:
    """`parse_data --apply` of a big file against a file of one full shard."""
    big = place.sizes.big_file
    shard = min(SHARD_BYTES, big // 2)
    database = place.database("remembered")
    peaks = []
    for name, size in (("shard", shard), ("big", big)):
        database.empty()
        path = place.file(f"memory-{name}", first_load(size // 6))
        peaks.append(_peak(database, path) / MIB)
        path.unlink()
    small, large = peaks
    yield Measure(
        "memory", f"{big / MIB:,.0f} MiB file, anonymous, all processes and sessions",
        f"file of one shard, {shard / MIB:,.0f} MiB", large - small, "MiB more", 10, 0,
        ours=large, theirs=small, rate_unit="MiB", lower_is_better=True,
    )  # fmt: skip


def _peak(database: Database, path: Path) -> float:
    """The highest sum over the command's processes and its sessions, in bytes."""
    command = [sys.executable, "-m", "nem12.cli", "parse_data", "--apply", "--file", str(path)]
    environment = {**os.environ, "METER_DB_URI": database.loader}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as load:
        peak = 0
        while load.poll() is None:
            peak = max(peak, _anonymous(load.pid, database))
            time.sleep(_BETWEEN_SECONDS)
    if load.returncode:
        raise MeterError(f"parse_data of {path.name} ended with {load.returncode}")
    return peak


def _anonymous(pid: int, database: Database) -> int:
    try:
        command = psutil.Process(pid)
        processes = [command.pid, *(child.pid for child in command.children(recursive=True))]
    except psutil.NoSuchProcess:
        return 0
    return sum(_private(process) for process in [*processes, *database.sessions()])


def _private(pid: int) -> int:
    """Anonymous memory in bytes; what several processes share counts once, in parts."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss_Anon:"))
