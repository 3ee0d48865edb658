"""Sessions: what they are bounded by, and what a retry may mend."""

import traceback
from datetime import timedelta, timezone

import psycopg
import pytest

from nem12.errors import MeterError, TerminalError, TransientError
from nem12.warehouse import connect as connecting
from nem12.warehouse.connect import Connection, connect, explained
from tests.support.servers import ODD, Warehouse, only_embedded, preferring

pytestmark = only_embedded


@pytest.mark.parametrize(
    ("code", "family"),
    [
        pytest.param("40P01", TransientError, id="deadlock"),
        pytest.param("40001", TransientError, id="serialization failure"),
        pytest.param("55P03", TransientError, id="lock not available"),
        pytest.param("57P01", TransientError, id="server shuts down"),
        pytest.param("57P02", TransientError, id="another session crashed"),
        pytest.param("57P03", TransientError, id="server starts up"),
        pytest.param("25P03", TransientError, id="idle in a transaction"),
        pytest.param("57P05", TransientError, id="idle for too long"),
        pytest.param("57014", TransientError, id="statement canceled or too slow"),
        pytest.param("25P04", TransientError, id="transaction too long"),
        pytest.param("25006", TransientError, id="the server has become a standby"),
        pytest.param("08006", TransientError, id="connection failure"),
        pytest.param("08P01", TransientError, id="a pooler has lost its server"),
        pytest.param("53100", TransientError, id="disk full"),
        pytest.param("53200", TransientError, id="out of memory"),
        pytest.param("53300", TransientError, id="too many connections"),
        pytest.param("40003", TransientError, id="nobody knows whether it was committed"),
        pytest.param("57014", TransientError, id="statement timeout"),
        pytest.param("57P05", TransientError, id="idle session"),
        pytest.param("25P04", TransientError, id="transaction timeout"),
        pytest.param("25006", TransientError, id="a standby now"),
        pytest.param("58030", TransientError, id="a disk that fails"),
        pytest.param("57P04", TerminalError, id="database dropped"),
        pytest.param("42501", TerminalError, id="no right to"),
        pytest.param("54000", TerminalError, id="too much for the server"),
        pytest.param("23514", TerminalError, id="check violated"),
        pytest.param("22003", TerminalError, id="number out of range"),
        pytest.param("42P01", TerminalError, id="no such table"),
    ],
)
def test_what_a_retry_may_mend_is_transient_and_the_rest_is_not(
    loader: Connection, code: str, family: type[MeterError]
) -> None:
    raised = f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$"
    with pytest.raises(family), explained():
        loader.execute(raised.encode())


def test_a_full_disk_of_the_database_says_what_helps(loader: Connection) -> None:
    raised = "DO $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = '53100'; END $$"
    with pytest.raises(TransientError, match="no room: make room on the disk of"), explained():
        loader.execute(raised)


def test_a_session_that_is_ended_is_a_lost_connection(
    warehouse: Warehouse, loader: Connection
) -> None:
    with connect(warehouse.loader) as other:
        other.execute("SELECT pg_terminate_backend(%s, 10000)", (loader.info.backend_pid,))
    for _ in range(2):
        with pytest.raises(TransientError), explained():
            loader.execute("SELECT 1")


def test_an_error_shows_neither_the_statement_nor_its_values(loader: Connection) -> None:
    """Logs print the whole chain of errors."""
    secret = str(10**6 + 4711)  # not as it stands in this file, which a traceback shows
    statement = f"INSERT INTO meter_files (file_id, sha256, name) VALUES ({secret}, 'x', 'y')"
    with pytest.raises(MeterError) as raised, explained():
        loader.execute(statement.encode())
    shown = "".join(traceback.format_exception(raised.value))
    assert "null value in column" in shown
    assert secret not in shown


def test_a_session_is_the_same_whatever_its_server_prefers(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = {"transaction_timeout": "5s", "idle_session_timeout": "5s", "statement_timeout": "5s"}
    with monkeypatch.context() as patch:
        patch.setenv("PGOPTIONS", preferring(ODD | more))
        patch.setenv("PGCLIENTENCODING", "LATIN1")
        connection = connect(warehouse.loader)
    with connection:
        found = {
            name: connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
            for name in (
                *(name.replace("default_transaction", "transaction") for name in ODD),
                *more,
            )
        }
    assert found == {name: (value,) for name, value in {
        "array_nulls": "on",
        "client_encoding": "UTF8",
        "datestyle": "ISO, DMY",
        "transaction_isolation": "read committed",
        "transaction_read_only": "off",
        "intervalstyle": "postgres",
        "jit": "off",
        "standard_conforming_strings": "on",
        "timezone": "UTC",
        "transform_null_equals": "on",
        "transaction_timeout": "0",
        "idle_session_timeout": "0",
        "statement_timeout": "0",
    }.items()}  # fmt: skip


@pytest.mark.parametrize("zone", ["UTC", "Australia/Brisbane", "America/New_York"])
@pytest.mark.parametrize(
    ("value", "year"),
    [
        ("infinity", 9999),
        ("-infinity", 1),
        ("0044-03-15 BC", 1),
        ("4713-01-02 BC", 1),
        ("0001-01-01", 1),
        ("0099-12-31", 99),
        ("2024-02-29", 2024),
        ("9999-12-31", 9999),
        ("10000-01-01", 9999),
        ("12345-06-07", 9999),
        ("294275-12-31", 9999),
    ],
)
def test_no_date_of_the_database_makes_a_reader_fail(
    loader: Connection, zone: str, value: str, year: int
) -> None:
    loader.execute("SELECT set_config('timezone', %s, false)", (zone,))
    row = loader.execute(
        "SELECT %(value)s::date, %(value)s::timestamp, %(value)s::timestamptz", {"value": value}
    ).fetchone()
    assert row is not None
    day, local, instant = row
    assert (day.year, local.year) == (year, year)
    assert abs(instant.year - year) <= 1
    for hours in (-12, 0, 10, 14):
        assert instant.astimezone(timezone(timedelta(hours=hours))).isoformat()
    assert day.isoformat() < "9999-12-31"
    assert local - timedelta(days=1) < local < local + timedelta(days=1)


def test_no_session_keeps_statements_for_another_time(loader: Connection) -> None:
    """Staged ones are megabytes: what remembers a hundred of them has no memory left."""
    for _ in range(20):
        loader.execute("SELECT 1")
    row = loader.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()
    assert row == (0,)


def test_a_connection_that_cannot_be_prepared_is_closed(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Connection] = []

    def refuse(connection: Connection, _: object, **_options: object) -> None:
        made.append(connection)
        connection.execute("SELECT 1 / 0")

    monkeypatch.setattr(connecting, "prepare", refuse)
    with pytest.raises(TerminalError, match="division by zero"):
        connect(warehouse.loader)
    assert [connection.closed for connection in made] == [True]


def test_no_session_keeps_others_waiting_for_ever(warehouse: Warehouse) -> None:
    with connect(warehouse.loader, timeout_seconds=1) as connection:
        for bound in ("lock_timeout", "idle_in_transaction_session_timeout"):
            row = connection.execute("SELECT current_setting(%s)", (bound,)).fetchone()
            assert row != ("0",)
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("SELECT pg_sleep(30)")
