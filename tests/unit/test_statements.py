"""The statements under a name: each has one, each is used, and each use is of one there is."""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from nem12.analysis import sql as analysis_sql
from nem12.coverage import sql as coverage_sql
from nem12.daily_totals import sql as daily_totals_sql
from nem12.doctor import sql as doctor_sql
from nem12.export import sql as export_sql
from nem12.operate import verify
from nem12.states import FILE_OUTCOMES, DropState, FileStatus, Outcome
from nem12.warehouse import sql as warehouse_sql
from nem12.web import sql as web_sql
from tools.bench import sql as bench_sql

CHECKOUT = Path(__file__).resolve().parents[2]
ROOMS = {
    "nem12.analysis": analysis_sql,
    "nem12.coverage": coverage_sql,
    "nem12.daily_totals": daily_totals_sql,
    "nem12.doctor": doctor_sql,
    "nem12.export": export_sql,
    "nem12.warehouse": warehouse_sql,
    "nem12.web": web_sql,
    "tools.bench": bench_sql,
}
NAMED_BY = ("run", "rows_of", "stream", "statement", "sorted_rows", "_run", "_select")


def texts(room: str) -> str:
    folder = Path(str(ROOMS[room].__file__)).parent
    return "\n".join(path.read_text() for path in sorted(folder.glob("*.sql")))


def calls(path: Path) -> Iterator[str]:
    """Names of statements in calls of a module: `run(connection, "status")`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in NAMED_BY:
            yield from (
                str(value.value) for value in node.args[:3] if isinstance(value, ast.Constant)
            )


def uses(room: str) -> set[str]:
    """Names that the modules use which import a room's `run` or `statement`."""
    importing = re.compile(rf"from {re.escape(room)}\.sql import .*\b(run|stream|statement)\b")
    modules = [*CHECKOUT.glob("include/**/*.py"), *CHECKOUT.glob("tools/**/*.py")]
    paths = [path for path in modules if importing.search(path.read_text())]
    called = {name for path in paths for name in calls(path)}
    if room == "tools.bench":
        # Its tables of questions and steps hold names that a loop runs.
        named = set(re.findall(r"(?m)^-- name: (\w+)$", texts(room)))
        called |= {text for path in paths for text in constants(path)} & named
    return called


def constants(path: Path) -> Iterator[str]:
    """Strings of a module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("room", ROOMS)
def test_every_named_statement_is_used_and_every_use_has_one(room: str) -> None:
    names = re.findall(r"(?m)^-- name: (\w+)$", texts(room))
    assert [name for name, count in Counter(names).items() if count > 1] == []
    used = uses(room) | (set(verify.CHECKS) if room == "nem12.warehouse" else set())
    assert used == set(names)


@pytest.mark.parametrize("room", ROOMS)
def test_a_statement_is_sent_with_its_name_and_without_the_next_one(room: str) -> None:
    statements = warehouse_sql.Statements(ROOMS[room].__name__)
    for name in re.findall(r"-- name: (.*)", texts(room)):
        text = statements.text(name).decode()
        assert text.startswith(f"-- name: {name}\n")
        assert text.count("-- name:") == 1
        assert not re.search("-- (fragment|include):", text)
        assert text.splitlines()[-1].strip()


@pytest.mark.parametrize("room", ROOMS)
def test_every_fragment_serves_several_statements(room: str) -> None:
    served = Counter(re.findall(r"(?m)^ *-- include: (\w+)$", texts(room)))
    fragments = re.findall(r"(?m)^-- fragment: (\w+)$", texts(room))
    assert sorted(fragments) == sorted(name for name, count in served.items() if count > 1)
    assert set(served) <= set(fragments)


def test_every_insert_names_its_columns() -> None:
    """A table restored or altered in another order would take values for each other."""
    paths = [
        path
        for pattern in ("include/**/*.sql", "include/**/*.py", "tools/**/*.sql", "tools/**/*.py")
        for path in sorted(CHECKOUT.glob(pattern))
    ]
    unnamed = [
        f"{path.relative_to(CHECKOUT)}: {match}"
        for path in paths
        for match in re.findall(
            # A copy of a row of the same table has its columns in their order.
            r"INSERT INTO \S++(?: AS \w++)?+\s++(?!\(|WITH template )\S+",
            path.read_text(),
        )
    ]
    assert unnamed == []


@pytest.mark.parametrize(
    ("column", "states"),
    [
        ("state", DropState),
        ("status", FileStatus),
        ("outcome", Outcome),
        # Of a file; only drops fail.
        ("outcome", FILE_OUTCOMES),
    ],
)
def test_the_tables_take_the_states_that_python_names(column: str, states: Iterable[str]) -> None:
    tables = (CHECKOUT / "include/nem12/warehouse/migrations/sql/2026_11.sql").read_text()
    taken = re.findall(rf"CHECK \({column} IN \(([^)]*)\)\)", tables)
    assert set(states) in [set(re.findall(r"'(\w+)'", each)) for each in taken]


def test_the_statements_that_the_drawings_name_are_there() -> None:
    file = (CHECKOUT / "include/nem12/warehouse/sql/drops.sql").read_text()
    drawn = file.partition("-- name:")[0]
    document = (CHECKOUT / "ARCHITECTURE.md").read_text()
    drawn += document.partition("stateDiagram")[2].partition("```")[0]
    named = set(re.findall(r"\b(?:[a-z_]+_(?:claim|drops?)|redrive)\b", drawn))
    assert named <= set(re.findall(r"-- name: (\w+)", file))
    assert len(named) > 7


def test_every_state_of_a_drop_is_explained_and_drawn() -> None:
    tables = (CHECKOUT / "include/nem12/warehouse/migrations/sql/2026_11.sql").read_text()
    drawn, *_ = (CHECKOUT / "include/nem12/warehouse/sql/drops.sql").read_text().split("-- name:")
    explained = tables.partition("COMMENT ON COLUMN meter_drops.state IS")[2].partition(
        ";\nCOMMENT"
    )[0]
    for state in DropState:
        assert f"{state}:" in explained
        assert re.search(rf"\b{state}\b", drawn)


@pytest.mark.parametrize("fact", ["Australia/Brisbane", "'^[EFS]", "'kVArh'"])
def test_a_fact_of_the_market_is_written_in_one_file(fact: str) -> None:
    texts = {path.name for path in CHECKOUT.glob("include/**/*.sql") if fact in path.read_text()}
    # The doctor asks whether the server knows the zone, also before there is a schema.
    assert texts - {"doctor.sql"} == {"facts.sql"}
