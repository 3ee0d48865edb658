"""What the page asks the database with: it can change nothing, and holds up nobody."""

import json
import subprocess
import sys
from typing import Any

import pytest

from nem12 import settings
from nem12.settings import CHECKOUT
from tests.pg.pooler import pooled
from tests.pg.test_pooler import settings_of
from tests.web.conftest import Site

ASK = """
import asyncio, json, os, sys, threading, time
from contextlib import ExitStack
import httpx
from nem12 import settings
from nem12.airflow.warehouse import warehouse_connection
from nem12.errors import MeterError
from nem12.web import database, security
from nem12.web.app import build

ASKED = (
    "SELECT current_user, current_setting('transaction_read_only'),"
    " current_setting('transaction_isolation'), current_setting('statement_timeout')"
)
ENDED = (
    "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity"
    " WHERE usename = current_user AND pid <> pg_backend_pid()"
)

def tried(do):
    begun = time.monotonic()
    try:
        do()
    except MeterError as error:
        return [type(error).__name__, str(error), time.monotonic() - begun]

def read(statement="SELECT 1"):
    with database.reading() as connection:
        return connection.execute(statement).fetchone()

async def asked():
    app = build()
    app.dependency_overrides = {
        security.MAY_READ.dependency: lambda: None, security.may_load: lambda: True
    }
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
        page = await client.get("/files", headers={"accept": "text/html"})
        route = await client.get("/api/v1/files")
        return [page.status_code, page.text, route.status_code, route.json()]

told = {"reading": read(ASKED)}
with database.writing() as connection:
    told["writing"] = connection.execute(ASKED).fetchone()

told["too slow"] = tried(lambda: read("SET LOCAL statement_timeout = 50; SELECT pg_sleep(30)"))

with ExitStack() as stack:
    for _ in range(settings.PAGE_CONNECTIONS):
        stack.enter_context(database.reading())
    settings.PAGE_WAIT_SECONDS = 0.5
    told["one more"] = tried(read)
    settings.PAGE_WAIT_SECONDS = 30
    got = []
    waiting = [threading.Thread(target=lambda: got.append(read()))
               for _ in range(settings.PAGE_WAITING)]
    for thread in waiting:
        thread.start()
    while database._READERS._room._value:
        time.sleep(0.01)
    told["many more"] = tried(read)
for thread in waiting:
    thread.join()
told["waited"] = len(got)

with warehouse_connection(settings.READER_CONNECTION_ID) as connection:
    told["ended"] = connection.execute(ENDED).fetchone()[0]
told["after the end"] = read()

names = [f"AIRFLOW_CONN_{name.upper()}"
         for name in (settings.CONNECTION_ID, settings.READER_CONNECTION_ID)]
right = {name: os.environ.pop(name) for name in names}
database._READERS = database.Lender(database._reader, settings.PAGE_CONNECTIONS)
told["no connection"] = asyncio.run(asked())
os.environ[names[0]] = json.dumps({**json.loads(right[names[0]]), "host": "/nowhere"})
told["no server"] = tried(read)
os.environ[names[0]] = right[names[0]]
told["healed"] = read()

from nem12.web import landing

def looked(home):
    os.environ["METER_HOME"] = home
    seen = landing._look()
    return [seen.folder, seen.trouble, seen.files]

home = os.environ["METER_HOME"]
told["home"] = home
told["seen"] = looked(home)
told["not there"] = looked(f"{home}/nothing")
os.makedirs(f"{home}/other/landing")
told["elsewhere"] = looked(f"{home}/other")
print()
print(json.dumps(told))
"""


EVERY_ROUTE = """
import asyncio, json, sys
import httpx
from fastapi.routing import APIRoute
from nem12 import settings
from nem12.web import security
from nem12.web.app import build
from tests.web.test_access import example

async def asked():
    app = build()
    app.dependency_overrides = {
        security.MAY_READ.dependency: lambda: None, security.may_load: lambda: True
    }
    paths = [route.path for route in app.routes
             if isinstance(route, APIRoute) and route.methods == {"GET"}]
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
        paths = [example(path).removeprefix("/nem12") for path in paths]
        few = asyncio.Semaphore(settings.PAGE_CONNECTIONS)

        async def answer(path):
            async with few:
                return [path, (await client.get(path)).status_code]

        # Several at once: what one leaves in a session is the next one's.
        return await asyncio.gather(*map(answer, paths * 3))

print()
print(json.dumps(asyncio.run(asked())))
"""


