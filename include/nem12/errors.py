"""The two families of errors: those that a retry may fix, and those that it cannot."""

import errno
import os
from typing import Final

_REMEDIES: Final = {
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room or raise the quota",
    errno.EIO: "check the disk: reading or writing fails there",
    errno.EFBIG: "raise the limit of file sizes (ulimit -f)",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENOMEM: "free some memory, or use a machine with more",
    errno.EACCES: "give this user the permission, or choose another folder",
    errno.EPERM: "give this user the permission, or choose another folder",
    errno.EROFS: "choose a folder that can be written to",
    errno.EEXIST: "a folder is needed, not a file",
    errno.ENOTDIR: "a folder is needed, not a file",
}
"""What to do about errors of the environment, by errno."""


class MeterError(Exception):
    """Base of this package's errors; its text is one sentence for the user."""


class TerminalError(MeterError):
    """A retry does not help: wrong usage, a refused file, a missing migration."""


class UsageError(TerminalError):
    """The request cannot be fulfilled; the text says what to do instead."""


class SetupError(TerminalError):
    """The installation lacks something, such as a connection; the text says what to add."""


class TransientError(MeterError):
    """A retry may help: a deadlock, a lost connection, a full disk."""


def sentence(error: OSError) -> str:
    """One sentence about an error of the system: what, which file, and what to do."""
    reason = error.strerror or str(error) or type(error).__name__
    names = (error.filename, error.filename2) if error.strerror else ()
    paths = [os.fsdecode(name) for name in names if isinstance(name, str | bytes | os.PathLike)]
    remedy = _REMEDIES.get(error.errno or 0)
    return ": ".join([reason, *paths, *([remedy] if remedy else [])])
