"""What the page asks the database with: it can change nothing, and holds up nobody."""

import json
import subprocess
import sys

import pytest

from nem12 import settings
from tests.web.conftest import Site

ASK = """
import json
from contextlib import ExitStack
from nem12.web import database
ASKED = (
    "SELECT current_user, current_setting('transaction_read_only'),"
    " current_setting('transaction_isolation'), current_setting('statement_timeout')"
)
with database.reading() as connection:
    reading = connection.execute(ASKED).fetchone()
with database.writing() as connection:
    writing = connection.execute(ASKED).fetchone()
with ExitStack() as stack:
    for _ in range(8):
        stack.enter_context(database.reading())
    one_more = database._SLOTS.acquire(blocking=False)
print()
print(json.dumps({"reading": reading, "writing": writing, "one more": one_more}))
"""


@pytest.fixture(scope="module")
def sessions(site: Site) -> dict[str, object]:
    """How the page's sessions are set up."""
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        env=site.environment,
        check=True,
        capture_output=True,
        text=True,
    )
    told: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_who_reads_can_change_nothing_and_sees_one_state_for_a_bounded_time(
    sessions: dict[str, object],
) -> None:
    bound = f"{settings.PAGE_TIMEOUT_SECONDS}s"
    assert sessions["reading"] == [settings.READER_ROLE, "on", "repeatable read", bound]


def test_who_frees_a_drop_does_so_in_a_bounded_time(sessions: dict[str, object]) -> None:
    bound = f"{settings.PAGE_TIMEOUT_SECONDS}s"
    assert sessions["writing"] == [settings.LOADER_ROLE, "off", "read committed", bound]


def test_the_page_leaves_connections_to_the_loader(sessions: dict[str, object]) -> None:
    assert sessions["one more"] is False
