"""The commands that need a database, as a person or a program runs them."""

import json
import os
import socket
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import psycopg
import pytest

from nem12 import settings
from nem12.cli import __main__ as command_line
from nem12.daily_totals.totals import DailyTotals
from nem12.operate.verify import CHECKS
from nem12.unpack import sha256
from nem12.warehouse import schema
from nem12.warehouse.apply import apply_batch
from nem12.warehouse.connect import Connection, connect
from nem12.warehouse.feed import follow
from tests.support.commands import Command
from tests.support.deliveries import NMI, Day, delivery
from tests.support.digest import tables
from tests.support.loading import Run, kept_in
from tests.support.servers import Databases, Warehouse, only_embedded, with_password

pytestmark = only_embedded

GOOD = delivery(Day(), Day(suffix="E2", uom="Wh"))
PARTIAL = delivery(Day(value="x"), Day(suffix="E2"))
KEYS = {
    "file", "sha256", "outcome", "readings", "days", "refused_records", "findings",
    "findings_left_out", "affected", "affected_left_out",
}  # fmt: skip


@pytest.fixture
def command(warehouse: Warehouse, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(warehouse.loader, capsys)


@pytest.fixture
def reader(warehouse: Warehouse, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(warehouse.uri(settings.READER_ROLE), capsys)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.csv"
    path.write_bytes(GOOD)
    return path


@pytest.fixture
def partial(tmp_path: Path) -> Path:
    path = tmp_path / "partial.csv"
    path.write_bytes(PARTIAL)
    return path


def test_parse_data_loads_a_file(warehouse: Warehouse, command: Command, good: Path) -> None:
    (result,) = command.json("parse_data", "--apply", "--file", good)
    assert set(result) == KEYS
    assert (result["file"], result["outcome"]) == (str(good), "loaded")
    assert (result["readings"], result["days"], result["refused_records"]) == (96, 2, 0)
    assert result["findings"] == []
    assert warehouse.one("SELECT count(*) FROM meter_readings") == 96
    assert warehouse.one("SELECT sha256 FROM meter_files") == result["sha256"]


def test_what_is_stored_has_its_delivered_name_and_is_withdrawn_by_it(
    warehouse: Warehouse, command: Command, tmp_path: Path
) -> None:
    """Never a path of somebody's machine; files of one name in other folders are other files."""
    given = tmp_path / "given"
    for folder in ("a", "b"):
        (given / folder).mkdir(parents=True)
    (given / "a" / "house.csv").write_bytes(GOOD)
    (given / "b" / "house.csv").write_bytes(PARTIAL)
    with zipfile.ZipFile(given / "two.zip", "w") as archive:
        archive.writestr("sub/flat.csv", delivery(Day(nmi="6203000009")))
        archive.writestr("house.csv", delivery(Day(nmi="6203000010")))
    results = command.json("parse_data", "--apply", "--file", given, status=1)
    names = ["a/house.csv", "b/house.csv", "two.zip/house.csv", "two.zip/sub/flat.csv"]
    assert sorted(result["file"] for result in results) == [f"{given}/{name}" for name in names]
    stored = [name for (name,) in warehouse.rows("SELECT name FROM meter_files ORDER BY name")]
    assert stored == ["house.csv", "house.csv", "two.zip/house.csv", "two.zip/sub/flat.csv"]

    assert "several files have this name" in command.refused("withdraw", "house.csv")
    assert "no file flat" in command.refused("withdraw", "flat")
    said = command.refused("withdraw", "two.zip")
    assert said.endswith("one by one: two.zip/house.csv, two.zip/sub/flat.csv\n")
    assert "no file t%.zip is known" in command.refused("withdraw", "t%.zip")
    assert "withdrawn" in command("withdraw", "flat.csv")[1]
    assert "withdrawn" in command("withdraw", f"{given}/two.zip/house.csv")[1]
    assert warehouse.one("SELECT count(*) FROM meter_files WHERE name LIKE 'two%'") == 0


@pytest.mark.parametrize("apply", [True, False], ids=["apply", "stage only"])
def test_parse_data_says_how_many_findings_it_does_not_list(
    command: Command, tmp_path: Path, *, apply: bool
) -> None:
    how: list[str | Path] = ["--apply"] if apply else ["--output", tmp_path / "staged"]
    faulty = "999\r\n" * 1_100 + "\r\n" * 300  # unknown records and blank lines
    path = tmp_path / "many.csv"
    path.write_bytes(GOOD.replace(b"900\r\n", f"{faulty}900\r\n".encode()))
    (result,) = command.json("parse_data", *how, "--file", path, status=1)
    assert result["refused_records"] == 1_100
    assert len(result["findings"]) == 1_000
    assert result["findings_left_out"] == 400


def test_parse_data_again_is_a_duplicate(
    warehouse: Warehouse, command: Command, good: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.csv"
    copy.write_bytes(GOOD)
    first = command.json("parse_data", "--apply", "--file", good, "--file", copy)
    assert [result["outcome"] for result in first] == ["loaded", "duplicate"]
    (again,) = command.json("parse_data", "--apply", "--file", good)
    assert again["outcome"] == "duplicate"
    assert warehouse.one("SELECT count(*) FROM meter_files") == 1


@pytest.mark.parametrize("apply", [True, False], ids=["apply", "stage only"])
def test_parse_data_tells_of_refusals_and_exits_with_1(
    command: Command, partial: Path, tmp_path: Path, *, apply: bool
) -> None:
    how: list[str | Path] = ["--apply"] if apply else ["--output", tmp_path / "staged"]
    (result,) = command.json("parse_data", *how, "--file", partial, status=1)
    assert (result["outcome"], result["readings"], result["refused_records"]) == ("partial", 48, 1)
    (finding,) = result["findings"]
    assert finding.pop("excerpt").startswith("300,20240310,►x◄,x,")
    if apply:
        assert finding.pop("in_force") == "No version of this day is in force."
    assert finding == {
        "line": 3,
        "level": "RECORD",
        "code": "value",
        "nmi": NMI,
        "nmi_suffix": "E1",
        "day": "2024-03-10",
        "last_day": "2024-03-10",
        "field": 3,
        "message": "IntervalValue 1 'x' is not a plain decimal number",
    }


def test_parse_data_for_people_has_a_row_a_file_and_a_line_a_refusal(
    warehouse: Warehouse, command: Command, good: Path, partial: Path
) -> None:
    status, printed, _ = command("parse_data", "--apply", "--file", good, "--file", partial)
    assert status == 1
    assert [line.split()[-4:] for line in printed.splitlines() if "csv " in line][:2] == [
        ["loaded", "96", "2", "0"],
        ["partial", "48", "1", "1"],
    ]
    assert f"partial.csv:3: RECORD: {NMI} E1 2024-03-10: value: IntervalValue 1 'x' is" in printed
    by = warehouse.rows("SELECT DISTINCT applied_by, process, run_id FROM meter_batches")
    user, host = psutil.Process().username(), socket.gethostname()
    assert by == [(f"{user}@{host}", os.getpid(), None)]


def test_a_refused_file_is_judged_anew_under_another_profile(
    warehouse: Warehouse, command: Command, partial: Path
) -> None:
    arguments = ("parse_data", "--apply", "--file", partial)
    (strict,) = command.json(*arguments, "--profile", "strict", status=1)
    assert (strict["outcome"], strict["readings"]) == ("refused", 0)
    (standard,) = command.json(*arguments, status=1)
    assert (standard["outcome"], standard["readings"]) == ("partial", 48)
    assert warehouse.one("SELECT count(*) FROM meter_readings") == 48


def test_staged_files_applied_by_psql_give_the_same_tables(
    databases: Databases, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    good: Path, partial: Path,
) -> None:  # fmt: skip
    files = ("--file", good, "--file", partial)
    folder = tmp_path / "staged"
    with databases.migrated() as a, databases.migrated() as b:
        command = Command(a.loader, capsys)
        assert command("parse_data", *files, "--output", folder)[0] == 1
        for path in folder.iterdir():
            assert b.psql("-v", "ON_ERROR_STOP=1", "-1", "-f", path).returncode == 0
        assert a.one("SELECT count(*) FROM meter_files") == 0
        assert command("parse_data", *files, "--apply")[0] == 1
        with connect(a.loader) as applied, connect(b.loader) as by_psql:
            assert tables(applied) == tables(by_psql)


def test_ctrl_c_between_the_parts_of_a_file_leaves_nothing_of_it(
    warehouse: Warehouse, command: Command, good: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """What is loaded whole by then stays."""
    monkeypatch.setattr("nem12.settings.SHARD_BYTES", 4000)
    command("parse_data", "--apply", "--file", good)
    with connect(warehouse.loader) as connection:
        before = tables(connection)
    large = tmp_path / "large.csv"
    large.write_bytes(delivery(*(Day(nmi=f"64071{number:05}") for number in range(40))))
    applied: list[int] = []

    def interrupted(connection: Connection, *arguments: Any) -> int:
        if len(applied) == 2:
            raise KeyboardInterrupt
        applied.append(apply_batch(connection, *arguments))
        return applied[-1]

    monkeypatch.setattr("nem12.cli.load.apply_batch", interrupted)
    status, printed, said = command("parse_data", "--apply", "--file", large)
    assert (status, printed) == (130, "")
    assert said.splitlines()[-1] == "manage.py parse_data: interrupted"
    assert applied == [applied[0]] * 2
    with connect(warehouse.loader) as connection:
        assert tables(connection) == before


def test_a_file_that_cannot_be_loaded_is_its_own_failure(
    warehouse: Warehouse, command: Command, good: Path, partial: Path, tmp_path: Path
) -> None:
    """One cannot be read, one is refused by the database; nothing of either stays half loaded."""
    bad, unreadable = tmp_path / "bad.csv", Path("/proc/self/mem")
    bad.write_bytes(delivery(Day(nmi="4103035614")))
    identity = int(sha256(bad)[:16], 16) >> 1
    with connect(warehouse.owner) as connection:
        connection.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN RAISE EXCEPTION ''not this one''; END'"
        )
        connection.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON meter_batch_parts FOR EACH ROW WHEN"
            f" (NEW.file_id = {identity}) EXECUTE FUNCTION refuse()".encode()
        )
    given = [argument for path in (bad, unreadable, good, partial) for argument in ("--file", path)]
    try:
        status, printed, said = command("parse_data", "--apply", *given, "--format", "json")
    finally:
        with connect(warehouse.owner) as connection:
            connection.execute("DROP FUNCTION refuse CASCADE")
    assert status == 2
    results = {Path(r["file"]).name: r for r in map(json.loads, printed.splitlines())}
    outcomes = {name: result["outcome"] for name, result in results.items()}
    assert outcomes == {
        "good.csv": "loaded", "partial.csv": "partial", "bad.csv": "failed", "mem": "failed",
    }  # fmt: skip
    assert results["bad.csv"]["reason"] == "PostgreSQL: not this one"
    assert results["mem"]["reason"].startswith("Input/output error")
    assert said == ""
    assert warehouse.one("SELECT count(*) FROM meter_files") == 2
    (again,) = command.json("parse_data", "--apply", "--file", bad)
    assert again["outcome"] == "loaded"


def test_a_date_beyond_python_s_range_makes_no_command_fail(
    warehouse: Warehouse, command: Command, good: Path
) -> None:
    command("parse_data", "--apply", "--file", good)
    with connect(warehouse.owner) as connection:
        connection.execute(
            "UPDATE meter_files SET header_date_time = '0044-03-15 BC', last_day = 'infinity'"
        )
    (result,) = command.json("parse_data", "--apply", "--file", good)
    assert result["outcome"] == "duplicate"
    assert command("status")[0] == 0


@pytest.mark.usefixtures("partial")
def test_a_folder_means_all_files_in_it(command: Command, good: Path) -> None:
    (good.parent / "copy.csv.part").write_bytes(GOOD)
    results = command.json("parse_data", "--apply", "--file", good.parent, status=1)
    assert [Path(result["file"]).name for result in results] == ["good.csv", "partial.csv"]


def test_a_file_that_is_not_there_is_wrong_usage(command: Command, tmp_path: Path) -> None:
    said = command.refused("parse_data", "--apply", "--file", tmp_path / "none.csv")
    assert "does not exist" in said


def test_query_gives_exact_numbers_as_strings(
    command: Command, reader: Command, good: Path
) -> None:
    command("parse_data", "--apply", "--file", good)
    status, printed, _ = reader(
        "query",
        "SELECT nmi_suffix, sum(consumption) AS kwh, count(*) AS n, min(timestamp) AS first,"
        " NULL AS nothing FROM meter_readings GROUP BY 1 ORDER BY 1",
        "--format",
        "json",
    )
    assert status == 0
    rows = json.loads(printed)
    assert [(row["nmi_suffix"], row["n"], row["nothing"]) for row in rows] == [
        ("E1", 48, None),
        ("E2", 48, None),
    ]
    assert rows[0]["kwh"] == "72.0"
    assert float(rows[1]["kwh"]) == pytest.approx(0.072)
    assert rows[0]["first"] == "2024-03-09T14:00:00+00:00"


def test_query_prints_an_array_also_when_it_is_empty(reader: Command) -> None:
    assert reader.json("query", "SELECT * FROM meter_readings") == [[]]
    assert reader("query", "SELECT * FROM meter_readings") == (0, "no rows\n", "")


def test_query_for_people_prints_a_table_in_which_nothing_is_markup(reader: Command) -> None:
    status, printed, _ = reader("query", "SELECT '[red]x' AS a, 12.50 AS b, '50%' AS c")
    assert status == 0
    assert [line.split() for line in printed.splitlines() if line.strip()] == [
        ["a", "b", "c"],
        ["[red]x", "12.50", "50%"],
    ]


def test_query_as_csv_is_exact_and_nothing_in_it_is_a_formula(reader: Command) -> None:
    statement = "SELECT 1.50 AS a, NULL AS b, '=1+1' AS c, -2 AS d, 'x,y' AS e, 1e-9::numeric AS f"
    assert reader("query", statement, "--format", "csv") == (
        0,
        'a,b,c,d,e,f\n1.50,,\'=1+1,-2,"x,y",0.000000001\n',
        "",
    )


def test_query_reads_its_select_from_a_file(reader: Command, tmp_path: Path) -> None:
    path = tmp_path / "query.sql"
    path.write_text("-- about 50 %\nSELECT 'ä' AS a;\n", encoding="utf-8")
    assert reader("query", "--file", path, "--format", "csv") == (0, "a\nä\n", "")
    assert "or --file" in reader.refused("query", "SELECT 1", "--file", path)
    assert "or --file" in reader.refused("query")
    path.write_bytes(b"\xff\xfe")
    assert "not UTF-8" in reader.refused("query", "--file", path)


def test_query_says_when_there_is_more_than_a_table_shows(
    reader: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nem12.cli.rows.MOST_ROWS", 3)
    status, printed, said = reader("query", "SELECT generate_series(1, 4) AS n")
    assert status == 0
    assert printed.split() == ["n", "1", "2", "3"]
    assert "--format csv or json prints all" in said


@pytest.mark.parametrize("role", [settings.READER_ROLE, settings.LOADER_ROLE, settings.OWNER_ROLE])
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1; SELECT 2",
        "COMMIT; CREATE TABLE stolen ()",
        "DELETE FROM meter_files",
        "CREATE TABLE stolen ()",
        "SELECT meter_ensure_months('{2024-01-01}')",
        "WITH gone AS (DELETE FROM meter_drops RETURNING 1) SELECT * FROM gone",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "SELECT pg_read_file('/etc/passwd')",
        "COPY meter_files TO PROGRAM 'id'",
        "SET default_transaction_read_only = off",
        "COMMIT",
        "",
        "SELEC 1",
    ],
)
def test_query_runs_one_statement_that_only_reads(
    warehouse: Warehouse, capsys: pytest.CaptureFixture[str], role: str, statement: str
) -> None:
    Command(warehouse.uri(role), capsys).refused("query", statement)
    assert warehouse.one("SELECT to_regclass('stolen')") is None
    made = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'meter_readings'::regclass"
    assert warehouse.one(made) == 0


@pytest.mark.parametrize(
    "statement", ["SET application_name = 'x'", "", " ", "-- nothing", "COPY meter_files TO STDOUT"]
)
def test_query_of_what_gives_no_rows_by_its_nature_says_so(reader: Command, statement: str) -> None:
    said = reader.refused("query", statement)
    assert "only statements that return rows can be run, such as SELECT 1" in said


def test_query_shows_times_that_python_does_not_know(reader: Command) -> None:
    query = (
        "SELECT 'infinity'::timestamptz AS a, '0001-01-01 BC'::date AS b, '24:00'::time AS c,"
        " '99999-01-01'::timestamp AS d, ARRAY['-infinity'::date, '2024-01-01'] AS e"
    )
    assert reader.json("query", query) == [
        [
            {
                "a": "infinity", "b": "0001-01-01 BC", "c": "24:00:00",
                "d": "99999-01-01 00:00:00", "e": ["-infinity", "2024-01-01"],
            }
        ]
    ]  # fmt: skip
    assert "infinity" in reader("query", query)[1]


def test_query_has_a_time_limit(reader: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    query = "SELECT current_setting('statement_timeout') AS most"
    assert reader.json("query", query) == [[{"most": "1min"}]]
    monkeypatch.setattr(settings, "QUERY_TIMEOUT_SECONDS", 1)
    said = reader.refused("query", "SELECT pg_sleep(60)")
    assert "statement timeout" in said


def test_query_of_a_table_that_does_not_exist_says_so(reader: Command) -> None:
    said = reader.refused("query", "SELECT * FROM meter_reedings")
    assert said == 'manage.py query: PostgreSQL: relation "meter_reedings" does not exist\n'


def test_migrate_twice(databases: Databases, capsys: pytest.CaptureFixture[str]) -> None:
    bare = databases.bare()
    migrate = Command(bare.owner, capsys)
    now = schema.needed()
    assert migrate("migrate") == (0, f"migrated from nothing to schema {now}\n", "")
    assert migrate("migrate") == (0, f"already at schema {now}\n", "")
    assert bare.one("SELECT count(*) FROM meter_readings") == 0


def test_migrations_at_once_wait_for_each_other(databases: Databases) -> None:
    bare = databases.bare()
    command = [sys.executable, "-m", "nem12.cli", "migrate", "--dsn", bare.owner]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(3)
    ]
    said = [process.communicate()[0] for process in processes]
    assert sum(line.startswith("migrated from nothing") for line in said) == 1, said
    assert sum(line.startswith("already at") for line in said) == 2, said


def test_migrate_without_the_right_to_is_one_line(
    databases: Databases, capsys: pytest.CaptureFixture[str]
) -> None:
    said = Command(databases.bare().loader, capsys).refused("migrate")
    assert "permission denied" in said


def test_status_counts_what_is_there(command: Command, reader: Command, good: Path) -> None:
    home = settings.home().make()
    (home.landing / "waits.csv").write_bytes(GOOD)
    (home.landing / "folder").mkdir()
    command("parse_data", "--apply", "--file", good)
    (counts,) = reader.json("status")
    assert counts == {
        "landing": 1,
        "ignored": 1,
        "paused": None,
        "files": {"loaded": 1},
        "drops": None,
        "delivered_readings": 96,
        "days": 2,
        "channels": 2,
        "contradictions": 0,
        "first_day": "2024-03-10",
        "last_day": "2024-03-10",
        "refusals": 0,
        "estimated": False,
        "latest_refusals": [],
        "failed_drops": [],
        "consumers": [],
        "changes_wait_for": [],
    }
    status, printed, _ = reader("status")
    assert status == 0
    assert "ignored: 'folder': a folder; only strict/ and lenient/ are searched" in printed


def test_status_says_why_files_were_refused_lately(
    warehouse: Warehouse, command: Command, reader: Command, partial: Path
) -> None:
    settings.home().make()
    cut = partial.with_name("cut.csv")
    cut.write_bytes(GOOD.removesuffix(b"900\r\n"))
    command("parse_data", "--apply", "--file", partial)
    command("parse_data", "--apply", "--file", cut)
    with connect(warehouse.owner) as connection:
        connection.execute(
            "INSERT INTO meter_drops (uri, size, mtime_ns, identity, profile, state, claim,"
            " attempt, message) VALUES ('file:///gone.csv', 1, 1, '', 'standard', 'failed', 'c', 3,"
            " 'why')"
        )
        connection.commit()
    (told,) = reader.json("status")
    codes = [(row["name"], row["code"]) for row in told["latest_refusals"]]
    assert codes == [("cut.csv", "no-end"), ("partial.csv", "value")]
    assert told["failed_drops"] == [{"uri": "file:///gone.csv", "attempt": 3, "message": "why"}]
    _, printed, _ = reader("status")
    assert f"1 refused record: partial.csv:3: RECORD: {NMI} E1 2024-03-10: value: " in printed
    assert "failed after 3 runs: gone.csv: why" in printed


@pytest.mark.parametrize(
    "arguments",
    [("status",), ("query", "SELECT * FROM meter_readings"), ("parse_data", "--apply")],
    ids=["status", "query", "parse_data"],
)
def test_a_database_that_is_not_migrated_says_what_to_do(
    databases: Databases, capsys: pytest.CaptureFixture[str], good: Path, arguments: tuple[str, ...]
) -> None:
    given: list[str | Path] = list(arguments)
    if arguments[0] == "parse_data":
        given += ["--file", good]
    said = Command(databases.bare().owner, capsys).refused(*given)
    assert "the database is not migrated: run `manage.py migrate`" in said


PASSWORD = "s3cret"  # noqa: S105 - of nobody


@pytest.mark.parametrize("what", ["migrate", "status", "query"])
@pytest.mark.parametrize(
    "wrong",
    ["role", "host", "scheme", "percent", "slash", "port", "no host", "option"],
)
def test_a_wrong_uri_is_one_line_without_the_password(
    warehouse: Warehouse, capsys: pytest.CaptureFixture[str], what: str, wrong: str
) -> None:
    uri = with_password(warehouse.uri("nobody_at_all"), PASSWORD)
    uris = {
        "role": uri,
        "host": f"postgresql://someone:{PASSWORD}@/meter?host=/nowhere",
        "scheme": f"postgres//someone:{PASSWORD}@localhost/meter",
        "percent": f"postgresql://someone:{PASSWORD}%zz@localhost/meter",
        "slash": f"postgresql://someone:{PASSWORD}/x@localhost/meter",
        "port": f"postgresql://someone:{PASSWORD}@localhost:port/meter",
        "no host": f"postgresql://:{PASSWORD}/x",
        "option": f"{uri}&colour=red",
    }
    arguments = (what, "SELECT 1") if what == "query" else (what,)
    said = Command(uris[wrong], capsys).refused(*arguments)
    assert PASSWORD not in said
    assert said.startswith(f"manage.py {what}: ")


def test_the_uri_may_come_from_the_environment(
    warehouse: Warehouse, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METER_DB_URI", warehouse.loader)
    assert command_line.main(["query", "SELECT current_user::text AS me", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"me": settings.LOADER_ROLE}]


def test_a_session_that_is_mighty_steps_down_to_the_reader(
    warehouse: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    mighty = Command(warehouse.uri("postgres"), capsys)
    query = "SELECT current_user::text AS me, current_setting('is_superuser') AS mighty"
    assert mighty.json("query", query) == [[{"me": settings.READER_ROLE, "mighty": "off"}]]
    with psycopg.connect(warehouse.owner) as connection:
        connection.execute("SELECT 1")


def test_status_says_how_far_consumers_are_behind_and_who_holds_them_up(
    warehouse: Warehouse, command: Command, reader: Command, good: Path
) -> None:
    settings.home().make()
    with connect(warehouse.loader) as loader, connect(warehouse.loader) as holder:
        follow(loader, DailyTotals(), 0, 10)
        holder.execute("SELECT pg_current_xact_id()")
        command("parse_data", "--apply", "--file", good)
        (told,) = reader.json("status")
        (consumer,) = told["consumers"]
        assert (consumer["unread_changes"], consumer["held_changes"]) == (2, 2)
        assert [one["pid"] for one in told["changes_wait_for"]] == [holder.info.backend_pid]
        _, printed, _ = reader("status")
        assert "nem12_daily_totals: 2 unread changes since 20" in printed
        said = f"wait for the end of an older transaction: session {holder.info.backend_pid}"
        assert said in printed
        holder.rollback()
        follow(loader, DailyTotals(), 0, 10)
        _, printed, _ = reader("status")
        assert "nem12_daily_totals: has read all changes" in printed


def test_a_load_by_command_forgets_old_changes(
    warehouse: Warehouse, command: Command, good: Path
) -> None:
    settings.home().make()
    command("parse_data", "--apply", "--file", good)
    assert warehouse.one("SELECT count(*) FROM meter_changes") == 2
    with psycopg.connect(warehouse.owner) as owner:
        owner.execute("UPDATE meter_changes SET changed_at = now() - interval '31 days'")
    command("parse_data", "--apply", "--file", good)
    assert warehouse.one("SELECT count(*) FROM meter_changes") == 0


def test_status_says_which_dags_are_paused(
    reader: Command, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow = databases.bare().owner
    monkeypatch.setenv(
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", airflow.replace("://", "+psycopg2://", 1)
    )
    assert reader.json("status")[0]["paused"] is None, "there are no tables of Airflow"
    with psycopg.connect(airflow) as connection:
        connection.execute(
            "CREATE TABLE dag AS SELECT * FROM (VALUES ('nem12_load', true, false),"
            " ('nem12_watch', true, false), ('other', true, false)) d (dag_id, is_paused, is_stale)"
        )
    assert reader.json("status")[0]["paused"] == ["nem12_watch", "nem12_load"]
    assert "the DAG nem12_load is paused: its runs stay queued" in reader("status")[1]


def test_redrive_says_what_it_does_not_find(command: Command, good: Path) -> None:
    command("parse_data", "--apply", "--file", good)
    for arguments, said in (
        (["--code", "bogus"], "there is no code 'bogus': reports show a file's codes"),
        (["--code", "no_end"], "there is no code 'no_end': do you mean no-end"),
        (["--code", "no-end"], "no refused or failed file matches"),
        (["--name", "nothing*"], "no file was delivered that is called 'nothing*'"),
        (["--name", "100%_*"], "no file was delivered that is called '100%_*'"),
        (
            ["--name", "g[ao]od.*"],
            "no file of that name was refused or has failed: good.csv is loaded",
        ),
    ):
        assert said in command.refused("redrive", *arguments)
    assert command("redrive", "--all")[:2] == (0, "0 files put back\n")
    cut = good.with_name("cut.csv")
    cut.write_bytes(good.read_bytes().partition(b"900")[0])
    command("parse_data", "--apply", "--file", cut)
    for arguments, said in (
        (["--name", "cut.csv"], "cut.csv is refused, by parse_data, which moves nothing: "),
        (["--code", "no-end"], "has refused 1 file such as cut.csv: load it again with parse_data"),
        (["--name", "GOOD"], "is called 'GOOD': do you mean good.csv?"),
    ):
        assert said in command.refused("redrive", *arguments)
    assert "parse_data, which moves nothing" in command("redrive", "--all")[1]


def test_redrive_says_what_became_of_drops_that_cannot_be_put_back(
    command: Command, loader: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METER_HOME", str(tmp_path / "load"))
    run = Run(loader, settings.Home.below(tmp_path / "load").make())
    two = BytesIO()
    with zipfile.ZipFile(two, "w") as archive:
        archive.writestr("one.csv", GOOD)
        archive.writestr("two.csv", delivery(Day(value="2")))
    run.drop("two.zip", two.getvalue())
    for name in ("cut.csv", "copy.csv"):
        run.drop(name, delivery(Day(suffix="Q1", uom="kVArh")).removesuffix(b"900\r\n"))
    claim = run.claim("*.zip")
    nothing = "no file of that name was refused or has failed: "
    assert f"{nothing}two.zip is being loaded" in command.refused("redrive", "--name", "two.zip")
    run.load(claim)
    run.settle(claim)
    assert f"{nothing}two.zip is loaded" in command.refused("redrive", "--name", "two.*")
    assert "do you mean two.zip or two.zip/" in command.refused("redrive", "--name", "two.zi")
    run.run("cut.csv")
    run.run("copy.csv")
    assert run.run("rejected/*-cut.csv", profile="lenient", reprocess=True).files == {"loaded": 1}
    said = f"{nothing}copy.csv was refused, and its content is loaded now, as cut.csv"
    assert said in command.refused("redrive", "--name", "copy.csv")


def test_redrive_of_a_file_that_is_gone_does_not_end_well(
    command: Command, loader: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METER_HOME", str(tmp_path / "load"))
    run = Run(loader, settings.Home.below(tmp_path / "load").make())
    run.drop("cut.csv", GOOD.removesuffix(b"900\r\n"))
    run.run()
    for path in kept_in(run.home.rejected):
        path.unlink()
    status, printed, _ = command("redrive", "--all")
    assert status == 1
    assert printed.splitlines()[-1] == "0 files put back"


def test_parse_data_says_what_stays_in_force_of_what_is_refused(
    command: Command, good: Path, partial: Path
) -> None:
    cut = partial.with_name("cut.csv")
    cut.write_bytes(delivery(Day(), Day(suffix="B1")).removesuffix(b"900\r\n"))
    left = "The version of 2024-03-12 08:15 is in force, from good.csv line 3."
    command("parse_data", "--apply", "--file", good)
    refused, file = command.json(
        "parse_data", "--apply", "--file", partial, "--file", cut, status=1
    )
    assert [found["in_force"] for found in refused["findings"]] == [left]
    assert [(each["nmi_suffix"], each["in_force"]) for each in file["affected"]] == [
        ("B1", "No version of this day is in force."),
        ("E1", left),
    ]
    status, printed, _ = command("parse_data", "--apply", "--file", partial, "--file", cut)
    assert status == 1
    assert f"cut.csv: refused with the file: {NMI} E1 2024-03-10. {left}\n" in printed
    assert f"{left}\n" in printed.split("partial.csv:3:")[1].split("cut.csv")[0]


def test_verify_says_of_each_check_how_it_went(command: Command, good: Path) -> None:
    command("parse_data", "--apply", "--file", good)
    checks = command.json("verify", "--archive")
    assert [check["ok"] for check in checks] == [True] * (len(CHECKS) + 1)
    with connect(command.uri) as connection:
        connection.execute("UPDATE meter_files SET days = days + 1")
    status, printed, _ = command("verify")
    assert status == 1
    assert f"NOT {CHECKS['verify_files']}\n    first: " in printed
