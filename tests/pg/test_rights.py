"""What the roles of loader and reader may do, and no more."""

from datetime import date
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from nem12 import settings
from nem12.local import embedded
from nem12.warehouse import migrate
from nem12.warehouse.connect import Connection, connect
from tests.support.commands import Command
from tests.support.deliveries import Day, delivery, load, put, staged
from tests.support.servers import Databases, Warehouse, only_embedded

TABLES = (
    "meter_readings", "meter_days", "meter_day_versions", "meter_files", "meter_batches",
    "meter_batch_parts", "meter_refusals", "meter_warnings", "meter_refused_days",
    "meter_drops", "meter_drop_files", "meter_arrivals", "meter_acts", "meter_notes",
    "meter_expected_nmis", "meter_channel_ends",
)  # fmt: skip


WRITING = "-c default_transaction_read_only=off"


def refused(uri: str, statement: str) -> None:
    # The reader's transactions begin read-only, which everybody may change: rights decide.
    with (
        psycopg.connect(uri, options=WRITING) as connection,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


def test_the_reader_reads_every_table_and_changes_none(warehouse: Warehouse) -> None:
    reader = warehouse.uri(settings.READER_ROLE)
    for table in TABLES:
        with psycopg.connect(reader) as connection:
            assert connection.execute(f"SELECT FROM {table}".encode()).fetchall() == []
        refused(reader, f"DELETE FROM {table}")
        refused(reader, f"TRUNCATE {table}")
        refused(reader, f"INSERT INTO {table} DEFAULT VALUES")


ALL = (
    "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    " AND relkind IN ('r', 'p', 'v') AND relname LIKE 'meter%%' AND {} ORDER BY relname"
)


def test_no_table_or_view_is_forgotten(warehouse: Warehouse) -> None:
    for role in (settings.READER_ROLE, settings.LOADER_ROLE):
        hidden = ALL.format("NOT has_table_privilege(%s, oid, 'SELECT')")
        assert warehouse.rows(hidden, role) == []
    changed = ALL.format("has_table_privilege(%s, oid, 'INSERT, UPDATE, DELETE, TRUNCATE')")
    assert warehouse.rows(changed, settings.READER_ROLE) == []
    changed = ALL.format("NOT has_table_privilege(%s, oid, 'INSERT') AND relkind <> 'v'")
    owner_s = [("meter_cluster",), ("meter_kept_from",), ("meter_schema",)]
    assert warehouse.rows(changed, settings.LOADER_ROLE) == owner_s
    changed = ALL.format("has_table_privilege(%s, oid, 'TRUNCATE, REFERENCES, TRIGGER')")
    assert warehouse.rows(changed, settings.LOADER_ROLE) == []


@pytest.mark.parametrize("table", ["meter_acts", "meter_notes"])
def test_what_users_did_and_wrote_stays(warehouse: Warehouse, table: str) -> None:
    for change in (f"DELETE FROM {table}", f"UPDATE {table} SET sha256 = ''"):
        refused(warehouse.uri(settings.LOADER_ROLE), change)


def test_what_runs_with_the_owner_s_rights_is_for_the_loader_and_finds_nothing_of_its_caller_s(
    warehouse: Warehouse,
) -> None:
    rights = "has_function_privilege('{}', oid, 'EXECUTE')".format
    query = (
        f"SELECT proname::text, {rights(settings.READER_ROLE)}, {rights(settings.LOADER_ROLE)},"
        " proconfig FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
        " ORDER BY proname"
    )
    path, forms = "search_path=public, pg_temp", ["DateStyle=ISO", "TimeZone=UTC"]
    assert warehouse.rows(query) == [
        ("meter_ensure_months", False, True, [path, *forms]),
        ("meter_hold_kept", False, True, [path]),
    ]


def test_the_reader_holds_up_no_load_whatever_it_locks(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    """Advisory locks are for everybody: nothing that loads may wait for one that can be guessed."""
    batch = staged(tmp_path, delivery(Day(), Day(date(2024, 5, 1))))
    names = ["nem12 kept", "meter_readings_2024_03", "meter_readings_2024_05", batch.batch_id]
    with psycopg.connect(warehouse.uri(settings.READER_ROLE)) as reader:
        for name in names:
            reader.execute("SELECT pg_advisory_lock(hashtextextended(%s, 12))", (name,))
        for table in TABLES:
            reader.execute(f"LOCK TABLE {table} IN ACCESS SHARE MODE".encode())
            for mode in ("ROW SHARE", "SHARE", "ACCESS EXCLUSIVE"):
                with pytest.raises(errors.InsufficientPrivilege), reader.transaction():
                    reader.execute(f"LOCK TABLE {table} IN {mode} MODE".encode())
        with connect(warehouse.loader) as loader:
            # Without a month's lock and what is kept nothing loads; the server says who waits.
            loader.execute("SELECT set_config('lock_timeout', '2s', true)")
            put(loader, batch)
    assert warehouse.one("SELECT count(*) FROM meter_months WHERE attached") == 2


def test_what_loads_and_migrates_takes_no_lock_that_everybody_may_take(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    batch = staged(tmp_path, delivery(Day()))
    with connect(warehouse.owner) as owner:
        migrate.lock(owner)
        owner.execute(Path(batch.path).read_bytes())
        advisory = owner.execute(
            "SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        )
        assert advisory.fetchall() == []
    for role in (settings.READER_ROLE, settings.LOADER_ROLE):
        refused(warehouse.uri(role), migrate._LOCK)


def test_who_migrates_waits_for_who_migrates(warehouse: Warehouse) -> None:
    with connect(warehouse.owner) as first, connect(warehouse.owner) as second:
        migrate.lock(first)
        second.execute("SELECT set_config('lock_timeout', '50ms', true)")
        with pytest.raises(errors.LockNotAvailable):
            migrate.lock(second)
        second.rollback()
        first.commit()
        migrate.lock(second)


def test_nobody_but_the_loader_makes_partitions(warehouse: Warehouse) -> None:
    refused(warehouse.uri(settings.READER_ROLE), "SELECT meter_ensure_months('{2024-03-01}')")


def test_a_temporary_table_is_not_taken_for_one_of_ours(
    warehouse: Warehouse, loader: Connection
) -> None:
    """The function that makes partitions runs with the owner's rights on a loader's session."""
    loader.execute(
        "CREATE TEMPORARY TABLE meter_readings (LIKE meter_readings)"
        ' PARTITION BY RANGE ("timestamp")'
    )
    loader.execute("SELECT meter_ensure_months('{2024-03-01}')")
    loader.commit()
    parents = "SELECT inhparent::regclass::text FROM pg_inherits WHERE inhparent::regclass::text"
    assert warehouse.rows(f"{parents} = 'meter_readings'") == [("meter_readings",)]


EVIL = {
    "FUNCTION date_trunc(text, date)": "timestamp",
    "FUNCTION date_trunc(text, timestamp)": "timestamp",
    "FUNCTION to_char(date, text)": "text",
    "FUNCTION hashtextextended(text, integer)": "bigint",
    "FUNCTION unnest(date[])": "SETOF date",
    "FUNCTION timezone(text, date)": "timestamptz",
    "FUNCTION format(text, text, text, timestamptz, timestamptz)": "text",
    "FUNCTION format(text, text, timestamptz, timestamptz)": "text",
    "FUNCTION format(text, text, text)": "text",
    "FUNCTION to_regclass(varchar)": "regclass",
    "OPERATOR = (oid, regclass)": "boolean",
    "OPERATOR = (name, text)": "boolean",
    "OPERATOR = (varchar, text)": "boolean",
    "OPERATOR < (date, timestamp)": "boolean",
    "OPERATOR + (date, interval)": "timestamp",
    "OPERATOR || (text, varchar)": "text",
    "OPERATOR || (text, text)": "text",
}
"""What fits a call better than the server's own, where it is found; with what it returns."""


def evil(number: int, what: str, returns: str) -> str:
    """Made by a role that may create in the schema: what it does with the owner's rights stays."""
    kind, rest = what.split(" ", 1)
    name, arguments = rest.removesuffix(")").split("(")
    types = [each.strip() for each in arguments.split(",")]
    function = name.strip() if kind == "FUNCTION" else f"evil_{number}"
    body = (
        "BEGIN IF current_user NOT IN ('nem12_loader', 'nem12_reader') THEN"
        f" EXECUTE 'CREATE TABLE public.stolen_{number} ()'; END IF; RETURN NULL; END"
    ).replace("RETURN NULL", "RETURN" if "SETOF" in returns else "RETURN NULL")
    made = (
        f"CREATE FUNCTION public.{function}({', '.join(types)}) RETURNS {returns}"
        f" LANGUAGE plpgsql AS $$ {body} $$;"
    )
    if kind == "OPERATOR":
        left, right = types
        made += (
            f" CREATE OPERATOR public.{name.strip()} (FUNCTION = public.{function},"
            f" LEFTARG = {left}, RIGHTARG = {right});"
        )
    return made


def test_who_may_create_in_the_schema_gets_no_right_of_the_owner_by_a_load(
    databases: Databases, tmp_path: Path
) -> None:
    """As everybody may before PostgreSQL 15, and in databases that were upgraded from there."""
    warehouse = databases.copy()
    superuser = warehouse.uri(embedded.SUPERUSER)
    with psycopg.connect(superuser) as connection:
        connection.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
    with psycopg.connect(warehouse.uri(settings.READER_ROLE), options=WRITING) as reader:
        for number, (what, returns) in enumerate(EVIL.items()):
            reader.execute(evil(number, what, returns).encode())
    with psycopg.connect(warehouse.loader) as loader:
        loader.execute("SET search_path = public, pg_catalog")
        loader.execute("SELECT meter_ensure_months('{2024-03-10,2024-04-02}')")
    with connect(warehouse.loader) as loader:
        load(loader, tmp_path, delivery(Day(), Day(date(2024, 5, 1))))
    stolen = "SELECT relname::text FROM pg_class WHERE relname LIKE 'stolen%'"
    assert warehouse.rows(stolen) == []
    assert warehouse.one("SELECT count(*) FROM meter_months WHERE attached") == 3


def test_nobody_else_may_create_beside_our_functions(
    databases: Databases, capsys: pytest.CaptureFixture[str]
) -> None:
    may = "SELECT has_schema_privilege('public', 'public', 'CREATE')"
    theirs = databases.bare()
    with psycopg.connect(theirs.uri(embedded.SUPERUSER)) as superuser:
        superuser.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
        superuser.execute(f"ALTER SCHEMA public OWNER TO {embedded.SUPERUSER}")
    status, printed, warned = Command(theirs.owner, capsys)("migrate")
    assert (status, printed.startswith("migrated from nothing")) == (0, True)
    said, statements = warned.strip().split(": run as a superuser: ")
    assert said == (
        "warning: everybody may create functions in the schema public, and so act with the rights"
        " of nem12_owner"
    )
    assert theirs.one(may) is True
    with psycopg.connect(theirs.uri(embedded.SUPERUSER)) as superuser:
        superuser.execute(statements.encode())
    assert theirs.one(may) is False
    assert Command(theirs.owner, capsys)("migrate")[2] == ""
    assert theirs.one("SELECT meter_ensure_months('{2024-03-10}')") == 1

    ours = databases.bare()
    with psycopg.connect(ours.uri(embedded.SUPERUSER)) as superuser:
        superuser.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
        superuser.execute(f"ALTER SCHEMA public OWNER TO {settings.OWNER_ROLE}")
    assert Command(ours.owner, capsys)("migrate")[2] == ""
    assert ours.one(may) is False


@only_embedded
@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_is_not_utf8_is_not_migrated(
    databases: Databases, capsys: pytest.CaptureFixture[str], encoding: str
) -> None:
    other = databases.bare(f"ENCODING '{encoding}' LOCALE_PROVIDER libc LOCALE 'C'")
    said = Command(other.owner, capsys).refused("migrate")
    assert f"the database's encoding is {encoding}, which cannot hold all names of files" in said
    assert said.count("\n") == 1
