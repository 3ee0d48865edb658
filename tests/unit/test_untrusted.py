"""A sender who swaps files and folders at any moment gets nothing read or moved but their own."""

import ctypes
import os
import pwd
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from nem12 import storage, untrusted
from nem12.drop import Drop, Ignored, drops, landed, look
from nem12.ending import says_that_it_ends
from nem12.errors import MeterError
from nem12.parse import PartReader
from nem12.settings import Home, home
from nem12.shard import parts
from nem12.unpack import meter_files, sha256

SECRET = b"TOP-SECRET of root\r\n"
OWN = b"100,NEM12,202403151030,A,B\r\n900\r\n"

SWAP = """
import ctypes, os, sys
os.setgid(int(sys.argv[2])), os.setuid(int(sys.argv[1]))
libc = ctypes.CDLL(None)
one, other = (name.encode() for name in sys.argv[3:])
print("ready", flush=True)
while True:
    libc.renameat2(-100, one, -100, other, 2)
"""


@pytest.fixture
def landing(tmp_path: Path) -> Home:
    """A landing folder in which anybody may write, beside a folder of ours."""
    where = home().make()
    for folder in (where.landing, where.landing / "strict", where.landing / "lenient"):
        Path(str(folder)).chmod(0o777)
    (tmp_path / "precious").mkdir(mode=0o700)
    (tmp_path / "precious" / "a.csv").write_bytes(SECRET)
    (tmp_path / "precious" / "a.csv").chmod(0o600)
    return where


