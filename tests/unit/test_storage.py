"""Places by their names, and files moved between folders; buckets have tests of their own."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from nem12 import settings, storage
from nem12.drop import landed, overdue
from nem12.operate.holding import files_holding


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


def test_a_file_is_on_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that loses its power must not leave an empty file under a name that counts."""
    done: list[str] = []
    rename, sync = os.replace, os.fsync

    def synced(descriptor: int) -> None:
        done.append("synced")
        assert os.fstat(descriptor).st_size == 4
        sync(descriptor)

    def renamed(*names: str, **folders: Any) -> None:
        done.append("renamed")
        rename(*names, **folders)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    with storage.writing(tmp_path / "file") as out:
        out.write(b"data")
    assert done == ["synced", "renamed"]


@pytest.mark.parametrize("character", ["x", "\N{LATIN SMALL LETTER E WITH ACUTE}"])
def test_the_longest_name_that_a_folder_takes_can_be_written(
    tmp_path: Path, character: str
) -> None:
    name = character * (254 // len(character.encode()))
    source, target = tmp_path / "source", tmp_path / "sub" / name
    source.write_bytes(b"copied")
    with storage.writing(target) as out:
        out.write(b"written")
    assert target.read_bytes() == b"written"
    storage.write_text(target, "text")
    assert target.read_bytes() == b"text"
    storage.copy(source, target)
    assert target.read_bytes() == b"copied"
    assert [path.name for path in target.parent.iterdir()] == [name]


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
    rename = os.replace

    def across(*names: str, **folders: Any) -> None:
        if names[0] == source.name:
            raise OSError(errno.EXDEV, "another file system")
        rename(*names, **folders)

    monkeypatch.setattr(os, "replace", across)
    storage.move(source, target)
    assert not source.exists()
    assert (target.read_bytes(), target.stat().st_mtime) == (b"data", 1_700_000_000)
    assert [path.name for path in target.parent.iterdir()] == ["there.csv"]


def test_a_move_that_fails_otherwise_is_no_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "here.csv", tmp_path / "there.csv"
    source.write_bytes(b"data")

    def refused(*_: str, **__: int) -> None:
        raise PermissionError(errno.EPERM, "not yours")

    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(PermissionError, match="not yours"):
        storage.move(source, target)
    assert [path.name for path in tmp_path.iterdir()] == ["here.csv"]


@pytest.mark.parametrize("write", ["a text", "a copy"])
def test_what_fails_half_way_leaves_the_file_that_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: str
) -> None:
    source, target = tmp_path / "source", tmp_path / "sub" / "file"
    source.write_bytes(b"second")
    storage.write_text(target, "first")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    if write == "a copy":
        monkeypatch.setattr(os, "utime", full)
        with pytest.raises(OSError, match="no space left"):
            storage.copy(source, target)
    else:
        monkeypatch.setattr(os, "replace", full)
        with pytest.raises(OSError, match="no space left"):
            storage.write_text(target, "second")
    assert target.read_bytes() == b"first"
    assert [path.name for path in target.parent.iterdir()] == ["file"]


def test_a_write_that_fails_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left") as full, storage.writing(tmp_path / "a"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert full.value.filename == str(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_files_below_a_folder_are_listed_in_order_and_links_are_not_entered(tmp_path: Path) -> None:
    for name in ("b/c/deep", "b/first", "a", "elsewhere/file"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).touch()
    (tmp_path / "in" / "elsewhere").rename(tmp_path / "elsewhere")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "elsewhere")
    below = [os.path.relpath(str(path), tmp_path) for path in storage.files_below(tmp_path / "in")]
    assert below == ["in/a", "in/b/c/deep", "in/b/first", "in/link"]
    assert list(storage.files_below(tmp_path / "missing")) == []


def test_a_folder_that_cannot_be_listed_is_named_and_the_others_are_listed(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    not_a_folder = tmp_path / "file"
    with pytest.raises(NotADirectoryError):
        list(storage.files_below(not_a_folder))
    unlisted: list[Path] = []
    below = storage.files_below(not_a_folder, lambda folder, _: unlisted.append(folder))
    assert (list(below), unlisted) == ([], [not_a_folder])


MOVER = """
import sys
from pathlib import Path
landing, staging = map(Path, sys.argv[1:])
while True:
    for number in range(50):
        (landing / f"{number}.part").touch()
        (landing / f"{number}.part").rename(landing / f"{number}.csv")
        (staging / f"{number}" / "below").mkdir(parents=True)
        (staging / f"{number}" / "below" / "file").touch()
    for number in range(50):
        (landing / f"{number}.csv").unlink()
        (staging / f"{number}" / "below" / "file").unlink()
        (staging / f"{number}" / "below").rmdir()
        (staging / f"{number}").rmdir()
"""
"""What senders and loads do while others list the folders."""


def test_what_vanishes_while_folders_are_listed_ends_nothing() -> None:
    home = settings.home().make()
    moving = [sys.executable, "-c", MOVER, str(home.landing), str(home.staging)]
    with subprocess.Popen(moving) as mover:
        try:
            until = time.monotonic() + 1
            while time.monotonic() < until:
                list(overdue(home))
                list(landed(home))
                storage.folders(home.staging)
                list(files_holding(home, "2002715250"))
            assert mover.poll() is None
        finally:
            mover.kill()
