"""What in the landing folder is a drop, and when a drop is complete."""

import itertools
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nem12.drop import Drop, Ignored, Settling, drops, landed, look, overdue, uri_path
from nem12.settings import INCOMPLETE_HOURS, FolderHome, Home


@pytest.fixture
def landing(own_home: Path) -> FolderHome:
    """Folders as they are before the first drop."""
    return Home.below(own_home).make()


def put(folder: Path, name: str, content: str = "100") -> Path:
    path = folder / name
    path.write_text(content)
    return path


def ignored(where: FolderHome) -> dict[str, str]:
    return {item.path.name: item.reason for item in landed(where) if isinstance(item, Ignored)}


def test_an_empty_landing_folder_holds_nothing(landing: FolderHome) -> None:
    assert list(landed(landing)) == []


def test_a_landing_folder_that_is_missing_holds_nothing(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    assert list(landed(Home.below(nowhere))) == []


def test_the_folder_decides_the_profile(landing: FolderHome) -> None:
    put(landing.landing, "a.csv")
    put(landing.landing / "strict", "b.csv")
    put(landing.landing / "lenient", "c.csv")
    found = {drop.path.name: drop.profile for drop in drops(landing)}
    assert found == {"a.csv": "standard", "b.csv": "strict", "c.csv": "lenient"}
    assert ignored(landing) == {}


@pytest.mark.parametrize(
    "name",
    ["a.csv.part", "a.tmp", "A.TMP", "a.filepart", "a.crdownload", ".hidden", ".a.csv.Xy12"],
)
@pytest.mark.parametrize("folder", ["", "strict"])
def test_what_is_named_like_a_partial_upload_is_left_alone(
    landing: FolderHome, folder: str, name: str
) -> None:
    put(landing.landing / folder, name)
    assert list(landed(landing)) == []


def test_a_partial_upload_is_told_of_when_it_stays_for_hours(landing: FolderHome) -> None:
    (landing.landing / "folder").mkdir()
    for folder in (landing.landing, landing.landing / "strict"):
        put(folder, "lately.part")
        os.utime(put(folder, "left.part"), (1_700_000_000, 1_700_000_000))
    told = {
        os.path.relpath(str(item.path), landing.landing): item.reason for item in overdue(landing)
    }
    hours = f"its name has been that of a partial upload for {INCOMPLETE_HOURS} h"
    assert told == {
        "left.part": hours,
        "strict/left.part": hours,
        "folder": "a folder; only strict/ and lenient/ are searched",
    }


BESIDE = [
    "README.md", "readme", "Readme.TXT", "expected.json", "index.jsonl", "load.log", "make.py",
    "run.sh", "Thumbs.db", "desktop.ini", "house.csv.sha256", "house.csv.done", "LICENSE",
]  # fmt: skip


@pytest.mark.parametrize("folder", ["", "lenient"])
@pytest.mark.parametrize("name", BESIDE)
@pytest.mark.parametrize(
    "content",
    [b"", b"# Meter data\n", b'{"a": 1}\n', b"<h1>Meter data</h1>", b"1003,x", b"\xd0\xcf\x11\xe0"],
)
def test_what_lies_beside_the_data_is_left_alone_and_listed(
    landing: FolderHome, folder: str, name: str, content: bytes
) -> None:
    put(landing.landing / folder, name).write_bytes(content)
    put(landing.landing / folder, "a.csv").write_bytes(content)
    assert [drop.path.name for drop in drops(landing)] == ["a.csv"]
    assert name in ignored(landing)
    assert "does not begin as meter data" in ignored(landing)[name]
    assert [item.path.name for item in overdue(landing)] == [name]


@pytest.mark.parametrize("name", ["README.md", "data.json", "load.log", "make.py", "desktop.ini"])
@pytest.mark.parametrize(
    "content",
    [
        b"100,NEM12,202403151030,A,B\r\n",
        b"100,NEM13,202403151030,A,B\r\n",
        b"\xef\xbb\xbf\r\n 100,nem12,",
        b'"100","NEM12",',
        b"100\tNEM12\t",
        b"100;NEM12;",
        b"200,6407112380,E1,1,E1",
        b"250,6407112380,E1,1,E1",
        b"300,20240310,1",
        b"PK\x03\x04",
        b"\x1f\x8b\x08",
        b"7z\xbc\xaf\x27\x1c",
        b"BZh91AY&SY",
        b"<?xml version='1.0'?>",
        b"\n<ase:aseXML xmlns:ase='urn:aseXML:r38'>",
        "<aseXML>".encode("utf-16"),
    ],
    ids=repr,
)
def test_content_that_begins_as_meter_data_is_taken_whatever_it_is_called(
    landing: FolderHome, name: str, content: bytes
) -> None:
    put(landing.landing, name).write_bytes(content)
    assert [drop.path.name for drop in drops(landing)] == [name]


def test_what_is_left_alone_is_looked_at_again_when_it_changes(landing: FolderHome) -> None:
    path = put(landing.landing, "data.json", "{}")
    assert drops(landing) == []
    path.write_text("100,NEM12,202403151030,A,B\r\n")
    assert [drop.path for drop in drops(landing)] == [path]


def test_names_that_only_resemble_partial_ones_are_drops(landing: FolderHome) -> None:
    names = ["a.part.csv", "tmp", "part", "a.csv.zip", "no_ending", "a.V01"]
    for name in names:
        put(landing.landing, name)
    assert sorted(drop.path.name for drop in drops(landing)) == sorted(names)


@pytest.mark.timeout(20)
def test_links_folders_and_pipes_are_ignored_with_a_reason_and_never_opened(
    landing: FolderHome, tmp_path: Path
) -> None:
    """Opening a pipe that nobody writes to would hang."""
    outside = put(tmp_path, "outside.csv")
    (landing.landing / "link.csv").symlink_to(outside)
    (landing.landing / "dangling.csv").symlink_to(tmp_path / "nothing")
    (landing.landing / "folder").mkdir()
    put(landing.landing / "folder", "inside.csv")
    os.mkfifo(landing.landing / "pipe.csv")
    assert drops(landing) == []
    assert ignored(landing) == {
        "link.csv": "a symbolic link; not followed",
        "dangling.csv": "a symbolic link; not followed",
        "folder": "a folder; only strict/ and lenient/ are searched",
        "pipe.csv": "not a regular file",
    }


def test_a_folder_called_standard_is_reported_like_any_other(landing: FolderHome) -> None:
    (landing.landing / "standard").mkdir()
    put(landing.landing / "standard", "a.csv")
    assert list(ignored(landing)) == ["standard"]


def test_a_profile_folder_that_is_a_link_is_not_followed(
    landing: FolderHome, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    put(tmp_path / "elsewhere", "private.csv")
    (landing.landing / "strict").rmdir()
    (landing.landing / "strict").symlink_to(tmp_path / "elsewhere")
    assert drops(landing) == []
    assert ignored(landing) == {"strict": "a symbolic link; not followed"}


def test_a_file_called_like_a_profile_folder_stops_nothing(landing: FolderHome) -> None:
    (landing.landing / "lenient").rmdir()
    put(landing.landing, "lenient")
    put(landing.landing, "z.csv")
    assert [drop.path.name for drop in drops(landing)] == ["lenient", "z.csv"]


def test_folders_below_a_profile_folder_are_not_entered(landing: FolderHome) -> None:
    (landing.landing / "strict" / "lenient").mkdir()
    put(landing.landing / "strict" / "lenient", "a.csv")
    assert drops(landing) == []
    assert list(ignored(landing)) == ["lenient"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_ignored_with_a_reason(landing: FolderHome) -> None:
    put(landing.landing, "a.csv").chmod(0)
    assert ignored(landing) == {"a.csv": "not readable"}


def test_a_file_that_is_gone_is_no_drop(tmp_path: Path) -> None:
    assert look(tmp_path / "gone.csv", "standard") is None


def test_the_same_name_with_other_content_is_another_drop(landing: FolderHome) -> None:
    path = put(landing.landing, "a.csv", "100,first")
    first = look(path, "standard")
    assert first == look(path, "standard")
    path.write_text("100,more than the first")
    grown = look(path, "standard")
    put(landing.landing, "beside.csv").replace(path)
    replaced = look(path, "standard")
    assert len({first, grown, replaced}) == 3


@pytest.mark.parametrize("what", ["size", "time", "inode"])
def test_one_thing_that_differs_makes_another_drop(landing: FolderHome, what: str) -> None:
    path = put(landing.landing, "a.csv", "100,first")
    os.utime(path, ns=(1, 1_700_000_000_000_000_001))
    first = look(path, "standard")
    if what == "inode":
        put(landing.landing, "beside.csv", "100,other").replace(path)
    path.write_text("100,longer" if what == "size" else "100,other")
    os.utime(path, ns=(1, 1_700_000_000_000_000_001 + (what == "time")))
    second = look(path, "standard")
    assert isinstance(first, Drop)
    assert isinstance(second, Drop)
    assert (first.size != second.size) == (what == "size")
    assert (first.mtime_ns != second.mtime_ns) == (what == "time")
    assert (first.identity != second.identity) == (what == "inode")


NAMES = [
    b"with space.csv", b"a#b.csv", b"100%.csv", b"%20.csv", b"a?b=c&d.csv", b"a\nb.csv", b"a;b.csv",
    b"back\\slash.csv", b"caf\xc3\xa9.csv", b"latin-\xe9.csv", b"\xff\xfe", b"file:", b"a'b\"c.csv",
    b"-rf", b"[1].csv", b"\x01\x1b[31m.csv", b"~", b"$HOME",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_any_name_survives_the_way_into_a_uri_and_back(landing: FolderHome, name: bytes) -> None:
    path = landing.landing / os.fsdecode(name)
    path.write_bytes(b"100")
    (drop,) = drops(landing)
    assert drop.uri.startswith("file:///")
    assert drop.uri.isascii()
    assert drop.uri.isprintable()
    assert os.fsencode(str(drop.path)) == os.fsencode(path)
    assert drop.path.read_bytes() == b"100"


@given(st.binary(min_size=1, max_size=20).filter(lambda name: not set(name) & {0, 0x2F}))
def test_any_bytes_survive_the_way_into_a_uri_and_back(name: bytes) -> None:
    path = Path("/landing") / os.fsdecode(name)
    assert uri_path(path.as_uri()) == path


def drop(name: str, size: int = 1, mtime_ns: int = 0) -> Drop:
    return Drop(f"file:///landing/{name}", size, mtime_ns, "1:1", "standard")


A, B = drop("a"), drop("b")
STILL, GATHER = 2.0, 15.0


@pytest.fixture
def settling() -> Settling:
    return Settling(STILL, GATHER)


def complete(settling: Settling, seen: list[Drop], now: float) -> list[Drop]:
    """The batch of a look at which all that stands still is complete."""
    return settling.batch(settling.standing(seen, now), now)


def test_a_drop_is_complete_when_it_stood_still(settling: Settling) -> None:
    assert complete(settling, [A], 100.0) == []
    assert complete(settling, [A], 101.9) == []
    assert complete(settling, [A], 102.0) == [A]


def test_a_growing_file_is_not_complete(settling: Settling) -> None:
    for second in range(100):
        assert complete(settling, [drop("a", size=second)], float(second)) == []
    assert complete(settling, [drop("a", size=99)], 99.0 + STILL) == [drop("a", size=99)]


def test_a_time_that_goes_backwards_is_a_change_too(settling: Settling) -> None:
    assert complete(settling, [drop("a", mtime_ns=200)], 0.0) == []
    assert complete(settling, [drop("a", mtime_ns=100)], 2.0) == []
    assert complete(settling, [drop("a", mtime_ns=100)], 4.0) == [drop("a", mtime_ns=100)]


def test_a_drop_that_vanished_and_came_back_begins_anew(settling: Settling) -> None:
    assert complete(settling, [A], 0.0) == []
    assert complete(settling, [], 1.0) == []
    assert complete(settling, [A], 2.0) == []
    assert complete(settling, [A], 3.9) == []
    assert complete(settling, [A], 4.0) == [A]


def test_a_drop_that_vanished_is_not_given(settling: Settling) -> None:
    complete(settling, [A, B], 0.0)
    assert complete(settling, [B], 2.0) == [B]


def test_while_new_names_come_the_complete_ones_wait_for_them(settling: Settling) -> None:
    assert complete(settling, [A], 0.0) == []
    assert complete(settling, [A, B], 1.5) == []
    assert complete(settling, [A, B], 2.5) == []
    assert complete(settling, [A, B], 3.5) == [A, B]


def test_waiting_for_new_names_ends_after_the_gathering_time(settling: Settling) -> None:
    """One name a second for ever: the first is complete at 2 s, and given 15 s later."""
    seen: list[Drop] = []
    for second in itertools.count():
        seen.append(drop(f"n{second}"))
        taken = complete(settling, seen, float(second))
        if taken:
            break
    assert second == STILL + GATHER
    assert taken == seen[: int(GATHER) + 1]


def test_a_file_that_grows_or_has_no_end_holds_up_no_other(settling: Settling) -> None:
    for second in range(4):
        growing = drop("growing", size=second)
        standing = settling.standing([A, B, growing], float(second))
        batch = settling.batch([one for one in standing if one == A], float(second))
        assert batch == ([A] if second >= STILL else [])


def test_the_gathering_time_begins_anew_when_all_complete_ones_are_gone(
    settling: Settling,
) -> None:
    complete(settling, [A], 0.0)
    assert complete(settling, [A, B], 2.0) == []
    assert complete(settling, [], 100.0) == []
    complete(settling, [A], 200.0)
    complete(settling, [A, B], 201.5)
    assert complete(settling, [A, B], 202.0) == []
    assert complete(settling, [A, B], 203.5) == [A, B]


@given(
    st.lists(st.tuples(st.floats(0.1, 3), st.sets(st.sampled_from("abcdef"))), max_size=60),
    st.floats(0, 5),
    st.floats(0, 20),
)
def test_what_is_given_stood_still_and_nothing_waits_longer_than_it_may(
    looks: list[tuple[float, set[str]]], still: float, gather: float
) -> None:
    settling = Settling(still, gather)
    now = 0.0
    since: dict[str, float] = {}
    for step, names in looks:
        now += step
        since = {name: since.get(name, now) for name in names}
        taken = complete(settling, [drop(name) for name in sorted(names)], now)
        stood = {name for name, first in since.items() if now - first >= still}
        assert {one.path.name for one in taken} in (set(), stood)
        # Whatever stays is given at the first look after both times have passed.
        overdue = [n for n, first in since.items() if now - first >= still + gather + 3]
        assert taken or not overdue
        if taken:
            return
