"""Databases for the tests: one of its own for each, on every PostgreSQL that is here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from nem12 import settings
from nem12.warehouse.connect import Connection, connect
from tests.support.loading import Run
from tests.support.servers import (
    SERVERS,
    Databases,
    Warehouse,
    embedded_server,
    other_programs,
    other_server,
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests of the warehouse run on every server, unless they choose one themselves."""
    chosen = {mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")}
    if "databases" in metafunc.fixturenames and "databases" not in chosen:
        metafunc.parametrize("databases", SERVERS, indirect=True, scope="session")


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Makes databases on one server."""
    if request.param == "embedded":
        with embedded_server() as server:
            yield Databases(server)
        return
    programs = other_programs()
    if programs is None:
        pytest.skip("no other PostgreSQL is here: name its programs in TEST_POSTGRES_BIN")
    with other_server(programs) as server:
        yield Databases(server)


@pytest.fixture
def warehouse(databases: Databases) -> Iterator[Warehouse]:
    """A migrated database of the test's own."""
    with databases.migrated() as made:
        yield made


@pytest.fixture
def loader(warehouse: Warehouse) -> Iterator[Connection]:
    """A connection to it as the loader, who owns nothing."""
    with connect(warehouse.loader) as connection:
        yield connection


@pytest.fixture
def run(loader: Connection, tmp_path: Path) -> Run:
    """Loads files from folders of the test's own into its database."""
    return Run(loader, settings.Home.below(tmp_path / "load").make())
