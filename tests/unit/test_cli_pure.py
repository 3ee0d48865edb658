"""`validate` on the command line: what is printed where, and the exit status."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from nem12 import __version__
from nem12.cli.output import at_work
from nem12.mdff.findings import UNCHANGED
from nem12.settings import CHECKOUT
from tests.support.making import channel, day, file
from tests.unit.test_unpack import zipped
from tools.__main__ import main

GOOD = file(channel(), day())
WARNED = file(channel(), day(updated=""))
FAULTY = file(channel(), day(), day("20240311", quality="X"))
REFUSED = GOOD.removesuffix(b"900\r\n")

COMMANDS = ["demo", "up", "test", "parse_data", "validate", "migrate", "status", "query"]


def put(folder: Path, name: str, data: bytes) -> str:
    path = folder / name
    path.write_bytes(data)
    return str(path)


@pytest.mark.parametrize(
    ("data", "status"), [(GOOD, 0), (WARNED, 0), (FAULTY, 1), (REFUSED, 1)],
    ids=["good", "warned", "faulty", "refused"],
)  # fmt: skip
@pytest.mark.parametrize("form", ["text", "json"])
def test_status_is_1_only_where_something_is_refused(
    tmp_path: Path, data: bytes, status: int, form: str
) -> None:
    assert main(["validate", "--format", form, put(tmp_path, "a.csv", data)]) == status


def test_text_findings_are_a_linters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = put(tmp_path, "a.csv", FAULTY)
    main(["validate", name])
    out, err = capsys.readouterr()
    assert out == (
        f"{name}:4: RECORD: 6407112380 E1 2024-03-11: quality: QualityMethod 'X' is unknown; "
        "allowed quality flags are A, E, F, N, S, V (field 51)\n"
    )
    assert err == (
        f"{name}: partial, 1 day, 4 of 5 records accepted, 1 refusal, 0 warnings. {UNCHANGED}\n"
    )


def test_json_findings_are_one_object_a_line_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [put(tmp_path, "a.csv", FAULTY), put(tmp_path, "b.csv", REFUSED)]
    names.append(put(tmp_path, "c.csv", WARNED))
    assert main(["validate", "--format", "json", *names]) == 1
    out, err = capsys.readouterr()
    found = [json.loads(line) for line in out.splitlines()]
    assert all(list(one)[:4] == ["file", "line", "level", "code"] for one in found)
    named = ("nmi", "nmi_suffix", "day", "field")
    assert [[one[key] for key in named] for one in found] == [
        ["6407112380", "E1", "2024-03-11", 51],
        [None, None, None, None],
        ["6407112380", "E1", "2024-03-10", 54],
    ]
    assert found[0]["excerpt"].endswith("1.5,1.5,►X◄,,,20240315063000,")
    assert [(one["file"], one["line"], one["level"], one["code"]) for one in found] == [
        (names[0], 4, "RECORD", "quality"),
        (names[1], 3, "FILE", "no-end"),
        (names[2], 3, "WARN", "update-missing"),
    ]
    assert err == ""


def test_a_good_file_prints_nothing_to_standard_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["validate", put(tmp_path, "a.csv", GOOD)])
    out, err = capsys.readouterr()
    assert out == ""
    assert ": loaded, 1 day, 4 of 4 records accepted" in err


@pytest.mark.parametrize(
    ("given", "shown"), [("in", "in/a.csv"), ("in/a.csv",) * 2, (".", "in/a.csv")]
)
@pytest.mark.parametrize("command", ["validate", "parse_data --output out --file"])
def test_files_are_named_as_they_were_given(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    given: str,
    shown: str,
) -> None:
    (tmp_path / "in").mkdir()
    put(tmp_path / "in", "a.csv", FAULTY)
    monkeypatch.chdir(tmp_path)
    assert main([*command.split(), given]) == 1
    out, _ = capsys.readouterr()
    assert f"{shown}:4: RECORD: " in out
    assert str(tmp_path) not in out


def test_a_folder_means_the_files_in_it_but_not_the_partial_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in" / "below").mkdir(parents=True)
    for name in ("a.csv", "b.csv.part", ".hidden", "below/c.csv"):
        put(tmp_path / "in", name, REFUSED)
    main(["validate", "--format", "json", str(tmp_path / "in")])
    files = [json.loads(line)["file"] for line in capsys.readouterr().out.splitlines()]
    assert files == [str(tmp_path / "in" / name) for name in ("a.csv", "below/c.csv")]


def test_members_of_an_archive_are_named_and_nothing_of_them_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], own_home: Path
) -> None:
    name = put(tmp_path, "two.zip", zipped({"a.csv": FAULTY, "b.csv": GOOD}))
    assert main(["validate", "--format", "json", name]) == 1
    (one,) = capsys.readouterr().out.splitlines()
    assert json.loads(one)["file"] == f"{name}/a.csv"
    assert [path for path in own_home.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(("profile", "status"), [("lenient", 0), ("standard", 1), ("strict", 1)])
def test_the_profile_decides(tmp_path: Path, profile: str, status: int) -> None:
    name = put(tmp_path, "a.csv", file(channel(), day(quality="N")))
    assert main(["validate", "--profile", profile, name]) == status


def test_what_a_file_says_cannot_break_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = put(tmp_path, "a\n[red]b.csv", file(channel(), day(quality="\x1b[31m\x0b")))
    main(["validate", name])
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == len(err.splitlines()) == 1
    assert out.removesuffix("\n").isprintable()
    assert r"a\x0a[red]b.csv:3: RECORD: 6407112380 E1 2024-03-10: quality" in out
    assert r"a\x0a[red]b.csv: refused" in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["validate", "/nowhere/a.csv"], "/nowhere/a.csv does not exist"),
        (["validate", "."], "there are no meter files in the folder"),
    ],
    ids=["missing", "empty-folder"],
)
def test_a_wrong_argument_is_one_line_and_status_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    says: str,
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("manage.py validate: ")
    assert says in err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["validate"],
        ["validate", "--profile", "x", "a"],
        ["validate", "--nonsense"],
        ["up", "--port", "http"],
        ["up", "--port", "0"],
        ["up", "--port", "65536"],
    ],
    ids=[
        "no-command",
        "unknown-command",
        "no-file",
        "unknown-profile",
        "unknown-option",
        "port-in-words",
        "no-port",
        "port-too-high",
    ],
)
def test_wrong_usage_is_one_line_and_status_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "--help" in err


def test_all_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--help"])
    assert exit_.value.code == 0
    listed = [
        line.split()[0] for line in capsys.readouterr().out.splitlines() if line[:4] == " " * 4
    ]
    assert set(COMMANDS) <= set(listed)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(capsys: pytest.CaptureFixture[str], command: str) -> None:
    with pytest.raises(SystemExit) as exit_:
        main([command, "--help"])
    assert exit_.value.code == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"usage: manage.py {command} ")
    assert err == ""


def test_a_folder_means_the_meter_files_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, content in {
        "sub/a.csv": GOOD, "b.json": GOOD, "README.md": b"# Meter data", "sub/c.log": b"error",
        "a.csv.report.txt": b"report", "c.csv.part": GOOD[:50], "link.csv": b"",
    }.items():  # fmt: skip
        path = tmp_path / "given" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "given" / "link.csv").unlink()
    (tmp_path / "given" / "linked.json").symlink_to(tmp_path / "given" / "b.json")
    assert main(["validate", str(tmp_path / "given")]) == 0
    told = capsys.readouterr().err
    read = {
        line.split(": ")[0].rpartition("/")[2] for line in told.splitlines() if "loaded" in line
    }
    assert read == {"a.csv", "b.json", "linked.json"}
    assert "skipped: README.md: it is named like a text about the data" in told
    assert "skipped: sub/c.log: it is named like a log" in told
    assert main(["validate", str(tmp_path / "given" / "README.md")]) == 1  # it is asked for


def test_a_name_that_is_not_utf8_is_made_visible(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = put(tmp_path, os.fsdecode(b"latin-\xe9.csv"), FAULTY)
    assert main(["validate", name]) == 1
    assert r"latin-\xe9.csv:4: RECORD: 6407112380 E1" in capsys.readouterr().out


def test_errors_and_help_name_the_command_that_the_person_has(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("METER_COMMAND", "docker compose run --rm nem12")
    assert main(["validate", "/nowhere"]) == 2
    assert capsys.readouterr().err.startswith(
        "docker compose run --rm nem12 validate: /nowhere does not"
    )
    monkeypatch.setenv("METER_COMMAND", "")
    assert main(["validate", "/nowhere"]) == 2
    assert capsys.readouterr().err.startswith("manage.py validate: /nowhere does not")


def test_tests_do_not_read_the_settings_of_who_runs_them() -> None:
    callers = {
        "METER_REJECTED": "/srv/meter/rejected",
        "METER_NOTIFIERS": "[]",
        "METER_DB_URI": "postgresql://db/meter",
        "AIRFLOW_CONN_METER_DB": "postgresql://db/meter",
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "PGPASSWORD": "x",
    }
    looked = "import os, tests.conftest; print(*os.environ)"
    names = subprocess.run(
        [sys.executable, "-c", looked],
        cwd=CHECKOUT,
        env=os.environ | callers | {"METER_S3": "1"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert not callers.keys() & set(names)
    assert "METER_S3" in names


UNUSED = {
    "status": 0,
    "verify": 2,
    "query SELECT": 2,
    "partitions": 2,
    "withdraw a.csv": 2,
    "redrive --all": 2,
    "purge --nmi 2002715250 --yes": 2,
}
"""Commands that look into what was loaded, with the exit status where nothing was."""


@pytest.mark.parametrize(("command", "status"), UNUSED.items(), ids=list(UNUSED))
def test_commands_that_only_look_make_nothing(
    own_home: Path, capsys: pytest.CaptureFixture[str], command: str, status: int
) -> None:
    assert main(command.split()) == status
    out, err = capsys.readouterr()
    assert f"there is no database in {own_home} yet: run `manage.py up` or" in out + err
    assert err.count("\n") == (status == 2)
    assert not own_home.exists()


def test_a_home_whose_database_was_not_finished_is_unused(
    own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a full disk leaves it: commands that only look do not try again."""
    half = own_home / "postgres" / "data.new"
    half.mkdir(parents=True)
    assert main(["status"]) == 0
    assert f"there is no database in {own_home} yet" in capsys.readouterr().out
    assert list(own_home.iterdir()) == [half.parent]
    assert list(half.parent.iterdir()) == [half]


