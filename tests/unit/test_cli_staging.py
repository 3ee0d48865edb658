"""`parse_data` without a database: it stages once, shows how far it is, and ends on Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nem12.cli import staging as staging_module
from nem12.cli.__main__ import main
from nem12.cli.staging import Staging
from nem12.load.plan import judged_as_whole
from nem12.parse import PartReader
from nem12.shard import pack
from nem12.validate import validate_file
from tests.support.making import channel, day, file
from tests.support.reading import surveyed

DAYS = [f"202403{number:02}" for number in range(1, 32)]
BLOCKS = [(channel(f"64071{number:05}"), *map(day, DAYS)) for number in range(6)]
MANY = file(*(record for block in BLOCKS for record in block))
FAULTY = file(
    *BLOCKS[0], day("20240301", values=["2"] * 48), day("20240332"),
    *BLOCKS[1], day("20240301", updated="20240316063000"),
    channel(suffix="??"), *map(day, DAYS),
    *BLOCKS[0], day("20240315", quality="X"),
)  # fmt: skip


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of some kilobytes has several parts, read in processes of their own."""
    monkeypatch.setattr("nem12.settings.SHARD_BYTES", 10_000)
    monkeypatch.setattr(staging_module, "_WORTH_A_PROCESS", 0)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("profile", ["standard", "lenient", "strict"])
@pytest.mark.parametrize("data", [MANY, FAULTY, MANY[:-5]], ids=["good", "faulty", "cut off"])
def test_what_is_said_of_a_file_that_is_staged_is_what_validate_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes, profile: str
) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(data)
    given = ("--profile", profile, "--format", "json")
    status = main(["parse_data", "--file", str(path), "--output", str(tmp_path / "out"), *given])
    staged = json.loads(capsys.readouterr().out)
    assert main(["validate", *given, str(path)]) == status
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for finding in found:
        del finding["file"]
    key = json.dumps
    assert sorted(map(key, staged["findings"])) == sorted(map(key, found))
    judged = validate_file(judged_as_whole(surveyed(tmp_path, data, profile)), lambda _: None)
    assert staged["outcome"] == judged.outcome
    assert (staged["days"], staged["refused_records"]) == (judged.days, judged.refused_records)


def test_each_part_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nem12.settings.SHARD_BYTES", 10_000)
    read: list[int] = []

    def counted(reader: PartReader) -> Iterator[object]:
        read.append(reader.part.number)
        return give(reader)

    give = PartReader.__iter__
    monkeypatch.setattr(PartReader, "__iter__", counted)
    path = tmp_path / "file.csv"
    path.write_bytes(MANY)
    assert main(["parse_data", "--file", str(path), "--output", str(tmp_path / "out")]) == 0
    assert len(read) > 2
    assert read == list(range(len(read)))


@pytest.mark.usefixtures("small_parts")
def test_the_bar_comes_to_its_end_in_steps(tmp_path: Path) -> None:
    shards = pack([surveyed(tmp_path, MANY)])
    seen = []
    with Staging(shards, tmp_path / "out", processes=1) as staging:
        assert staging._signals is not None
        for _, staged in staging:
            staged()
            seen.append(staging._signals.read.value)
    assert seen == sorted(seen)
    assert seen[-1] == len(MANY)
    assert len(list((tmp_path / "out").iterdir())) == len(shards)


@pytest.mark.usefixtures("small_parts")
def test_a_process_that_is_killed_ends_the_command_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As the kernel does where memory is short."""

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(staging_module, "stage_shard", die)
    path = tmp_path / "file.csv"
    path.write_bytes(MANY)
    assert main(["parse_data", "--file", str(path), "--output", str(tmp_path / "out")]) == 2
    assert capfd.readouterr().err == (
        "manage.py parse_data: a process that was reading files was killed: the machine may be"
        " short of memory\n"
    )


@contextmanager
def running(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """A command as a terminal runs it: with its processes in a group of their own."""
    command = [sys.executable, "-m", "nem12.cli", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            with_group(process, signal.SIGKILL)


def with_group(process: "subprocess.Popen[str]", what: signal.Signals) -> None:
    """Send a signal to all that the terminal would send it to."""
    if process.poll() is None:
        os.killpg(process.pid, what)


def large(folder: Path) -> Path:
    """A file that is read for seconds, in processes of their own."""
    block = "".join(f"{record}\r\n" for record in (channel(), *map(day, DAYS * 12)))
    path = folder / "large.csv"
    path.write_bytes(file(*[block.removesuffix("\r\n")] * 250))
    return path


@pytest.mark.parametrize("command", ["parse_data", "validate"])
def test_ctrl_c_ends_in_one_line_and_leaves_nothing_half(tmp_path: Path, command: str) -> None:
    home, out = Path(os.environ["METER_HOME"]), tmp_path / "out"
    given = ["--file", str(large(tmp_path)), "--output", str(out)]
    with running(command, *(given if command == "parse_data" else given[1:2])) as process:

        def begun() -> bool:
            return any(out.glob(".*.part")) if command == "parse_data" else home.exists()

        until = time.monotonic() + 60
        while not begun() and time.monotonic() < until:
            time.sleep(0.02)
        with_group(process, signal.SIGINT)
        printed, said = process.communicate(timeout=60)
    assert (process.returncode, printed) == (130, "")
    assert said == f"manage.py {command}: interrupted\n"
    assert [path for folder in (home, out) for path in folder.rglob("*") if path.is_file()] == []
