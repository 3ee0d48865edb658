#!/usr/bin/env python3
"""The one entry point: makes the environment at its first use, then runs the command in it."""

# Until the environment stands there is only the standard library, and the Python that runs this
# may be one that has to be refused: the syntax is what Python 3.7 reads.
from __future__ import annotations

import contextlib
import csv
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

OLDEST, TOO_NEW = (3, 11), (3, 14)  # as in pyproject.toml
CHECKOUT = Path(__file__).resolve().parent
VENV = CHECKOUT / ".venv"
PYTHON = VENV / "bin" / "python"
LOG = VENV / "install.log"
RUNTIME, DEVELOPMENT = "requirements.txt", "requirements-dev.txt"


class RefusalError(Exception):
    """What a person has to do first, in one line."""


def main(arguments: list[str]) -> None:
    """Run the command; return only when that is impossible."""
    check_python()
    requirements = DEVELOPMENT if arguments[:1] == ["test"] else RUNTIME
    if not is_complete(requirements):
        with one_at_a_time():
            if not is_complete(requirements):
                make_environment(requirements)
    os.environ.setdefault("METER_HOME", str(CHECKOUT / ".data"))
    os.environ["METER_COMMAND"] = "manage.py"  # what messages call it
    os.execv(  # noqa: S606 - in its place, so that signals reach the command itself
        PYTHON, [str(PYTHON), str(CHECKOUT / "tools" / "__main__.py"), *arguments]
    )


def check_python() -> None:
    """Refuse what the packages do not run on."""
    if os.name != "posix":
        raise RefusalError("This needs Linux or macOS; on Windows, run it in WSL.")
    if not OLDEST <= sys.version_info[:2] < TOO_NEW:
        raise RefusalError(
            "This needs Python 3.11, 3.12 or 3.13 and was started with {}.{}: start it as"
            " python3.13 manage.py, or with the path of one of them.".format(*sys.version_info)
        )


def is_complete(wanted: str) -> bool:
    """Whether all that `wanted` names was installed, by this file, into this checkout."""
    if not os.access(PYTHON, os.X_OK):
        return False
    # What serves the tests serves all the rest.
    return any(
        stamp_of(name).exists() and stamp_of(name).read_text() == fingerprint(name)
        for name in {wanted, DEVELOPMENT}
    )


def stamp_of(wanted: str) -> Path:
    """The file that says what was installed."""
    return VENV / f"{wanted}.installed"


def fingerprint(wanted: str) -> str:
    """What the installed packages depend on: the lists, the place, the Python beneath."""
    python = PYTHON.stat()  # an upgrade of the system's Python leaves the packages behind
    digest = hashlib.sha256(f"{CHECKOUT} {python.st_size} {python.st_mtime_ns}".encode())
    for name in sorted({RUNTIME, wanted, "constraints.txt", "pyproject.toml"}):
        digest.update((CHECKOUT / name).read_bytes())
    return digest.hexdigest()


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Keep other processes from installing at the same time."""
    import fcntl  # not on Windows, which is refused in words

    # This very file is the lock: it is there, and it leaves nothing behind.
    with Path(__file__).open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("Waiting for another process that installs the packages.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_environment(wanted: str) -> None:
    """Make or complete .venv; an interrupted attempt is taken up again."""
    make_venv()
    mend()
    say(f"Installing the packages of {wanted} (the first time takes about a minute).")
    LOG.unlink(missing_ok=True)
    pip("-c", "constraints.txt", "-r", wanted)
    say("Installing this project.")
    pip("--no-deps", "-e", ".")
    stamp_of(wanted).write_text(fingerprint(wanted))


def make_venv() -> None:
    """Make .venv, or what is missing of it; start anew when its Python is of no use."""
    found = output_of(PYTHON, "-c", "import sys; print(*sys.version_info[:2])")
    usable = found == "{} {}".format(*sys.version_info)
    if usable and output_of(PYTHON, "-m", "pip", "--version"):
        return
    if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        raise RefusalError(
            "Python's venv module is missing: install it (Debian and Ubuntu: apt install"
            " python{}.{}-venv) and start this again.".format(*sys.version_info)
        )
    say(f"Making the environment {VENV}.")
    base = getattr(sys, "_base_executable", sys.executable)  # started from the .venv to be made
    command = [base, "-m", "venv", *([] if usable else ["--clear"]), str(VENV)]
    made = subprocess.run(
        command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if made.returncode:
        raise RefusalError(f"Cannot make {VENV}: {last_line(made.stdout)}")


def mend() -> None:
    """Forget packages that an interrupted pip has installed in part: it takes them for whole."""
    for metadata in VENV.glob("lib/python*/site-packages/*.dist-info"):
        record = metadata / "RECORD"
        try:
            with record.open(encoding="utf-8", newline="") as file:
                names = [row[0] for row in csv.reader(file) if row]
            whole = all((metadata.parent / name).exists() for name in names)
        except OSError:
            whole = False
        if not whole:
            shutil.rmtree(metadata)


def pip(*arguments: str) -> None:
    """Run pip install, its words going to the log."""
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    environment = {**os.environ, "PIP_USER": "0"}  # a user's setting that fails in a venv
    with LOG.open("a", encoding="utf-8") as log:
        status = subprocess.run(
            [*map(str, command), *arguments],
            check=False,
            cwd=CHECKOUT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        ).returncode
    if status:
        errors = [line for line in LOG.read_text("utf-8").splitlines() if "ERROR" in line]
        raise RefusalError(
            f"pip failed ({last_line(chr(10).join(errors))}): check the connection to PyPI and the"
            f" free disk space, then start this again; the log is {LOG}."
        )


def output_of(*command: str | Path) -> str | None:
    """What a command prints, or None when it fails."""
    try:
        run = subprocess.run(
            command, check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
    except OSError:
        return None
    return run.stdout.strip() if run.returncode == 0 else None


def last_line(text: str) -> str:
    """The last line of what a command said."""
    return text.strip().splitlines()[-1] if text.strip() else "no message"


def say(line: str) -> None:
    """Tell the person what happens."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (RefusalError, OSError) as refusal:
        say(f"manage.py: {refusal}")
        sys.exit(2)
    except KeyboardInterrupt:
        say("Interrupted; the next start goes on from here.")
        sys.exit(130)
