"""Airflow as `up` and `demo` run it: four real components on the embedded PostgreSQL."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from nem12 import settings
from nem12.errors import TerminalError, TransientError, UsageError
from nem12.local import embedded, stack
from nem12.local.stack import environment, processes

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Running:
    home: settings.FolderHome
    server: embedded.Server
    airflow: stack.Airflow
    said: list[str]


@pytest.fixture(scope="module")
def home() -> Iterator[settings.FolderHome]:
    root = Path(tempfile.mkdtemp(prefix="nem12-test-"))
    root.chmod(0o755)
    yield settings.Home.below(root).make()
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def running(home: settings.FolderHome) -> Iterator[Running]:
    said: list[str] = []
    with ExitStack() as ending:
        server = ending.enter_context(embedded.server(home))
        taken = ending.enter_context(socket.create_server((environment.HOST, 0)))
        ports = (taken.getsockname()[1], 0)
        airflow = ending.enter_context(stack.running(home, server, ports=ports, log=said.append))
        yield Running(home, server, airflow, said)
        leaders = [component.leader for component in airflow.components if component.leader]
        members = processes.members(leaders)
        assert len(members) > len(airflow.components)
        ending.pop_all().close()
    assert [member for member in members if is_alive(member)] == []
    assert not (home.airflow / "processes.json").exists()


def is_alive(process: psutil.Process) -> bool:
    """A zombie is not: in a container nobody may be there to wait for it."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def component(running: Running, name: str) -> processes.Component:
    return next(each for each in running.airflow.components if each.name == name)


def kill(target: processes.Component) -> None:
    assert target.process
    target.process.kill()
    target.process.wait()


def test_the_api_answers_the_admin_and_nobody_else(running: Running) -> None:
    assert running.airflow.api("GET", "/api/v2/version")["version"].startswith("3.3")
    stranger = stack.Client(running.airflow.url, environment.USER, "wrong")
    with pytest.raises(stack.ApiError) as refused:
        stranger.call("GET", "/api/v2/dags")
    assert refused.value.status == 401


def test_a_port_that_is_taken_is_named_with_the_one_in_its_place(running: Running) -> None:
    port = running.airflow.url.rpartition(":")[2]
    assert running.said[0].endswith(f"is taken by another program: Airflow takes {port}")


def test_the_one_port_that_was_asked_for_is_taken_or_refused() -> None:
    with socket.create_server((environment.HOST, 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} of 127.0.0.1 is taken"):
            environment.free_port((port,))
    assert environment.free_port((port,)) == port


def test_an_airflow_that_took_the_port_meanwhile_is_named(running: Running) -> None:
    """As after a start beside another installation's, which has another password."""
    airflow = running.airflow
    client = stack.Client(airflow.url, airflow.user, "the other's password")
    late = stack.Airflow(client, airflow.password_file, airflow.env, [], print)
    with pytest.raises(TransientError, match=f"another Airflow took {airflow.url} while"):
        late._make_pool()


def test_the_pool_of_writers_is_there(running: Running) -> None:
    pool = running.airflow.api("GET", f"/api/v2/pools/{settings.POOL}")
    assert pool["slots"] == settings.writers()


def test_the_command_line_reaches_the_same_airflow(running: Running) -> None:
    command = [sys.executable, "-m", "airflow", "connections", "test", settings.CONNECTION_ID]
    env = running.airflow.env | {"AIRFLOW__CORE__TEST_CONNECTION": "Enabled"}
    tested = subprocess.run(command, check=False, env=env, capture_output=True, text=True)
    assert "Connection success" in tested.stdout + tested.stderr


def test_secrets_are_for_the_owner_only(running: Running) -> None:
    folder = running.home.airflow
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in (folder / "secrets.json", running.airflow.password_file):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    made = environment.Secrets.of(folder)
    assert len(made.jwt_secret) >= 64
    assert json.loads(running.airflow.password_file.read_text()) == {"admin": made.password}


def test_nothing_listens_but_on_the_address_of_the_page(running: Running) -> None:
    leaders = [each.leader for each in running.airflow.components if each.leader]
    listening = {
        connection.laddr.ip
        for process in processes.members(leaders)
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {environment.HOST}


def test_a_second_start_on_the_same_home_is_refused(running: Running) -> None:
    said = pytest.raises(UsageError, match="already runs")
    with said, stack.running(running.home, running.server):
        pass


@pytest.mark.parametrize("name", ["triggerer", "scheduler"])
def test_a_killed_component_is_started_again(running: Running, name: str) -> None:
    target = component(running, name)
    assert target.leader
    left = [each for each in processes.members([target.leader]) if each.pid != target.leader.pid]
    kill(target)
    running.airflow.check()
    running.airflow.wait_until_healthy(time.time())
    assert not any(map(is_alive, left))
    assert any(name in line for line in running.said)


def test_a_component_that_keeps_dying_is_given_up_with_its_log(running: Running) -> None:
    target = component(running, "dag-processor")
    for _ in range(processes.RESTARTS):
        kill(target)
        running.airflow.check()
    kill(target)
    with pytest.raises(TerminalError, match=r"dag-processor ended .*dag-processor\.log"):
        running.airflow.check()
    target.restarts.clear()
    running.airflow.check()
    running.airflow.wait_until_healthy(time.time())


OWNER = """
import sys
from pathlib import Path
from nem12 import settings
from nem12.local import stack
from nem12.local import embedded
root = Path(sys.argv[1])
home = settings.Home.below(root)
with embedded.server(home) as server, stack.running(home, server, log=print) as airflow:
    print(*(component.leader.pid for component in airflow.components), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def another_root() -> Iterator[Path]:
    root = Path(tempfile.mkdtemp(prefix="nem12-test-"))
    root.chmod(0o755)
    yield root
    shutil.rmtree(root)


def test_nothing_outlives_an_owner_that_is_killed(another_root: Path) -> None:
    command = [sys.executable, "-c", OWNER, str(another_root)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout
        leaders = [processes.Leader.of(int(pid)) for pid in owner.stdout.readline().split()]
        assert len(leaders) == 4
        # Stopped ones cannot follow the kernel's signal: the next start has to end them.
        for leader in leaders[:2]:
            os.kill(leader.pid, signal.SIGSTOP)
        owner.kill()
    while processes.members(leaders[2:]):
        time.sleep(0.2)
    assert processes.members(leaders[:2])
    processes.end_leftovers(another_root / "airflow" / "processes.json")
    assert processes.members(leaders) == []
    home = settings.Home.below(another_root)
    with embedded.server(home):
        pass