@contextmanager
def swapping(one: Path, other: Path) -> Iterator[None]:
    """Another user exchanges two names for each other all the time."""
    if os.geteuid() or not hasattr(ctypes.CDLL(None), "renameat2"):
        pytest.skip("another user can only be started by root, names exchanged on Linux alone")
    for folder in (*one.parents, *other.parents):
        if folder.stat().st_uid == 0 and folder.stat().st_mode & 0o1 == 0:
            folder.chmod(folder.stat().st_mode | 0o111)
    user = pwd.getpwnam("nobody")
    command = [sys.executable, "-c", SWAP, str(user.pw_uid), str(user.pw_gid), str(one), str(other)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == b"ready\n"
            yield
            assert process.poll() is None
        finally:
            process.kill()


def put(kind: str, place: Path, outside: Path) -> None:
    """Something that is no file of the sender's."""
    if kind == "link":
        place.symlink_to(outside)
    elif kind == "hard link":
        place.hardlink_to(outside)
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        place.mkdir()


KINDS = ["link", "hard link", "pipe", "folder"]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_swapped_all_the_time_is_read_as_what_was_seen_or_not_at_all(
    landing: Home, tmp_path: Path, kind: str
) -> None:
    folder, outside = Path(str(landing.landing)), tmp_path / "precious" / "a.csv"
    (folder / "a.csv").write_bytes(OWN)
    put(kind, folder / ".other", outside)
    found = look(folder / "a.csv", "standard")
    assert isinstance(found, Drop)
    with swapping(folder / "a.csv", folder / ".other"):
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            drops(landing)
            says_that_it_ends(found)
            with suppress(MeterError, OSError), untrusted.opened(folder / "a.csv", found.seen) as a:
                assert a.read() == OWN
            with suppress(MeterError, OSError):
                for file in meter_files(
                    folder / "a.csv", "a", "lenient", tmp_path / "s", found.seen
                ):
                    assert b"SECRET" not in repr(file).encode()
    assert outside.read_bytes() == SECRET


@pytest.mark.timeout(60)
def test_a_folder_that_is_swapped_all_the_time_leads_nowhere_else(
    landing: Home, tmp_path: Path
) -> None:
    folder, outside = Path(str(landing.landing)), tmp_path / "precious"
    (folder / ".other").symlink_to(outside)
    read = b""
    with swapping(folder / "lenient", folder / ".other"):
        until = time.monotonic() + 2
        while time.monotonic() < until:
            for found in landed(landing):
                assert found.path.name in ("lenient", "b.csv"), "what lies outside is not seen"
            path = folder / "lenient" / "a.csv"
            assert not isinstance(look(path, "lenient"), Drop)
            with suppress(MeterError, OSError):
                read += storage.beginning(path, 100)
            with suppress(MeterError, OSError):
                storage.move(path, tmp_path / "moved")
            with suppress(MeterError, OSError):
                storage.copy(tmp_path / "precious" / "a.csv", folder / "lenient" / "b.csv")
    assert read == b""
    assert [path.name for path in outside.iterdir()] == ["a.csv"], "nothing came, nothing went"
    assert not (tmp_path / "moved").exists()


def rename_out(path: Path, elsewhere: Path) -> None:
    untrusted.rename(path, elsewhere)
    assert elsewhere.read_bytes() == OWN


def rename_in(path: Path, elsewhere: Path) -> None:
    elsewhere.write_bytes(OWN)
    untrusted.rename(elsewhere, path)


def read(path: Path, elsewhere: Path) -> None:  # noqa: ARG001 - called as the others
    with untrusted.opened(path) as stream:
        assert stream.read() == OWN


def write(path: Path, elsewhere: Path) -> None:  # noqa: ARG001
    with untrusted.written(path.with_name(".beside"), path) as out:
        out.write(OWN)


def look_at(path: Path, elsewhere: Path) -> None:  # noqa: ARG001
    assert untrusted.status_of(path).st_size == len(OWN)
    ((_, status),) = untrusted.listed(path.parent)
    assert status.st_size == len(OWN)


def remove(path: Path, elsewhere: Path) -> None:  # noqa: ARG001
    untrusted.remove(path)


def ask_whether_readable(path: Path, elsewhere: Path) -> None:  # noqa: ARG001
    """Of two names, one is only here and the other only where the link leads."""
    own = path.rename(path.with_name("own.csv"))
    assert untrusted.is_readable(own)
    assert not untrusted.is_readable(path)


def make_folder(path: Path, elsewhere: Path) -> None:
    untrusted.make_folder(path.with_name(untrusted.LEAVING))
    made = elsewhere.with_name("aside") / untrusted.LEAVING
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


ACTS = [rename_out, rename_in, read, write, look_at, remove, ask_whether_readable, make_folder]


@pytest.mark.parametrize("act", ACTS, ids=lambda act: str(act.__name__))
def test_a_folder_that_is_swapped_right_after_it_was_opened_leads_nowhere_else(
    landing: Home,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    act: Callable[[Path, Path], None],
) -> None:
    folder, outside = Path(str(landing.landing)) / "lenient", tmp_path / "precious"
    (folder / "a.csv").write_bytes(OWN)
    open_folder = untrusted._open_folder

    def swap_behind(opened: Path) -> int:
        if opened != folder:
            return open_folder(opened)
        if folder.is_symlink():
            folder.unlink()
            (tmp_path / "aside").rename(folder)
        descriptor = open_folder(opened)
        folder.rename(tmp_path / "aside")
        folder.symlink_to(outside)
        return descriptor

    monkeypatch.setattr(untrusted, "_open_folder", swap_behind)
    act(folder / "a.csv", tmp_path / "elsewhere.csv")
    assert [path.name for path in outside.iterdir()] == ["a.csv"]
    assert (outside / "a.csv").read_bytes() == SECRET


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_left_in_the_place_of_a_file_is_neither_read_nor_waited_for(
    landing: Home, tmp_path: Path, kind: str
) -> None:
    folder, outside = Path(str(landing.landing)), tmp_path / "precious" / "a.csv"
    path = folder / "a.csv"
    path.write_bytes(OWN)
    drop = look(path, "lenient")
    assert isinstance(drop, Drop)
    (file,) = meter_files(path, "a.csv", "lenient", tmp_path / "s", drop.seen)
    path.unlink()
    put(kind, path, outside)
    for part in parts(file):
        with pytest.raises(MeterError, match="changed while it was read"):
            list(PartReader(part))
    with pytest.raises(MeterError, match="changed while it was read"):
        list(meter_files(path, "a.csv", "lenient", tmp_path / "s", drop.seen))
    with pytest.raises(MeterError, match="changed while it was read"):
        sha256(path, drop.seen)
    if kind != "hard link":
        with pytest.raises(MeterError, match="is not a regular file"):
            untrusted.opened(path)
        assert isinstance(look(path, "lenient"), Ignored)
    assert not says_that_it_ends(drop)
    assert look(path, "lenient") != drop
    assert drops(landing) == []
    assert [type(each) for each in landed(landing)] == [Ignored]
    assert outside.read_bytes() == SECRET


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_in_the_place_of_a_new_file_is_neither_written_nor_waited_for(
    landing: Home, tmp_path: Path, kind: str
) -> None:
    folder, outside = Path(str(landing.landing)), tmp_path / "precious" / "a.csv"
    put(kind, folder / ".beside", outside)
    with pytest.raises(FileExistsError):
        write(folder / "a.csv", tmp_path)
    assert outside.read_bytes() == SECRET
    assert [path.name for path in folder.glob("*.csv")] == []


def test_a_file_with_another_name_waits_until_that_is_gone(landing: Home, tmp_path: Path) -> None:
    """As where a server renames by a link; somebody's file that a sender has linked stays away."""
    path = Path(str(landing.landing)) / "a.csv"
    path.write_bytes(OWN)
    (tmp_path / "b.csv").hardlink_to(path)
    (left,) = landed(landing)
    assert isinstance(left, Ignored)
    assert "hard link" in left.reason
    (tmp_path / "b.csv").unlink()
    assert [drop.path.name for drop in drops(landing)] == ["a.csv"]


def test_the_mode_that_a_sender_gave_stays_behind(tmp_path: Path) -> None:
    """A program of theirs must not become one that runs with our rights."""
    source, target = tmp_path / "a.csv", tmp_path / "below" / "a.csv"
    source.write_bytes(OWN)
    source.chmod(0o4777)
    storage.copy(source, target)
    assert target.stat().st_mode & 0o7111 == 0
    assert target.stat().st_mtime_ns == source.stat().st_mtime_ns


@pytest.mark.timeout(20)
def test_a_folder_that_is_a_link_takes_nothing_in(landing: Home, tmp_path: Path) -> None:
    folder = Path(str(landing.landing)) / "strict"
    folder.rmdir()
    folder.symlink_to(tmp_path / "precious")
    (tmp_path / "b.csv").write_bytes(OWN)
    for act in (storage.move, storage.copy):
        with pytest.raises(MeterError, match="strict is not a folder: remove it"):
            act(tmp_path / "b.csv", folder / "b.csv")
    assert [path.name for path in (tmp_path / "precious").iterdir()] == ["a.csv"]
