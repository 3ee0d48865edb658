"""Behind a pooler in transaction mode nothing of a session is left to the next one."""

from pathlib import Path

import psycopg
import pytest

from nem12 import settings
from nem12.warehouse.connect import connect
from tests.pg.pooler import pooled
from tests.support.commands import Command
from tests.support.deliveries import Day, delivery, load
from tests.support.servers import Databases, only_embedded

pytestmark = only_embedded

LEFT = (
    "default_transaction_read_only", "default_transaction_isolation", "lock_timeout",
    "statement_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout", "jit",
    "timezone", "role",
)  # fmt: skip


def settings_of(uri: str) -> dict[str, object]:
    with psycopg.connect(uri, prepare_threshold=None) as connection:
        found = {
            name: connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
            for name in LEFT
        }
    return dict(found)


def test_every_command_works_and_leaves_the_session_as_it_was(
    databases: Databases, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = databases.bare()
    with psycopg.connect(bare.owner) as owning:
        # A connection that listens sets this for its session, where it has that for itself.
        owning.execute(f"ALTER DATABASE {bare.name} SET idle_session_timeout = '1h'".encode())
    with pooled(bare) as pool:
        roles = (settings.OWNER_ROLE, settings.LOADER_ROLE, settings.READER_ROLE)
        before = {role: settings_of(pool.uri(role)) for role in roles}
        owner, loader = Command(pool.owner, capsys), Command(pool.loader, capsys)
        assert owner("migrate")[0] == 0
        assert loader("query", "SELECT count(*) FROM meter_files")[0] == 0
        assert (
            loader("query", "SELECT set_config('default_transaction_read_only', 'on', false)")[0]
            == 0
        )
        with connect(pool.loader) as connection:
            load(connection, tmp_path, delivery(Day()))
        assert owner("query", "SELECT 1")[0] == 0
        assert owner("migrate")[0] == 0
        assert loader("status")[0] == 0
        assert loader("verify")[0] == 0
        with connect(
            pool.uri(settings.READER_ROLE), timeout_seconds=10, timezone="Australia/Brisbane"
        ) as page:
            page.read_only = True
            asked = (
                "SELECT current_setting('timezone'), current_setting('transaction_read_only'),"
                " current_setting('statement_timeout')"
            )
            for _ in range(2):
                with page.transaction():
                    assert page.execute(asked).fetchone() == ("Australia/Brisbane", "on", "10s")
        assert {role: settings_of(pool.uri(role)) for role in roles} == before
        assert bare.one("SELECT count(*) FROM meter_readings") == 48
        assert bare.one("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0
