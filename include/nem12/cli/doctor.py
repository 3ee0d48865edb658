"""`doctor`: what is wrong with an installation, and what to do about it."""

import json
import os
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from importlib import util
from pathlib import Path
from typing import Final

from nem12 import __version__, settings
from nem12.cli.databases import NothingYetError, database
from nem12.cli.output import at_work, out
from nem12.doctor import Check, Health, fault, ok, warning
from nem12.doctor.database import database_checks
from nem12.doctor.folders import folder_checks, secret_checks, setting_checks
from nem12.errors import MeterError, UsageError
from nem12.exact_json import to_json
from nem12.mdff.wording import plural

AIRFLOW_SECONDS: Final = 120
"""Importing Airflow takes some 5 s on a busy machine; the rest is for a database that hangs."""

_MARKS: Final = {Health.OK: "ok     ", Health.WARNING: "warning", Health.FAULT: "FAULT  "}


def doctor(arguments: Namespace) -> int:
    """Print what was looked at; 1 where there is a fault."""
    counts = dict.fromkeys(Health, 0)
    checks = _checks(arguments)
    while True:
        with at_work("looking"):
            check = next(checks, None)
        if check is None:
            break
        counts[check.health] += 1
        _print(check, arguments.format)
    if arguments.format == "text":
        faults, warnings = counts[Health.FAULT], counts[Health.WARNING]
        out.print(
            f"{plural(faults, 'fault')}, {plural(warnings, 'warning')}, {counts[Health.OK]} ok"
        )
    return int(bool(counts[Health.FAULT]))


def _print(check: Check, form: str) -> None:
    if form == "json":
        print(to_json(check.row()))
        return
    line = f"{_MARKS[check.health]} {check.subject}: {check.text}"
    out.print(line, markup=False, soft_wrap=True)
    if check.remedy:
        out.print(f"        do: {check.remedy}", markup=False, soft_wrap=True)


def _checks(arguments: Namespace) -> Iterator[Check]:
    python = ".".join(map(str, sys.version_info[:3]))
    yield ok("package", f"nem12 {__version__}, Python {python}")
    yield from setting_checks()
    try:
        home = settings.home()
    except UsageError as error:
        yield fault("METER_HOME", str(error), "set METER_HOME")
        home = None
    if home:
        yield from folder_checks(home)
        yield from secret_checks(home)
    # Inside the block the embedded server runs, which may hold Airflow's tables.
    try:
        with database(arguments, settings.LOADER_ROLE, migrated=False) as uri:
            yield from database_checks(uri)
            yield from _airflow(home)
    except NothingYetError as error:
        text, _, remedy = str(error).partition(": ")
        yield warning("connection", text, remedy)
    except MeterError as error:
        yield fault("connection", str(error), "see the text")


def _airflow(home: settings.Home | None) -> Iterator[Check]:
    """What Airflow's own tables say, asked by a process of its own."""
    if not util.find_spec("airflow"):
        yield warning("airflow", "not installed here", "run doctor where Airflow's components run")
        return
    own = _own_airflow()
    if own is not None:
        yield from _asked(own)
        return
    from nem12.local import embedded, stack

    if home is None or not stack.exists(home):
        text = "none is set up in this environment"
        yield warning("airflow", text, "run doctor where Airflow's components run")
        return
    with embedded.server(home) as server:
        for check in _asked(stack.command_env(home, server)):
            if check.health is Health.FAULT and "start `airflow " in check.remedy:
                # An Airflow that was stopped on purpose is not a fault.
                remedy = f"run `{settings.command('up')}`"
                yield warning(check.subject, check.text, remedy)
            else:
                yield check


def _own_airflow() -> Mapping[str, str] | None:
    """The environment of an Airflow of the user's own; None where there is none.

    Airflow makes its folder where there is none, so it is not asked then.
    """
    folder = os.environ.get("AIRFLOW_HOME")
    if folder and (Path(folder) / "airflow.cfg").exists():
        return os.environ
    if "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" in os.environ and folder and Path(folder).is_dir():
        return os.environ
    return None


def _asked(env: Mapping[str, str]) -> Iterator[Check]:
    command = [sys.executable, "-m", "nem12.doctor.scheduling"]
    try:
        done = subprocess.run(
            command,
            check=False,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=AIRFLOW_SECONDS,
        )
    except subprocess.TimeoutExpired:
        text = f"no answer within {AIRFLOW_SECONDS} s"
        yield fault("airflow", text, "see whether its database answers")
        return
    for line in done.stdout.splitlines():
        yield Check(**{**(row := json.loads(line)), "health": Health(row["health"])})
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
        yield fault("airflow", last[0][:500], "see `airflow info` in the same environment")
