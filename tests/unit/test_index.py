"""Lines of the index: read as they were written, whatever became of the file they stand in."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nem12 import storage
from nem12.load.index import INDEX, Kept, Withdrawn, lines_of, write

AT = datetime(2024, 5, 1, 2, 3, 4, 567_891, UTC)
NAMES = ["a.csv", '{"sha256": "x"}', "caf\xe9 \u2028\x85\x0c.csv", os.fsdecode(b"\xff\n\r.csv"), ""]


def kept(name: str, number: int = 0) -> Kept:
    at = AT + timedelta(seconds=number)
    return Kept("0" * 64, f"{'0' * 12}-{name}", name, "lenient", AT.replace(microsecond=0), at, at)


@pytest.mark.parametrize("where", ["folder", "memory://meter/archive"])
def test_lines_are_read_as_they_were_written(tmp_path: Path, where: str) -> None:
    folder = storage.place(where if "://" in where else str(tmp_path / "2024" / "05"))
    assert lines_of(folder) == []
    wanted = [kept(name, number) for number, name in enumerate(NAMES)]
    withdrawn = Withdrawn("1" * 64, "withdrawn", AT + timedelta(hours=1))
    write(folder, wanted[:3])
    write(folder, [*wanted[3:], withdrawn])
    write(folder, [*wanted[3:], withdrawn])
    found = lines_of(folder)
    assert found[:3] == wanted[:3]
    assert found[-1] == withdrawn
    assert set(found) == {*wanted, withdrawn}


def test_a_line_that_a_full_disk_cut_off_costs_no_other(tmp_path: Path) -> None:
    write(tmp_path, [kept("first")])
    whole = (tmp_path / INDEX).read_bytes()
    for cut in range(1, len(whole)):
        (tmp_path / INDEX).write_bytes(whole + whole[:cut])
        write(tmp_path, [kept("second", 1)])
        names = [line.name for line in lines_of(tmp_path) if isinstance(line, Kept)]
        assert names in (["first", "second"], ["first", "first", "second"])


def test_anything_else_in_an_index_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, [kept("first")])
    with (tmp_path / INDEX).open("ab") as stream:
        stream.write(b'\n\nnull\n{"sha256": 7}\n{"sha256": "x", "at": "soon"}\n\xff\xfe\n')
    write(tmp_path, [kept("second", 1)])
    assert [line.sha256 for line in lines_of(tmp_path)] == ["0" * 64] * 2


WRITER = """
import sys
from pathlib import Path
from tests.unit.test_index import kept, write
for number in range(200):
    write(Path(sys.argv[1]), [kept(sys.argv[2] * 500, number)])
"""


def test_lines_of_several_writers_stay_whole(tmp_path: Path) -> None:
    """As workers of several runs, on the folder of a month."""
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writers = [
        subprocess.Popen([*command, letter], cwd=Path(__file__).parents[2]) for letter in "abc"
    ]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0]
    found = [line.name for line in lines_of(tmp_path) if isinstance(line, Kept)]
    assert sorted(found) == [letter * 500 for letter in "abc" for _ in range(200)]


def test_an_index_that_is_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("precious")
    (tmp_path / INDEX).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        write(tmp_path, [kept("a")])
    assert (tmp_path / "elsewhere").read_text() == "precious"