def test_the_status_of_an_unused_home_is_json_too(
    own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--format", "json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == {"landing": 0, "ignored": 0, "paused": None, "database": None}
    assert not own_home.exists()


@pytest.mark.parametrize("command", ["query", "withdraw", "redrive --name", "redrive --code"])
def test_an_argument_for_the_database_is_text(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main([*command.split(), os.fsdecode(b"\xff")])
    assert exit_.value.code == 2
    assert "it is not UTF-8" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--nmi", "64071123801", "--from", "2024-02", "--to", "2024-03"),
        ("--nmi", "6407112380", "--from", "2024-2", "--to", "2024-03"),
        ("--nmi", "6407112380", "--from", "2024-02-30", "--to", "2024-03"),
    ],
    ids=["check digit", "month", "day"],
)
def test_a_slip_in_an_nmi_or_a_date_is_one_line_before_any_database(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["totals", *arguments])
    assert capsys.readouterr().err.count("\n") == 1


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"nem12 {__version__}\n"


@pytest.mark.parametrize(
    ("question", "command"),
    [
        ("how much did an NMI use in March", "totals"),
        ("which days were corrected since a bill", "changes"),
        ("which expected NMIs have never delivered", "coverage"),
        ("what was refused lately and why", "status"),
    ],
)
def test_the_help_says_which_command_answers_a_question(
    capsys: pytest.CaptureFixture[str], question: str, command: str
) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    (line,) = [line for line in capsys.readouterr().out.splitlines() if question in line]
    assert line.split()[-1] == command


@pytest.mark.parametrize("is_terminal", [True, False])
def test_what_takes_long_moves_on_a_terminal_and_is_silent_elsewhere(
    monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool
) -> None:
    said = io.StringIO()
    console = Console(file=said, force_terminal=is_terminal, width=100)
    monkeypatch.setattr("nem12.cli.output.err", console)
    with at_work("looking through [red].csv"):
        pass
    assert ("looking through [red].csv" in said.getvalue()) is is_terminal
    assert (said.getvalue() == "") is not is_terminal
