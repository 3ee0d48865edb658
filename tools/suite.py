"""`test`: the linter, the type checker and the tests, in tiers.

* `test`: all but what is marked slow, and the suites that need servers (celery, s3, soak);
* `test --all`: the slow proofs too;
* `test --coverage`: the unit tests, how much of the pure part they run, and its floor;
* `test PATH … -k NAME`: only these, slow or not.
"""

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


_MOST_WORKERS: Final = 8
"""Each has a PostgreSQL of its own; the longest file alone decides the time of more of them."""

# The longest files come first, so that all workers end at about the same time.
_MANY_SMALL: Final = ("--dist", "loadfile", "tests/dags", "tests/web", "tests/pg", "tests/unit")
_WHOLE_AIRFLOW: Final = ("tests/e2e",)
"""One after the other: each takes all cores."""

_COVERAGE: Final = ("--cov", "--cov-report=term-missing", "tests/unit")
"""What is measured and its floor stand in pyproject.toml."""


def workers() -> int:
    """How many test processes: one for each core that this process may use, two at least."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        cores = os.cpu_count() or 1
    return min(max(cores, 2), _MOST_WORKERS)


def test(arguments: Namespace) -> int:
    """Run everything; 1 if anything failed."""
    pytest = [sys.executable, "-m", "pytest", "-q"]
    if arguments.k:
        pytest += ["-k", arguments.k]
    if arguments.coverage:
        return int(_run([*pytest, *_COVERAGE]))
    if arguments.pytest or arguments.k:
        return int(_run([*pytest, "-s", *arguments.pytest]))
    if not arguments.all:
        pytest += ["-m", "not slow"]
    failed = [_run([sys.executable, "-m", *check]) for check in _CHECKS]
    failed += [
        _run([*pytest, *group]) for group in (("-n", str(workers()), *_MANY_SMALL), _WHOLE_AIRFLOW)
    ]
    return int(any(failed))


def _run(command: list[str]) -> bool:
    print(f"$ {' '.join(command[2:])}", flush=True)
    return subprocess.run(command, cwd=CHECKOUT, env=dict(os.environ), check=False).returncode != 0
