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


def test(arguments: Namespace) -> int:
    """Run everything; 1 if anything failed.

    The tests of Airflow run last, in a process of their own each: Airflow keeps one configuration
    in a process.
    """
    failed = False
    if not arguments.pytest:
        for check in _CHECKS:
            failed |= _run([sys.executable, "-m", *check])
    pytest = [sys.executable, "-m", "pytest", "-q", *arguments.pytest]
    if not arguments.all:
        pytest += ["-m", "not slow"]
    failed |= _run(pytest)
    return int(failed)


def _run(command: list[str]) -> bool:
    print(f"$ {' '.join(command[2:])}", flush=True)
    return subprocess.run(command, cwd=CHECKOUT, env=dict(os.environ), check=False).returncode != 0
