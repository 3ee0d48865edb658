"""One component of Airflow: `python -m nem12.local.stack.component OWNER GATE COMMAND…`.

It ends with its owner, even if the owner is killed and cannot end anything itself.
"""

import ctypes
import importlib
import os
import signal
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1

TASKS: Final = (
    "airflow.dag_processing.dagbag",
    "airflow.providers.standard.operators.empty",
    "airflow.providers.standard.sensors.time_delta",
    "nem12.airflow.consumers",
    "nem12.airflow.load_tasks",
    "nem12.airflow.watch_tasks",
)
"""What the DAG files import, but not the rooms of consumers, each of which may be taken away. A
task's process, or one that reads a DAG file, is a fork of its component: what that has imported it
need not import again, half a second of processor time each."""

HEAVY: Final[dict[str, tuple[str, ...]]] = {
    "api-server": ("airflow.api_fastapi.app",),
    "scheduler": ("airflow.jobs.scheduler_job_runner", *TASKS),
    "dag-processor": ("airflow.jobs.dag_processor_job_runner", *TASKS),
    "triggerer": ("airflow.jobs.triggerer_job_runner",),
    "celery": ("airflow.providers.celery.cli.celery_command", *TASKS),
}
"""What a component spends its first seconds importing; none of it touches the database."""


def die_with(owner: int) -> None:
    """Have the kernel send SIGTERM to this process when `owner`, its parent, ends.

    Only Linux knows this; elsewhere the next start ends what is left.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != owner:
        sys.exit("The owner ended before this component began.")


def main() -> None:
    """Import what the component needs, wait for the gate to open, and become it.

    The gate is a pipe that the owner closes when the tables are there: until then the imports,
    most of a start's time, go on beside the migration.
    """
    owner, gate, *command = sys.argv[1:]
    die_with(int(owner))
    for module in HEAVY[command[0]]:
        importlib.import_module(module)
    os.read(int(gate), 1)
    os.close(int(gate))
    sys.argv = ["airflow", *command]
    importlib.import_module("airflow.__main__").main()


if __name__ == "__main__":
    main()
