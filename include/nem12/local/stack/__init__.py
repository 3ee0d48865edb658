"""Airflow on this machine for `up` and `demo`: starts, watches and ends its four components."""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from nem12 import settings
from nem12.errors import TransientError, UsageError
from nem12.local.embedded import Server
from nem12.local.stack import environment, processes
from nem12.local.stack.client import ApiError, Client
from nem12.local.stack.metadata import migrate
from nem12.local.stack.processes import Component

__all__ = ["API_PORTS", "Airflow", "ApiError", "Client", "command_env", "exists", "running"]

API_PORTS: Final = (*range(8080, 8090), 0)
"""Airflow's own and those after it, of which the first that is free is taken; else any."""

COMPONENTS: Final = (
    ("api-server",),
    ("scheduler", "--skip-serve-logs"),
    ("dag-processor",),
    ("triggerer", "--skip-serve-logs"),
)
"""The api-server first: it takes longest to start, and is ended last. It reads the logs as files of
this machine: Airflow's log servers would listen on every address."""

START_SECONDS: Final = 180
"""Ready after some 20 s on two cores; a machine that takes longer than this is too small."""

POLL_SECONDS: Final = 0.2

_AS_IT_IS: Final[environment.Options] = {}

LOG_BYTES: Final = 16 * settings.MIB
"""A component's larger log is begun anew at the next start: each request is a line in it."""


class Airflow:
    """A running Airflow."""

    def __init__(
        self,
        client: Client,
        password_file: Path,
        env: dict[str, str],
        components: list[Component],
        log: Callable[[str], None],
    ) -> None:
        self.url: Final = client.url
        self.user: Final = environment.USER
        self.password_file: Final = password_file
        self.env: Final = env
        self.components: Final = components
        self._client = client
        self._log = log
        self._record = password_file.parent / "processes.json"

    def check(self) -> None:
        """Start again what has died; to be called every second or so.

        Raises:
            TerminalError: a component died too often; the text has the end of its log.
        """
        for component in self.components:
            if component.is_dead:
                self._log(f"Airflow's {component.name} died and is started again.")
                component.restart()
                self._remember()

    def api(self, method: str, path: str, json: object = None) -> Any:
        """Call Airflow's REST API: `api("GET", "/api/v2/dags")`.

        Raises:
            ApiError: it was refused; `status` is the HTTP status.
            TransientError: the api-server does not answer, for instance while it starts again.
        """
        return self._client.call(method, path, json)

    def wait_until_healthy(self, since: float) -> None:
        """Wait until every component has given a sign of life after `since` (epoch seconds).

        Raises:
            TerminalError: a component died.
            TransientError: they take too long.
        """
        deadline = time.monotonic() + START_SECONDS
        while not self._is_healthy(since):
            for component in self.components:
                if component.is_dead:
                    raise component.failure()
            if time.monotonic() > deadline:
                raise TransientError(
                    f"Airflow is not ready after {START_SECONDS} s: see"
                    f" {self.components[0].log.parent}."
                )
            time.sleep(POLL_SECONDS)

    def _is_healthy(self, since: float) -> bool:
        try:
            health = self._client.health()
        except (ApiError, TransientError):
            return False
        # A status alone may rest on the last beat of a component that has ended.
        return all(
            health[name]["status"] == "healthy"
            and datetime.fromisoformat(health[name][f"latest_{name}_heartbeat"] or "").timestamp()
            > since
            for name in ("scheduler", "dag_processor", "triggerer")
        )

    def _start(self, home: settings.Home, server: Server) -> None:
        gate, opener = os.pipe()
        try:
            for component in self.components:
                component.start(gate)
            self._remember()
            migrate(home, server, self.env)
            begun = time.time()
        finally:
            os.close(opener)
            os.close(gate)
        self.wait_until_healthy(begun)
        self._make_pool()

    def _make_pool(self) -> None:
        try:
            self.api(
                "POST",
                "/api/v2/pools",
                {
                    "name": settings.POOL,
                    "slots": settings.writers(),
                    "description": "Batches that are applied at the same time",
                },
            )
        except ApiError as error:
            if error.status == HTTPStatus.UNAUTHORIZED:
                # Between the choice of a port and the start some seconds pass.
                raise TransientError(
                    f"another Airflow took {self.url} while this one started: start it again"
                ) from None
            # It is there from an earlier start, perhaps with other slots by somebody's decision.
            if error.status != HTTPStatus.CONFLICT:
                raise

    def _remember(self) -> None:
        leaders = [component.leader for component in self.components if component.leader]
        processes.remember(self._record, leaders)

    def _end(self) -> None:
        # The api-server last: a task that ends tells it so, and tries again for long without it.
        for group in (self.components[1:], self.components[:1]):
            processes.end(component.leader for component in group if component.leader)
        for component in self.components:
            if component.process:
                component.process.wait()
        self._record.unlink(missing_ok=True)


