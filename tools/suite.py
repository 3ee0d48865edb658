"""`test`: the linter, the type checker and the tests."""

import os
import subprocess
import sys
from argparse import Namespace
from typing import Final

from nem12.settings import CHECKOUT

_CHECKS: Final = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
)


_GROUPS: Final = (
    # Many small tests, each worker with servers of its own. The longest files come first, so that
    # both workers end at about the same time.
    ("-n", "2", "--dist", "loadfile", "tests/dags", "tests/web", "tests/pg", "tests/unit"),
    # A whole Airflow, which takes both cores.
    ("tests/e2e",),
)


def test(arguments: Namespace) -> int:
    """Run everything; 1 if anything failed."""
    pytest = [sys.executable, "-m", "pytest", "-q"]
    if arguments.k:
        pytest += ["-k", arguments.k]
    if arguments.pytest or arguments.k:
        return int(_run([*pytest, "-s", *arguments.pytest]))
    if not arguments.all:
        pytest += ["-m", "not slow"]
    failed = [_run([sys.executable, "-m", *check]) for check in _CHECKS]
    failed += [_run([*pytest, *group]) for group in _GROUPS]
    return int(any(failed))


def _run(command: list[str]) -> bool:
    print(f"$ {' '.join(command[2:])}", flush=True)
    return subprocess.run(command, cwd=CHECKOUT, env=dict(os.environ), check=False).returncode != 0
