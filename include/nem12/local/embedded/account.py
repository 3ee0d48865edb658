"""Who runs the server: the caller, or for root an account that PostgreSQL accepts."""

import os
import pwd
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nem12.errors import UsageError

ACCOUNTS: Final = ("postgres", "nobody")
"""What root runs the server as: the first that exists. None is ever created."""


@dataclass(frozen=True)
class Account:
    """The user that owns the data and runs the server."""

    uid: int
    gid: int

    @property
    def is_caller(self) -> bool:
        """Whether no change of user is needed."""
        return self.uid == os.geteuid()

    def run(self, command: Sequence[str | Path], cwd: Path = Path("/")) -> tuple[int, str]:
        """Run a command as this account; return its exit status and all that it printed."""
        other = not self.is_caller
        # A file, not a pipe: a server that the command leaves running holds it open, and the end
        # of a pipe would be waited for as long as the server lives.
        with tempfile.TemporaryFile() as output:
            status = subprocess.run(
                command,
                check=False,
                cwd=cwd,
                env=clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C at the terminal is for the caller, who then stops the server in order.
                start_new_session=True,
                user=self.uid if other else None,
                group=self.gid if other else None,
                extra_groups=[] if other else None,
            ).returncode
            output.seek(0)
            return status, output.read().decode(errors="replace").strip()

    def may_enter(self, folder: Path) -> bool:
        """Whether this account can reach the content of `folder`, by the kernel's rules."""
        return self.run(["sh", "-c", 'test -x "$1"', "sh", folder])[0] == 0

    def may_run(self, program: Path) -> bool:
        """Whether this account can start a program of PostgreSQL's."""
        try:
            return self.run([program, "--version"])[0] == 0
        except PermissionError:
            return False


def clean_environment() -> dict[str, str]:
    """The caller's environment without variables that direct PostgreSQL's programs elsewhere."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("PG", "LC_"))}
    return kept | {"LC_ALL": "C"}


def of_caller() -> Account:
    """The account of a new server.

    Raises:
        UsageError: root has no account to hand the server to.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise UsageError(
        "PostgreSQL refuses to run as root and there is neither an account postgres nor nobody:"
        " run this as an ordinary user."
    )


def of_owner(folder: Path) -> Account:
    """The account that an existing server's folder belongs to.

    Raises:
        UsageError: the caller may not act for it.
    """
    status = folder.stat()
    if status.st_uid == 0 or os.geteuid() not in {0, status.st_uid}:
        raise UsageError(
            f"{folder} belongs to user id {status.st_uid}: run this as its owner, or set METER_HOME"
            " to another folder."
        )
    return Account(status.st_uid, status.st_gid)
