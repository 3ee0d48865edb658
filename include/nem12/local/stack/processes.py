"""The processes of the components, each in its own session, so that its forks can be found."""

import json
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil  # type: ignore[import-untyped]

from nem12.errors import TerminalError

GRACE_SECONDS: Final = 5
"""Between SIGTERM and SIGKILL: what a task needs to give up its statement. The triggerer may wait
half a minute for triggers that hold nothing; it is not waited for."""

ORPHAN_GRACE_SECONDS: Final = 1
"""The same for what a dead component has left: the scheduler's idle workers ignore SIGTERM then."""

RESTARTS: Final = 3
RESTART_WINDOW_SECONDS: Final = 10 * 60
"""A component that dies more often than that has a reason that another start does not mend."""

TAIL_LINES: Final = 15


@dataclass(frozen=True)
class Leader:
    """The first process of a session; the time tells it from a later one with the same pid."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> "Leader":
        """The leader that runs now, or has just ended, as `pid`."""
        try:
            return cls(pid, psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return cls(pid, time.time())

    def is_replaced(self) -> bool:
        """Whether the pid belongs to another process by now, so that the session is over."""
        try:
            return bool(abs(psutil.Process(self.pid).create_time() - self.created) > 1)
        except psutil.NoSuchProcess:
            return False


@dataclass
class Component:
    """One component of Airflow, started again when it died.

    Attributes:
        command: What follows `airflow`.
    """

    name: str
    command: tuple[str, ...]
    log: Path
    env: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    leader: Leader | None = None
    restarts: deque[float] = field(default_factory=deque)

    @classmethod
    def of(cls, command: Sequence[str], logs: Path, env: dict[str, str]) -> "Component":
        """The component that a command runs; its name is the last word that is not an option."""
        name = [word for word in command if not word.startswith("-")][-1]
        return cls(name, tuple(command), logs / f"{name}.log", env)

    def start(self, gate: int) -> None:
        """Start it; it waits for the end of the pipe `gate` before it touches the database."""
        command = [sys.executable, "-m", "nem12.local.stack.component", str(os.getpid()), str(gate)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *self.command],
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=[gate],
            )
        self.leader = Leader.of(self.process.pid)

    def restart(self) -> None:
        """Start it again, after ending what the dead one has left.

        Raises:
            TerminalError: it died too often.
        """
        now = time.monotonic()
        while self.restarts and now - self.restarts[0] > RESTART_WINDOW_SECONDS:
            self.restarts.popleft()
        if len(self.restarts) >= RESTARTS:
            raise self.failure()
        self.restarts.append(now)
        if self.leader:
            end([self.leader], ORPHAN_GRACE_SECONDS)
        gate, opened = os.pipe()
        os.close(opened)
        try:
            self.start(gate)
        finally:
            os.close(gate)

    @property
    def is_dead(self) -> bool:
        """Whether it was started and has ended."""
        return self.process is not None and self.process.poll() is not None

    def failure(self) -> TerminalError:
        """The error that says how it ended."""
        status = self.process.returncode if self.process else None
        return TerminalError(
            f"Airflow's {self.name} ended with status {status}; the end of {self.log}:\n"
            + tail(self.log)
        )


def tail(log: Path) -> str:
    """The last lines of a log, or nothing."""
    with suppress(OSError):
        return "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-TAIL_LINES:])
    return ""


def members(leaders: Iterable[Leader]) -> list[psutil.Process]:
    """All running processes of the leaders' sessions, and their descendants."""
    sessions = {leader.pid for leader in leaders if not leader.is_replaced()}
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError, PermissionError):
            if os.getsid(process.pid) in sessions:
                found |= {child.pid: child for child in process.children(recursive=True)}
                found[process.pid] = process
    return [process for process in found.values() if _runs(process)]


def end(leaders: Iterable[Leader], grace: float = GRACE_SECONDS) -> None:
    """End the leaders' sessions whole: first asked, then killed."""
    leaders = list(leaders)
    asked = members(leaders)
    for process in asked:
        with suppress(psutil.Error):
            process.terminate()
    _wait(asked, grace)
    # Looked up again: a process may have forked while it was asked to end.
    while remaining := members(leaders):
        for process in remaining:
            with suppress(psutil.Error):
                process.kill()
        _wait(remaining, 1)


def _wait(processes: list[psutil.Process], seconds: float) -> None:
    """Wait until all have ended.

    Not psutil's own waiting: for it a zombie lives on, and where nobody waits for orphans, as in
    many containers, that is for ever.
    """
    deadline = time.monotonic() + seconds
    while any(map(_runs, processes)) and time.monotonic() < deadline:
        time.sleep(0.05)


def _runs(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def remember(file: Path, leaders: Iterable[Leader]) -> None:
    """Record the running processes, for the next start after a crash of this one."""
    beside = file.with_suffix(".new")
    beside.write_text(json.dumps([[each.pid, each.created] for each in leaders]), encoding="utf-8")
    beside.replace(file)


def end_leftovers(file: Path) -> None:
    """End processes that a killed owner has left running, and forget them."""
    with suppress(FileNotFoundError, ValueError):
        leaders = [Leader(pid, created) for pid, created in json.loads(file.read_text("utf-8"))]
        # A pid from before a reboot may be anybody's session now: end only Airflow's own.
        ours = [each for each in leaders if any(map(_is_airflow, members([each])))]
        end(ours, ORPHAN_GRACE_SECONDS)
    file.unlink(missing_ok=True)


def _is_airflow(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        title = " ".join(process.cmdline())
        return "airflow" in title or __package__ in title
    return False
