"""The schema of a database: which one there is, and how it becomes the one that is needed."""

from collections.abc import Callable

import psycopg
import pytest

from nem12 import __version__, settings
from nem12.errors import TerminalError
from nem12.warehouse import migrate as migrations
from nem12.warehouse import schema
from nem12.warehouse.connect import connect
from tests.support.servers import Databases, Warehouse, only_embedded

pytestmark = only_embedded

MIGRATE = "run `manage.py migrate`"
UNRELEASED = (
    "the database was made before the first release of nem12 and cannot be migrated: make a new"
    " database (the embedded server's is in METER_HOME/postgres), run"
    " `manage.py migrate` on it, then"
    " `manage.py parse_data --apply --file archive`"
)
NEED = schema.needed()
OTHER = "0123456789abcdef"
PUT_BACK = (
    f"meter_schema says '{NEED.revision}', which do not go together in nem12 {__version__}: restore"
    " the database from a backup or, where nothing else was changed, set version_num of"
    f" alembic_version to '{NEED.revision}' as the owner, then {MIGRATE}"
)
DROPPED = "DROP VIEW meter_conflicts"


def change(warehouse: Warehouse, statement: str) -> None:
    with psycopg.connect(warehouse.owner) as connection:
        connection.execute(statement.encode())


@pytest.fixture
def other(databases: Databases) -> Callable[[str], Warehouse]:
    """Makes a migrated database, changed by a statement, that no other test gets."""

    def made(statement: str) -> Warehouse:
        warehouse = databases.copy()
        change(warehouse, statement)
        return warehouse

    return made


@pytest.mark.parametrize(
    ("statement", "said", "at_migrate"),
    [
        pytest.param(
            f"UPDATE meter_schema SET fingerprint = '{OTHER}'",
            f"the database has schema {NEED.revision}-01234567, which is not that of nem12"
            f" {__version__} ({NEED}) and may have been altered: {MIGRATE}",
            None,
            id="of another build",
        ),
        pytest.param(
            f"UPDATE meter_schema SET fingerprint = '{OTHER}', package = '0.0.9';"
            "REVOKE ALL ON alembic_version FROM PUBLIC",
            f"the database has schema {NEED.revision}-01234567 of nem12 0.0.9, older than this"
            f" package needs ({NEED}): {MIGRATE}",
            None,
            id="older",
        ),
        pytest.param(
            "UPDATE alembic_version SET version_num = '0009'",
            f"the database was altered: alembic_version says '0009', {PUT_BACK}",
            "was altered",
            id="of tables that no package has",
        ),
        pytest.param(
            "DROP TABLE alembic_version",
            f"the database was altered: alembic_version says nothing, {PUT_BACK}",
            "was altered",
            id="that does not know its tables",
        ),
        pytest.param(
            "UPDATE alembic_version SET version_num = '2199_01'",
            f"the database has schema {NEED} of nem12 {__version__}, newer than this package"
            f" ({__version__}): update nem12",
            "newer",
            id="of newer tables",
        ),
        pytest.param(
            "DELETE FROM meter_schema",
            f"the database is not migrated: {MIGRATE}",
            None,
            id="half migrated",
        ),
        pytest.param(
            f"UPDATE meter_schema SET revision = '2199_01', fingerprint = '{OTHER}';"
            "UPDATE alembic_version SET version_num = '2199_01'",
            f"the database has schema 2199_01-01234567 of nem12 {__version__}, newer than this"
            f" package ({__version__}): update nem12",
            "newer",
            id="of a newer revision",
        ),
        pytest.param(
            f"UPDATE meter_schema SET fingerprint = '{OTHER}', package = '0.10.2'",
            f"the database has schema {NEED.revision}-01234567 of nem12 0.10.2, newer than this"
            f" package ({__version__}): update nem12",
            "newer",
            id="of a newer package",
        ),
        pytest.param(
            "DROP TABLE meter_schema; UPDATE alembic_version SET version_num = '0003'",
            UNRELEASED,
            "before the first release",
            id="before the first release",
        ),
    ],
)
def test_a_database_that_does_not_fit_is_refused_by_every_connection(
    other: Callable[..., Warehouse], statement: str, said: str, at_migrate: str | None
) -> None:
    warehouse = other(statement)
    for role in (settings.LOADER_ROLE, settings.READER_ROLE):
        with pytest.raises(TerminalError) as refused:
            connect(warehouse.uri(role))
        assert str(refused.value) == said
    if at_migrate is None:
        assert migrations.migrate_schema(warehouse.owner)[1] == NEED
        connect(warehouse.loader).close()
    else:
        with pytest.raises(TerminalError, match=at_migrate):
            migrations.migrate_schema(warehouse.owner)


