"""A limit of the memory that one step may take, so that a hostile file fails alone.

Without it the kernel would end the whole process, or another one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from nem12 import settings
from nem12.errors import TerminalError

try:
    import resource
except ImportError:  # not on Windows
    resource = None  # type: ignore[assignment]

_STATM: Final = Path("/proc/self/statm")
"""Mapped memory of this process on Linux; other systems do not enforce a limit of the address
space."""


@contextmanager
def bounded_memory() -> Iterator[None]:
    """Limit how much more memory the process may map; the old limit is restored afterwards.

    Raises:
        TerminalError: The memory was not enough.
        UsageError: METER_MEMORY_MB is not a number.
    """
    most = settings.memory_mb()
    before = _lower(most * settings.MIB) if most else None
    try:
        yield
    except MemoryError:
        raise TerminalError(
            f"it needs more than the {most} MiB of memory that a task may use: raise"
            " METER_MEMORY_MB if this file has to be loaded"
            if before
            else "there is not enough memory for it"
        ) from None
    finally:
        if before:
            resource.setrlimit(resource.RLIMIT_AS, before)


def _lower(more: int) -> tuple[int, int] | None:
    """Lower the soft limit; returns the old limits, None if they were not changed."""
    if resource is None or not _STATM.exists():
        return None
    soft, hard = before = resource.getrlimit(resource.RLIMIT_AS)
    mapped = int(_STATM.read_text().split()[0]) * resource.getpagesize()
    limits = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
    lowered = min([mapped + more, *limits])
    if lowered == soft:
        return None
    try:
        resource.setrlimit(resource.RLIMIT_AS, (lowered, hard))
    except (OSError, ValueError):
        return None
    return before
