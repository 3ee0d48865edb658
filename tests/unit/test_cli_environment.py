"""Commands in an environment that fails: one line that names what and where, exit status 2."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from nem12 import settings
from nem12.cli import staging
from tests.unit.test_cli_staging import FAULTY, MANY
from tests.unit.test_unpack import zipped
from tools.__main__ import main

SAMPLE = str(settings.CHECKOUT / "samples" / "two_sites.zip")

NEED_A_HOME = {
    "parse_data": ["--file", SAMPLE],
    "parse_data --apply": ["--file", SAMPLE],
    "validate": [SAMPLE],
    "migrate": [],
    "partitions": ["--create-ahead", "1"],
    "bench": ["parse"],
    "up": [],
    "demo": [],
}
"""Commands that write below METER_HOME; `test` is this suite."""

NEED_A_DATABASE = {
    "status": [],
    "query": ["SELECT 1"],
    "verify": [],
    "withdraw": ["a.csv"],
    "redrive": ["--all"],
    "purge": ["--nmi", "2002715250", "--yes"],
    "airflow": ["version"],
}
"""Commands that only look, where nobody has loaded anything."""

TAKE_A_FORMAT = ("parse_data", "validate", "status", "query", "verify", "partitions", "purge")

CALLS = [
    pytest.param(command, arguments, form, id=f"{command} {form}")
    for command, arguments in (NEED_A_HOME | NEED_A_DATABASE).items()
    for form in (("text", "json") if command.split()[0] in TAKE_A_FORMAT else ("text",))
]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a file system of its own, which may be small or read-only."""
    made: list[Path] = []

    def mounted(options: str) -> Path:
        folder = tmp_path / f"mount{len(made)}"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        with suppress(FileNotFoundError):
            if subprocess.run(command, check=False, capture_output=True).returncode == 0:
                made.append(folder)
                return folder
        pytest.skip("a file system that is full or read-only takes the right to mount one")

    yield mounted
    for folder in made:
        subprocess.run(["umount", str(folder)], check=True)


def a_file(tmp_path: Path) -> Path:
    (tmp_path / "file").touch()
    return tmp_path / "file"


def below_a_file(tmp_path: Path) -> Path:
    return a_file(tmp_path) / "home"


def nowhere(_: Path) -> Path:
    return Path("/proc/nem12")


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """What was said, which is one line; nothing is printed where results belong."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith("\n")
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize("home", [a_file, below_a_file, nowhere])
@pytest.mark.parametrize(("command", "arguments", "form"), CALLS)
def test_a_home_that_cannot_be(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    home: Callable[[Path], Path],
    command: str,
    arguments: list[str],
    form: str,
) -> None:
    place = home(tmp_path)
    monkeypatch.setenv("METER_HOME", str(place))
    monkeypatch.chdir(tmp_path)
    given = [*command.split(), *arguments, *(["--format", form] if form == "json" else [])]
    status = main(given)
    if command == "status" and home is nowhere:
        # It makes no folder to say that there is nothing.
        assert status == 0
        return
    assert status == 2
    said = one_line(capsys)
    assert said.startswith(f"manage.py {command.split()[0]}: ")
    assert str(place) in said


@pytest.mark.parametrize("options", ["ro", "size=64k,nr_inodes=1"], ids=["read-only", "full"])
@pytest.mark.parametrize("command", NEED_A_HOME)
def test_a_home_that_cannot_be_written(
    mount: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    options: str,
) -> None:
    monkeypatch.setenv("METER_HOME", str(mount(options) / "home"))
    assert main([*command.split(), *NEED_A_HOME[command]]) == 2
    said = one_line(capsys)
    assert ("Read-only file system" if options == "ro" else "No space left on device") in said


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("processes", ["own", "others"])
def test_staged_files_that_find_the_disk_full(
    mount: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    processes: str,
    form: str,
) -> None:
    """A process that stages says nothing by itself."""
    monkeypatch.setattr(staging, "_WORTH_A_PROCESS", 0 if processes == "others" else 10**9)
    (tmp_path / "file.csv").write_bytes(MANY)
    out = mount("size=16k") / "out"
    given = ["--file", str(tmp_path / "file.csv"), "--output", str(out), "--format", form]
    assert main(["parse_data", *given]) == 2
    said = one_line(capfd)
    assert "No space left on device" in said
    assert str(out) in said
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("command", ["validate", "parse_data --output out --file"])
def test_an_archive_that_finds_no_room_to_be_expanded(
    mount: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    """The file is not to blame: it is not refused."""
    (tmp_path / "two.zip").write_bytes(zipped({"a.csv": MANY, "b.csv": FAULTY}))
    home = mount("size=16k")
    monkeypatch.setenv("METER_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    assert main([*command.split(), "two.zip"]) == 2
    said = one_line(capsys)
    assert f"No space left on device: {home}/staging/command-" in said


@pytest.mark.parametrize(
    "where", ["a file", "a folder that cannot be made"], ids=["file", "cannot be made"]
)
def test_an_output_folder_that_cannot_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], where: str
) -> None:
    out = a_file(tmp_path) if where == "a file" else nowhere(tmp_path)
    assert main(["parse_data", "--file", SAMPLE, "--output", str(out)]) == 2
    assert str(out) in one_line(capsys)


def limited() -> None:
    """Files may have 4 KB: a limit that every user may set."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    (tmp_path / "file.csv").write_bytes(MANY)
    given = ["parse_data", "--file", "file.csv", "--output", "out"]
    done = subprocess.run(
        [sys.executable, "-m", "nem12.cli", *given],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        preexec_fn=limited,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("manage.py parse_data: File too large: out/")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("command", ["validate", "parse_data --output out --file", "status"])
def test_output_that_finds_the_disk_full(tmp_path: Path, command: str, form: str) -> None:
    (tmp_path / "file.csv").write_bytes(FAULTY)
    arguments = [*command.split(), *([] if command == "status" else ["file.csv"])]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "nem12.cli", *arguments, "--format", form],
            cwd=tmp_path,
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"manage.py {command.split()[0]}: No space left on device")
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_a_reader_that_has_seen_enough_is_not_an_error(tmp_path: Path) -> None:
    (tmp_path / "file.csv").write_bytes(FAULTY)
    command = [sys.executable, "-m", "nem12.cli", "validate", "file.csv"]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        command, cwd=tmp_path, check=False, stdout=writer, stderr=subprocess.PIPE, text=True
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")
