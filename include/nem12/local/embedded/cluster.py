"""One PostgreSQL server on one folder: made, started, found running, stopped."""

import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil  # type: ignore[import-untyped]

from nem12.errors import TransientError, UsageError
from nem12.local.embedded.machine import PORT, configuration
from nem12.local.embedded.place import Place
from nem12.settings import MIB

SUPERUSER: Final = "postgres"

PATIENCE_SECONDS: Final = 300
"""For a start that replays what a crash left, or a stop that writes out all changed pages."""

LOG_BYTES: Final = 16 * MIB
"""A larger log is put aside at the next start; one old log is kept."""

CONFIGURATION: Final = "nem12.conf"

NO_PID: Final = 2**22 + 1
"""Above what any kernel gives to a process."""


@dataclass(frozen=True)
class Cluster:
    """The server in `place`, run by the programs in `bin`."""

    place: Place
    bin: Path
    socket: Path

    def ensure_running(self) -> None:
        """Make the data when there is none, and start the server unless it runs.

        Raises:
            UsageError: it cannot start; the text names the log.
        """
        if not self.place.data.exists():
            self._make()
        if not self._runs():
            self._start()

    def stop(self) -> None:
        """Stop the server; its sessions are ended.

        Raises:
            TransientError: it is still busy writing when the patience is at its end.
        """
        if not self._runs():
            return
        status, output = self._control("stop", "-m", "fast")
        if status and self._runs():
            raise TransientError(f"PostgreSQL in {self.place.folder} does not stop: {output}")

    def _make(self) -> None:
        # Under another name until it is complete: a crash of initdb must not leave half a cluster.
        new = self.place.data.with_name("data.new")
        if new.exists():
            shutil.rmtree(new)
        status, output = self.place.account.run(
            [
                self.bin / "initdb",
                f"--username={SUPERUSER}",
                "--auth=trust",  # only the account itself, or root, can reach the socket
                "--encoding=UTF8",
                "--locale=C",
                # Sorts by code point as C does, fast and the same everywhere; knows upper case.
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--no-instructions",
                f"--pgdata={new}",
            ]
        )
        if status:
            raise UsageError(f"PostgreSQL cannot make its data in {new}: {_reason(output)}")
        with (new / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(f"include '{CONFIGURATION}'\n")
        new.rename(self.place.data)

    def _start(self) -> None:
        text = configuration(self.place.data, self.socket)
        conf = self.place.data / CONFIGURATION
        conf.write_text(text, encoding="utf-8")
        # Written by root under umask 077 it is closed to the server's account; its folder is not.
        conf.chmod(0o644)
        log = self.place.log
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            status, output = self._control("start", "--log", "../server.log")
            if status == 0:
                return
            reason = _fatal(log) or _reason(output)
            # Sessions of a server that was killed live on until they notice; no other start is
            # allowed beside them.
            if "shared memory block" not in reason or time.monotonic() > deadline:
                raise UsageError(f"PostgreSQL does not start ({reason}): see {log}.")
            time.sleep(0.2)

    def _control(self, *command: str) -> tuple[int, str]:
        # Relative paths: pg_ctl puts them into a line for the shell, which would expand a "$" in
        # the name of a folder.
        return self.place.account.run(
            [self.bin / "pg_ctl", *command, "-D", ".", "-w", "-t", str(PATIENCE_SECONDS), "-s"],
            cwd=self.place.data,
        )

    def _runs(self) -> bool:
        """Whether the server runs.

        A pid file alone proves nothing: after the restart of a container its pid is another
        process's, and neither pg_ctl nor postgres can tell.
        """
        file = self.place.data / "postmaster.pid"
        try:
            pid, newline, rest = file.read_text(encoding="utf-8").partition("\n")
        except FileNotFoundError:
            return False
        if not pid.isdigit():
            file.unlink()  # a crash while it was written; postgres refuses to start on it
            return False
        if not psutil.pid_exists(int(pid)):
            return False
        if self._is_server(int(pid)):
            return True
        # Keep the file, with a pid that no process has: by the shared memory that it names,
        # postgres notices sessions that have outlived a killed server.
        file.write_text(f"{NO_PID}{newline}{rest}", encoding="utf-8")
        (self.socket / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)
        return False

    def _is_server(self, pid: int) -> bool:
        """Whether process `pid` may be this server; in doubt it is: two on one folder ruin it."""
        try:
            process = psutil.Process(pid)
            if process.name() != "postgres" or process.uids().real != self.place.account.uid:
                return False
            return Path(process.cwd()).samefile(self.place.data)
        except psutil.AccessDenied:
            # In a container root may be forbidden to look at another user's process.
            return True
        except psutil.NoSuchProcess:  # or a zombie that nobody waits for
            return False


def _fatal(log: Path) -> str:
    """The last fatal message of a log, without its stamp."""
    try:
        end = log.read_bytes()[-MIB:].decode(errors="replace")
    except OSError:
        return ""
    found: list[str] = re.findall(r"FATAL:\s+(.*)", end)
    return found[-1] if found else ""


def _reason(output: str) -> str:
    """The first error that a program of PostgreSQL's printed: what follows is how it gave up."""
    found = re.search(r"^(?:\S+: )?.*?(?:error|FATAL|PANIC):\s+(.*)", output, re.MULTILINE)
    return found[1] if found else (output.splitlines() or ["no message"])[-1]