def test_every_page_is_read_through_a_pooler_and_leaves_nothing_in_its_sessions(site: Site) -> None:
    with pooled(site.warehouse) as pool:
        roles = (settings.READER_ROLE, settings.LOADER_ROLE)
        before = {role: settings_of(pool.uri(role)) for role in roles}
        connections = {
            name: json.dumps({**json.loads(value), **pool.address})
            for name, value in site.environment.items()
            if name.startswith("AIRFLOW_CONN_")
        }
        done = subprocess.run(
            [sys.executable, "-c", EVERY_ROUTE],
            env={**site.environment, **connections, "PYTHONPATH": str(CHECKOUT)},
            check=True,
            capture_output=True,
            text=True,
        )
        answers = json.loads(done.stdout.splitlines()[-1])
        # There is no file of the example's hash, and no upload.
        none = ("0" * 64, "/uploads/999999")
        expected = {path: 404 if any(each in path for each in none) else 200 for path, _ in answers}
        assert answers == [[path, expected[path]] for path, _ in answers]
        assert len(answers) > 75
        assert {role: settings_of(pool.uri(role)) for role in roles} == before


@pytest.fixture(scope="module")
def told(site: Site) -> dict[str, Any]:
    """What a process that reads as the page does is told."""
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        env=site.environment,
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_who_reads_can_change_nothing_and_sees_one_state_for_a_bounded_time(
    told: dict[str, Any],
) -> None:
    bound = f"{settings.PAGE_TIMEOUT_SECONDS}s"
    assert told["reading"] == [settings.READER_ROLE, "on", "repeatable read", bound]


def test_who_frees_a_drop_does_so_in_a_bounded_time(told: dict[str, Any]) -> None:
    bound = f"{settings.PAGE_TIMEOUT_SECONDS}s"
    assert told["writing"] == [settings.LOADER_ROLE, "off", "read committed", bound]


def test_the_page_leaves_connections_to_the_loader_and_threads_to_airflow(
    told: dict[str, Any],
) -> None:
    kind, text, seconds = told["one more"]
    assert kind == "TransientError"
    assert "the page's 8 connections are busy" in text
    assert 0.5 <= seconds < 5
    kind, text, seconds = told["many more"]
    assert (kind, "try again in a moment" in text) == ("TransientError", True)
    assert seconds < 1, "nobody waits behind those who wait"
    assert told["waited"] == settings.PAGE_WAITING, "those who wait are served in the end"


def test_a_statement_that_takes_too_long_asks_to_try_again(told: dict[str, Any]) -> None:
    kind, text, _ = told["too slow"]
    assert (kind, text) == (
        "TransientError",
        "PostgreSQL: canceling statement due to statement timeout",
    )


def test_connections_that_the_server_has_ended_are_replaced(told: dict[str, Any]) -> None:
    # With those of the served page.
    assert told["ended"] >= settings.PAGE_CONNECTIONS
    assert told["after the end"] == [1]


def test_without_a_connection_page_and_route_say_what_to_add(told: dict[str, Any]) -> None:
    status, page, api_status, answer = told["no connection"]
    assert (status, api_status) == (503, 503)
    assert "Airflow has no connection 'meter_db': add it" in answer["detail"]
    assert "docs/deploying.md" in answer["detail"]
    assert "<h1>The set-up is incomplete</h1>" in page
    assert "docs/deploying.md" in page


def test_a_server_that_is_not_there_is_told_at_once_and_found_when_it_is(
    told: dict[str, Any],
) -> None:
    kind, text, seconds = told["no server"]
    assert kind == "TransientError"
    assert text.startswith("PostgreSQL cannot be reached: ")
    assert seconds < 3
    assert told["healed"] == [1]


def test_a_landing_folder_that_is_not_that_of_the_loads_is_not_counted(
    told: dict[str, Any],
) -> None:
    home = told["home"]
    assert told["seen"][:2] == [f"{home}/landing", ""]
    folder, trouble, files = told["not there"]
    assert (folder, files) == (f"{home}/nothing/landing", 0)
    assert trouble.startswith("the api-server does not see the landing folder: set METER_HOME")
    _, trouble, files = told["elsewhere"]
    assert trouble.startswith(f"the newest file landed in another folder, {home}/")
    assert files == 0