@contextmanager
def running(
    home: settings.Home,
    server: Server,
    *,
    ports: Sequence[int] = (0,),
    log: Callable[[str], None] = print,
    options: environment.Options = _AS_IT_IS,
    more: Sequence[Sequence[str]] = (),
) -> Iterator[Airflow]:
    """Run Airflow inside the block, with its tables in `server`; it stops at the block's end.

    Args:
        home: Where its state is.
        server: The running database.
        ports: Of the web page: the first of these that is free; 0 is any.
        log: Receives sentences about the progress.
        options: Airflow's options, by section, that differ from a single machine's.
        more: Components beside the four, such as workers: what follows `airflow` in their command.

    Raises:
        UsageError: it already runs on this home, or no port is free.
        TerminalError: a component does not start; the text has the end of its log.
    """
    home.airflow.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(home):
        processes.end_leftovers(home.airflow / "processes.json")
        airflow = _prepare(home, server, ports, log, options, more)
        try:
            airflow._start(home, server)
            yield airflow
        finally:
            airflow._end()


def exists(home: settings.Home) -> bool:
    """Whether Airflow ever ran on this home."""
    return environment.password_file(home).exists()


def command_env(home: settings.Home, server: Server) -> dict[str, str]:
    """The environment of an `airflow` command, which listens nowhere."""
    own = environment.Secrets.of(home.airflow)
    return environment.environment(home, server, API_PORTS[0], own, _AS_IT_IS)


def _prepare(
    home: settings.Home,
    server: Server,
    ports: Sequence[int],
    log: Callable[[str], None],
    options: environment.Options,
    more: Sequence[Sequence[str]],
) -> Airflow:
    own = environment.Secrets.of(home.airflow)
    passwords = environment.password_file(home)
    # In advance: otherwise the api-server makes one up, prints it and lets everybody read it.
    environment.write_private(passwords, json.dumps({environment.USER: own.password}))
    port = environment.free_port(ports)
    if ports[0] not in (0, port):
        log(f"port {ports[0]} is taken by another program: Airflow takes {port}")
    env = environment.environment(home, server, port, own, options)
    logs = home.airflow / "components"
    logs.mkdir(exist_ok=True)
    for old in logs.glob("*.log"):
        if old.stat().st_size > LOG_BYTES:
            old.unlink()
    components = [Component.of(command, logs, env) for command in (*COMPONENTS, *more)]
    client = Client(f"http://{environment.HOST}:{port}", environment.USER, own.password)
    return Airflow(client, passwords, env, components, log)


@contextmanager
def _alone(home: settings.Home) -> Iterator[None]:
    """Hold the lock of the one Airflow that a home may have."""
    descriptor = os.open(home.airflow / "running.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"Airflow already runs on {home.root}: stop it there, or set METER_HOME to another"
                " folder."
            ) from None
        yield
    finally:
        os.close(descriptor)
