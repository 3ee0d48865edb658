"""The facts in SQL: the planner puts them in place of their calls, so that they cost nothing."""

import re
from collections.abc import Iterable
from datetime import date, timedelta

import pytest

from nem12.analysis import sql as analysis_sql
from nem12.daily_totals import sql as daily_totals_sql
from nem12.mdff import spec
from nem12.mdff.profiles import PROFILES
from nem12.states import OPEN, DropState
from nem12.warehouse import sql as warehouse_sql
from nem12.warehouse.connect import Connection
from nem12.warehouse.sql import Statements
from nem12.web import sql as web_sql

WRITTEN_OUT = {
    "meter_midnight": "(({})::date::timestamp AT TIME ZONE 'Australia/Brisbane')",
    "meter_nem_day": "(({})::timestamptz AT TIME ZONE 'Australia/Brisbane')::date",
    "meter_adds_up": "({} IN ('kWh', 'kVArh', 'kVAh'))",
    "meter_is_estimated": "({} ~ '^[EFS]')",
}
ARGUMENT = r"\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)"
CHANNEL = {"nmi": "4103035613", "nmi_suffix": "E1"}
MARCH = {"first": date(2024, 3, 3), "last": date(2024, 3, 9)}
TOTALS = {
    "nmi": CHANNEL["nmi"], "suffix": None, "by": "month", "energy": ["kWh"], "power": ["kW"],
    "export": ["E"], "import": ["B"], **MARCH,
}  # fmt: skip
STATEMENTS = [
    (web_sql, "channel_days", {**CHANNEL, **MARCH}),
    (web_sql, "channel_readings", {**CHANNEL, **MARCH, "after": "-infinity", "most": 10}),
    (web_sql, "loaded_by_day", {"since": "2024-03-03T00:00Z"}),
    (analysis_sql, "totals", TOTALS),
    (analysis_sql, "net_totals", TOTALS),
    (
        daily_totals_sql,
        "sum_days",
        {"nmis": [CHANNEL["nmi"]], "suffixes": ["E1"], "days": [MARCH["first"]]},
    ),
    (warehouse_sql, "verify_ids", {}),
]


@pytest.fixture
def half_a_year(loader: Connection) -> Connection:
    months = [date(2024, month, 1) for month in range(1, 7)]
    loader.execute("SELECT meter_ensure_months(%s)", (months,))
    return loader


def plan(connection: Connection, text: str, values: dict[str, object]) -> list[str]:
    explain = f"EXPLAIN (VERBOSE, COSTS OFF) {text}"
    return [line for (line,) in connection.execute(explain.encode(), values)]


def written_out(text: str) -> str:
    for name, expression in WRITTEN_OUT.items():
        while found := re.search(name + ARGUMENT, text):
            text = text[: found.start()] + expression.format(found[1]) + text[found.end() :]
    return text


@pytest.mark.parametrize(("room", "name", "values"), STATEMENTS)
def test_a_plan_is_what_it_is_with_the_facts_written_out(
    half_a_year: Connection, room: object, name: str, values: dict[str, object]
) -> None:
    text = Statements(str(vars(room)["__name__"])).text(name).decode()
    without_calls = written_out(text)
    assert without_calls != text
    named = plan(half_a_year, text, values)
    assert named == plan(half_a_year, without_calls, values)
    assert [line for line in named if any(name in line for name in WRITTEN_OUT)] == []


@pytest.mark.parametrize(("room", "name", "values"), STATEMENTS[:2] + STATEMENTS[3:5])
def test_only_the_month_that_is_asked_for_is_read_and_by_its_key(
    half_a_year: Connection, room: object, name: str, values: dict[str, object]
) -> None:
    text = Statements(str(vars(room)["__name__"])).text(name).decode()
    lines = "\n".join(plan(half_a_year, text, values))
    assert set(re.findall(r"meter_readings_2024_\d\d", lines)) == {"meter_readings_2024_03"}
    conditions = re.findall(r"Index Cond: .*timestamp.*", lines)
    assert conditions
    assert all("2024-03-02" in condition for condition in conditions)


def test_the_facts_are_what_they_say(loader: Connection) -> None:
    first = date(1999, 12, 30)
    days = [first + timedelta(days=31 * number) for number in range(600)]
    rows = loader.execute(
        "SELECT day, meter_midnight(day) = (day::text || ' 00:00+10')::timestamptz,"
        " meter_nem_time(meter_midnight(day)) = day::timestamp,"
        " meter_nem_day(meter_midnight(day)), meter_nem_day(meter_midnight(day) - interval '1 s')"
        " FROM unnest(%s::date[]) AS day",
        (days,),
    ).fetchall()
    assert rows == [(day, True, True, day, day - timedelta(days=1)) for day in days]


def said(connection: Connection, fact: str, values: Iterable[str]) -> dict[str, bool]:
    query = f"SELECT value, {fact}(value) FROM unnest(%s::text[]) AS value"
    return dict(connection.execute(query.encode(), (list(values),)).fetchall())


def test_units_flags_and_profiles_are_the_same_in_sql_and_in_the_reader(loader: Connection) -> None:
    units = {unit.stored: unit.adds_up for unit in spec.UNITS.values()}
    assert said(loader, "meter_adds_up", units) == units
    # Any method may follow the flag.
    methods = {
        f"{flag.letter}{method}": flag.estimated
        for flag in spec.FLAGS.values()
        for method in ("", "14", "52")
    }
    assert said(loader, "meter_is_estimated", methods) == methods
    whole = {name: profile.whole_files_only for name, profile in PROFILES.items()}
    assert said(loader, "meter_loads_whole_files_only", whole) == whole


def test_open_drops_are_those_that_are_not_settled_and_found_by_their_index(
    loader: Connection,
) -> None:
    states = {state: state in OPEN for state in DropState}
    assert said(loader, "meter_is_open", states) == states
    loader.execute("SET enable_seqscan = off")
    assert "meter_drops_open" in "\n".join(
        plan(loader, Statements(web_sql.__name__).text("open_drops").decode(), {})
    )
