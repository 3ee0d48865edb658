"""The server's settings, chosen by the size of the machine."""

import os
import shutil
from pathlib import Path
from typing import Final

from nem12.settings import MIB

PORT: Final = 5432
"""Only part of the socket's name; set, because PGPORT of the caller would change it."""

MAX_SHARED_BUFFERS: Final = 4096 * MIB
MIN_SHARED_BUFFERS: Final = 128 * MIB
MAX_WAL: Final = 16 * 1024 * MIB
MIN_WAL: Final = 256 * MIB


def configuration(data: Path, socket: Path) -> str:
    """The text of the file that the server reads at its start."""
    buffers = _within(MIN_SHARED_BUFFERS, memory_bytes() // 4, MAX_SHARED_BUFFERS)
    wal = _within(MIN_WAL, shutil.disk_usage(data).free // 8, MAX_WAL)
    return f"""\
# Written anew at each start; edits are lost.

# The socket lies in a folder that only the server's account may enter: nobody else gets in.
listen_addresses = ''
unix_socket_directories = '{socket}'
port = {PORT}

# Each component of Airflow and each task holds a few; people's tools get the rest.
max_connections = 100

# A quarter of the memory, so that the keys of a month that is being filled stay in it; the rest is
# for the tasks and the system's own cache. Measured up to 4 GB.
shared_buffers = {buffers // MIB}MB

# A query over all months locks their tables and keys, eight a month: 670 for seven years. So many
# for each connection, from a common pool.
max_locks_per_transaction = 512

# After a checkpoint the first change of each page writes the whole page: few checkpoints, as
# far as the free disk allows. With the buffers, loading day after day ran at 300 to 360 thousand
# rows a second instead of 170 to 230.
max_wal_size = {wal // MIB}MB
checkpoint_timeout = 15min

# Those whole pages are few, and the build has only pglz, which is slow: measured on a correction of
# every day, it took a fifth of the processor time.
wal_compression = off

# Makes no difference to a batch, and compiling delays short queries.
jit = off

# NEM time is an offset that queries state; nothing may depend on where the machine stands.
timezone = 'UTC'
log_timezone = 'UTC'

# A statement of a batch is half a megabyte of meter readings: not for the log.
log_min_error_statement = fatal
log_line_prefix = '%m [%p] %q%u@%d '
"""


def memory_bytes() -> int:
    """The machine's memory, or the container's limit where that is lower."""
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
    except OSError:
        return installed
    return min(installed, int(limit)) if limit.isdigit() else installed


def _within(least: int, wanted: int, most: int) -> int:
    return max(least, min(wanted, most))
