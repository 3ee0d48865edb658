"""Places by their names, and files moved between folders; buckets have tests of their own."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nem12 import settings, storage


def test_a_local_place_is_a_path_byte_for_byte(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"a b#%\xff.csv")
    assert storage.place(odd.as_uri()) == odd
    assert storage.place(str(tmp_path)) == tmp_path


def test_local_folders_load_nothing_for_buckets() -> None:
    code = (
        "import sys; from nem12 import settings; from nem12.drop import drops;"
        "drops(settings.home()); print({'upath', 'fsspec', 's3fs'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"


def test_what_only_one_machine_reads_is_in_no_bucket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METER_HOME", str(tmp_path))
    assert settings.home().scratch == settings.home().staging == tmp_path / "staging"
    monkeypatch.setenv("METER_STAGING", "memory://staging")
    home = settings.home().make()
    assert not isinstance(home.staging, Path)
    assert home.scratch == tmp_path / "scratch"
    assert home.scratch.is_dir()


def begin_to_write(target: storage.Place) -> None:
    with storage.writing(target) as out:
        out.write(b"second")
        out.flush()
        raise ZeroDivisionError


@pytest.mark.parametrize("where", ["folder", "memory://meter/folder"])
def test_a_file_is_written_whole_or_not_at_all(where: str, tmp_path: Path) -> None:
    folder = storage.place(where if "://" in where else str(tmp_path / where))
    target = folder / "sub" / "file"
    with storage.writing(target) as out:
        out.write(b"first")
    with pytest.raises(ZeroDivisionError):
        begin_to_write(target)
    assert [path.name for path in storage.files_below(folder) if path.is_file()] == ["file"]
    with storage.opened(target) as stream, storage.opened_in_parts(target) as parts:
        parts.seek(2)
        assert (stream.read(), parts.read(2)) == (b"first", b"rs")
    assert storage.read_text(target) == "first"
    ((sub, changed),) = storage.folders(folder)
    assert sub.name == "sub"
    assert abs(time.time() - changed) < 60
    storage.remove_folder(folder)
    storage.remove_folder(folder)
    for read in (storage.opened, storage.opened_in_parts, storage.read_text):
        with pytest.raises(FileNotFoundError):
            read(target)


def test_what_lies_below_a_folder_is_told_by_its_whole_name(tmp_path: Path) -> None:
    assert storage.relative(tmp_path / "a" / "b", tmp_path / "a") == Path("b")
    assert storage.relative(tmp_path / "ab", tmp_path / "a") is None
    bucket = storage.place("memory://meter/archive")
    assert str(storage.relative(bucket / "2024" / "x.csv", bucket)) == "2024/x.csv"
    assert storage.relative(storage.place("memory://meter/archived/x"), bucket) is None


def test_a_move_to_another_file_system_keeps_content_and_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "here.csv", tmp_path / "below" / "there.csv"
    source.write_bytes(b"data")
    os.utime(source, (1_700_000_000, 1_700_000_000))
    rename = Path.replace

    def across(self: Path, to: Path) -> Path:
        if self == source:
            raise OSError(errno.EXDEV, "another file system")
        return rename(self, to)

    monkeypatch.setattr(Path, "replace", across)
    storage.move(source, target)
    assert not source.exists()
    assert (target.read_bytes(), target.stat().st_mtime) == (b"data", 1_700_000_000)
    assert [path.name for path in target.parent.iterdir()] == ["there.csv"]