def test_tables_of_another_kind_of_version_are_refused_in_one_line(databases: Databases) -> None:
    """Such as Airflow's own, which names its table alike."""
    bare = databases.bare()
    change(bare, "CREATE TABLE alembic_version (version_num text)")
    change(bare, "INSERT INTO alembic_version VALUES ('a1b2c3')")
    with pytest.raises(TerminalError, match=r"cannot be migrated: .* 'a1b2c3'$"):
        migrations.migrate_schema(bare.owner)


def test_the_same_schema_of_another_package_fits(other: Callable[..., Warehouse]) -> None:
    warehouse = other("UPDATE meter_schema SET package = '9.0'")
    connect(warehouse.loader).close()
    assert migrations.migrate_schema(warehouse.owner) == (NEED, NEED)


BASE = "CREATE OR REPLACE FUNCTION one() RETURNS TABLE (a integer) BEGIN ATOMIC SELECT 1; END;"
OTHER_RESULT = (
    "CREATE OR REPLACE FUNCTION one() RETURNS TABLE (a text) BEGIN ATOMIC SELECT 'x'; END;"
)
OTHER_ARGUMENTS = (
    "CREATE OR REPLACE FUNCTION one(n integer DEFAULT 2) RETURNS TABLE (a integer)"
    " BEGIN ATOMIC SELECT n; END;"
)
BUILT = "CREATE OR REPLACE VIEW two AS SELECT a AS b FROM one();"
OTHER_COLUMN = "CREATE OR REPLACE VIEW two AS SELECT a AS c FROM one();"
LAST = "CREATE OR REPLACE FUNCTION three() RETURNS SETOF two BEGIN ATOMIC SELECT * FROM two; END;"
MADE = ["FUNCTION one", "VIEW two", "FUNCTION three"]


def install(warehouse: Warehouse, *statements: str, recorded: list[str] | None = None) -> None:
    with connect(warehouse.owner, any_schema=True) as connection:
        migrations.install(connection, statements, recorded or [])


@pytest.mark.parametrize(
    ("statements", "gives"),
    [
        ((BASE, BUILT, LAST), 1),
        ((OTHER_RESULT, BUILT, LAST), "x"),
        ((OTHER_ARGUMENTS, BUILT, LAST), 2),
        ((BASE, OTHER_COLUMN, LAST), 1),
        ((OTHER_RESULT, OTHER_COLUMN, LAST), "x"),
    ],
    ids=["nothing", "result", "arguments", "column", "both"],
)
def test_what_cannot_be_replaced_is_made_anew(
    databases: Databases, statements: tuple[str, ...], gives: object
) -> None:
    copy = databases.copy()
    install(copy, BASE, BUILT, LAST)
    install(copy, *statements, recorded=MADE)
    assert copy.one("SELECT * FROM three()") == gives
    assert copy.one("SELECT count(*) FROM pg_proc WHERE proname = 'one'") == 1
    assert copy.one("SELECT objects FROM meter_schema") == MADE


def test_what_is_no_longer_named_goes(databases: Databases) -> None:
    copy = databases.copy()
    install(copy, BASE, BUILT, LAST)
    install(copy, BASE, recorded=MADE)
    assert copy.rows("SELECT to_regclass('two'), to_regproc('three'), to_regproc('one')::text") == [
        (None, None, "one")
    ]


def test_what_users_built_on_ours_stays_and_is_named(databases: Databases) -> None:
    copy = databases.copy()
    install(copy, BASE, BUILT, LAST)
    change(copy, "CREATE VIEW mine AS SELECT b FROM two")
    change(copy, "CREATE FUNCTION mine() RETURNS SETOF two BEGIN ATOMIC SELECT * FROM two; END")
    install(copy, BASE, BUILT, LAST, recorded=MADE)
    with pytest.raises(TerminalError) as refused:
        install(copy, OTHER_RESULT, BUILT, LAST, recorded=MADE)
    assert str(refused.value) == (
        "function mine(), view mine cannot stay: built on function one(), which has to be made"
        " anew; drop what is not of nem12, run `manage.py migrate`, and make it again"
    )
    assert copy.one("SELECT b FROM mine") == 1
