"""Archives: the content decides, nothing leaves the scratch folder, nothing grows without bound."""

import gzip
import hashlib
import io
import itertools
import os
import random
import re
import stat
import struct
import warnings
import zipfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nem12.containers import archives
from nem12.errors import TerminalError
from nem12.mdff.findings import Level
from nem12.mdff.stamps import NEM_TIME
from nem12.settings import MAX_NAME_BYTES, MIB
from nem12.survey import MeterFile
from nem12.unpack import as_text, headers, meter_files, sha256
from tests.support.making import channel, day, file
from tests.support.reading import read

GOOD = file(channel(), day())
OTHER = file(channel("2001985732"), day(), day("20240311"))
MESSAGE = b"<aseXML><CSVIntervalData>%s</CSVIntervalData></aseXML>" % GOOD


def unpacked(folder: Path, data: bytes, name: str = "drop") -> list[MeterFile]:
    path = folder / name
    path.write_bytes(data)
    return list(meter_files(path, name, "standard", folder / "scratch"))


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def zipped_in_order(members: Iterable[tuple[str, bytes]]) -> bytes:
    """An archive that may hold a name more than once."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def made_at(folder: Path) -> list[datetime]:
    """When the files of the drop were made, as far as it can be told."""
    found = headers(folder / "drop", "standard", folder / "scratch")
    return [header.date_time for header in found]


def why(meter_file: MeterFile) -> str:
    """The one reason why an archive was not read."""
    (finding,) = meter_file.findings
    assert (finding.level, finding.code) == (Level.FILE, "unreadable")
    assert meter_file.refused
    return finding.message


def test_a_plain_file_is_read_where_it_lies(tmp_path: Path) -> None:
    (meter_file,) = unpacked(tmp_path, GOOD)
    assert (meter_file.path, meter_file.name) == (str(tmp_path / "drop"), "drop")
    assert len(read(meter_file).days) == 1
    assert not (tmp_path / "scratch").exists()


def test_a_gzip_gives_its_content_under_its_own_name(tmp_path: Path) -> None:
    (meter_file,) = unpacked(tmp_path, gzip.compress(GOOD), "month.csv.gz")
    assert meter_file.name == "month.csv.gz"
    assert Path(meter_file.path).read_bytes() == GOOD
    assert meter_file.sha256 == unpacked(tmp_path, GOOD, "plain")[0].sha256


def test_a_gzip_of_several_streams_is_one_file(tmp_path: Path) -> None:
    half = len(GOOD) // 2
    data = gzip.compress(GOOD[:half]) + gzip.compress(GOOD[half:])
    (meter_file,) = unpacked(tmp_path, data)
    assert Path(meter_file.path).read_bytes() == GOOD


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_every_member_of_a_zip_is_a_file_of_its_own(tmp_path: Path, method: int) -> None:
    members = {"a.csv": GOOD, "folder/b.txt": OTHER, "folder/": b"", "c": b"no meter data"}
    files = unpacked(tmp_path, zipped(members, method), "two.zip")
    assert [one.name for one in files] == ["two.zip/a.csv", "two.zip/folder/b.txt", "two.zip/c"]
    assert [Path(one.path).read_bytes() for one in files] == [GOOD, OTHER, b"no meter data"]
    assert [one.refused for one in files] == [False, False, True]
    assert [len(read(one).days) for one in files] == [1, 2, 0]


def test_members_are_many(tmp_path: Path) -> None:
    members = {f"{n}.csv": file(channel(f"64071{n:05}"), day()) for n in range(300)}
    files = unpacked(tmp_path, zipped(members))
    assert len({one.path for one in files}) == len({one.sha256 for one in files}) == 300
    assert not any(one.refused for one in files)


@pytest.mark.parametrize(
    "data",
    [zipped({"a": GOOD}), gzip.compress(GOOD), MESSAGE, zipped({"a": MESSAGE, "b": MESSAGE})],
    ids=["zip", "gzip", "message", "messages in a zip"],
)
def test_copies_of_what_is_expanded_are_all_read(tmp_path: Path, data: bytes) -> None:
    copies = [file for name in ("a", "b") for file in unpacked(tmp_path, data, name)]
    for copy in copies:
        assert len(read(copy).days) == 1


def test_members_of_one_name_are_kept_apart(tmp_path: Path) -> None:
    files = unpacked(tmp_path, zipped_in_order([("a.csv", GOOD), ("a.csv", OTHER)]))
    assert [Path(one.path).read_bytes() for one in files] == [GOOD, OTHER]
    assert [one.name for one in files] == ["drop/a.csv", "drop/a.csv (2)"]


LONG = "é" * 4_000


@pytest.mark.parametrize(
    "names",
    [
        *itertools.permutations(["a (2)", "a", "a"]),
        ["a", "a", "a", "a (2)", "a (3)"],
        ["a (2)", "a (2)", "a", "a"],
        [LONG, LONG, f"{LONG}x", "a"],
        ["a", "A", "a/", "b\\a", "b/a"],
    ],
    ids=repr,
)
def test_every_member_gets_a_short_name_of_its_own(tmp_path: Path, names: list[str]) -> None:
    given = [name for name in names if not name.endswith("/")]
    contents = [file(channel(f"64071{n:05}"), day()) for n in range(len(names))]
    files = unpacked(tmp_path, zipped_in_order(zip(names, contents, strict=True)))
    assert len({one.name for one in files}) == len(files) == len(given)
    assert all(len(one.name.encode()) <= MAX_NAME_BYTES for one in files)
    for name, one in zip(given, files, strict=True):
        assert one.name.startswith(f"drop/{name[:400]}")
        assert not one.refused


@pytest.mark.parametrize("order", [0, 1])
def test_a_member_called_like_a_block_of_a_message_keeps_apart_from_it(
    tmp_path: Path, order: int
) -> None:
    members = [("a.xml", MESSAGE), ("a.xml/CSVIntervalData-1", OTHER)]
    files = unpacked(tmp_path, zipped_in_order(members[order:] + members[:order]))
    assert len({one.name for one in files}) == 2
    assert [len(read(one).days) for one in files] == ([2, 1] if order else [1, 2])


def test_a_name_of_bytes_that_are_no_text_is_kept_as_text(tmp_path: Path) -> None:
    (meter_file,) = unpacked(tmp_path, GOOD, os.fsdecode(b"a\xff.csv"))
    assert meter_file.name == "a\\xff.csv"
    assert as_text(meter_file.name) == meter_file.name


def test_thousands_of_members_of_one_name_are_named_in_no_time(tmp_path: Path) -> None:
    names = ["a", *(f"a ({n})" for n in range(2, 2_000)), *["a"] * 2_000]
    files = unpacked(tmp_path, zipped_in_order((name, b"") for name in names))
    assert len({one.name for one in files}) == len(names)


LITTER = [
    "__MACOSX/._data.csv", "__MACOSX/folder/._data.csv", "folder/__MACOSX/data.csv", ".DS_Store",
    "folder/.DS_Store", "._data.csv", "folder/._data.csv", "Thumbs.db", "a\\THUMBS.DB",
    "desktop.ini", "folder/Desktop.ini",
]  # fmt: skip


@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_a_system_adds_for_itself_is_left_alone(tmp_path: Path, place: int) -> None:
    members = [("a.csv", GOOD), ("b.csv", OTHER)]
    members[place:place] = [(name, OTHER) for name in LITTER]
    files = unpacked(tmp_path, zipped_in_order(members))
    assert [one.name for one in files] == ["drop/a.csv", "drop/b.csv"]
    assert not any(one.refused for one in files)


@pytest.mark.parametrize("name", ["MACOSX/a.csv", "thumbs.db.csv", "data._csv", "__MACOSX"])
def test_nothing_else_is_left_alone(tmp_path: Path, name: str) -> None:
    assert [one.name for one in unpacked(tmp_path, zipped({name: GOOD}))] == [f"drop/{name}"]


BESIDE = [
    "README.md", "folder/readme.txt", "a\\NOTES.MD", "expected.json", "load.log", "a.csv.sha256",
]  # fmt: skip


@pytest.mark.parametrize("place", [0, 1, 2])
def test_texts_beside_the_data_in_an_archive_are_left_alone_and_mentioned(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, place: int
) -> None:
    members = [("a.csv", GOOD), ("b.csv", OTHER)]
    members[place:place] = [(name, b"about the data\n") for name in BESIDE]
    files = unpacked(tmp_path, zipped_in_order(members))
    assert [one.name for one in files] == ["drop/a.csv", "drop/b.csv"]
    assert not any(one.refused for one in files)
    assert [record.args[0] for record in caplog.records if isinstance(record.args, tuple)] == [
        f"drop/{name}" for name in BESIDE
    ]


@pytest.mark.parametrize("name", BESIDE)
def test_meter_data_in_an_archive_are_read_whatever_their_name(tmp_path: Path, name: str) -> None:
    files = unpacked(tmp_path, zipped({name: GOOD, "b.csv": OTHER}))
    assert [(one.name, one.refused) for one in files] == [
        (f"drop/{name}", False), ("drop/b.csv", False),
    ]  # fmt: skip


def test_an_archive_of_nothing_but_texts_is_refused(tmp_path: Path) -> None:
    files = unpacked(tmp_path, zipped({"README.md": b"about\n", "notes.json": b"{}\n"}))
    assert [(one.name, one.refused) for one in files] == [
        ("drop/README.md", True), ("drop/notes.json", True),
    ]  # fmt: skip


def folder_without_slash() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("folder")
    info.external_attr = 0x10
    return info


@pytest.mark.parametrize("folder", ["folder/", "folder\\", folder_without_slash()], ids=repr)
def test_a_folder_is_no_file(tmp_path: Path, folder: str | zipfile.ZipInfo) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(folder, b"")
        archive.writestr("a.csv", GOOD)
    assert [one.name for one in unpacked(tmp_path, out.getvalue())] == ["drop/a.csv"]


def test_a_member_was_delivered_when_it_says(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("a.csv", (2024, 3, 15, 10, 30, 2))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, GOOD)
        archive.writestr(zipfile.ZipInfo("b.csv", (1980, 0, 0, 0, 0, 0)), OTHER)
    known, unknown = unpacked(tmp_path, out.getvalue())
    assert known.delivered_at == datetime(2024, 3, 15, 10, 30, 2, tzinfo=NEM_TIME)
    assert unknown.delivered_at is None
    assert unpacked(tmp_path, gzip.compress(GOOD))[0].delivered_at is None


HARMS = {
    "encrypted": (6, 8, 0x1, "encrypted"),
    "strongly encrypted": (6, 8, 0x41, "encrypted"),
    "patch": (6, 8, 0x20, "damaged"),
    "deflate64": (8, 10, 9, "deflate64"),
    "AES": (8, 10, 99, "AES"),
    "unknown method": (8, 10, 77, "number 77"),
    "checksum": (14, 16, 0x4242, "checksum"),
    "signature": (0, 0, 0x4242, "damaged"),
    "other name": (30, 46, 0x4242, "damaged"),
    "nowhere": (0, 42, 0xFFF0, "damaged"),
    "too short": (18, 20, 20, "checksum"),
}
"""Of a member: where its own header and the archive's directory are changed, the two bytes there,
and a word of the reason."""


def harmed(data: bytes, place: int, local: int, central: int, value: int) -> bytes:
    """The archive with two bytes of a member's headers replaced."""
    changed = bytearray(data)
    at = [match.start() for match in re.finditer(b"PK\x01\x02", data)][place]
    header = int.from_bytes(data[at + 42 : at + 46], "little")
    if central not in (0, 42):
        struct.pack_into("<H", changed, at + central, value if central != 46 else 0x4343)
    if central == 42:
        struct.pack_into("<H", changed, at + 44, value)
    else:
        struct.pack_into("<H", changed, header + local, value)
    return bytes(changed)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("harm", HARMS)
def test_a_member_that_cannot_be_read_is_refused_by_itself(
    tmp_path: Path, harm: str, place: int, method: int
) -> None:
    local, central, value, word = HARMS[harm]
    contents = [GOOD, OTHER, file(channel("NEM1201009"), day())]
    names = ["aa", "bb", "cc"]
    data = zipped(dict(zip(names, contents, strict=True)), method)
    files = unpacked(tmp_path, harmed(data, place, local, central, value))
    assert len(files) == 3
    bad = files.pop(place)
    del contents[place]
    assert bad.name == f"drop/{'CC' if harm == 'other name' else names[place]}"
    assert word in why(bad)
    assert read(bad).days == []
    packed = Path(bad.path).read_bytes()
    assert packed in data or packed == bad.name.encode()
    assert bad.sha256 == hashlib.sha256(packed).hexdigest()
    assert [Path(one.path).read_bytes() for one in files] == contents
    assert not any(one.refused for one in files)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("really.csv", zipped({"a": GOOD})),
        ("really.csv", gzip.compress(GOOD)),
        ("really.zip", GOOD),
        ("really.gz", GOOD),
        ("really.gz", zipped({"a": GOOD})),
    ],
    ids=["zip-as-csv", "gzip-as-csv", "csv-as-zip", "csv-as-gzip", "zip-as-gzip"],
)
def test_the_content_decides_never_the_name(tmp_path: Path, name: str, data: bytes) -> None:
    (meter_file,) = unpacked(tmp_path, data, name)
    assert not meter_file.refused
    assert Path(meter_file.path).read_bytes() == GOOD


EVIL_NAMES = [
    "../../escaped.csv", "/nem12-escaped.csv", "..", "../", "a/../../b", "C:\\evil.csv",
    "..\\..\\evil.csv", "con\x01trol\x1b[31m.csv", "line\nend.csv", "x" * 5_000, "caf\u00e9.csv",
    "~/.bashrc", "$(id)", " ", "a\x00b",
]  # fmt: skip


@pytest.mark.parametrize("name", EVIL_NAMES, ids=lambda name: repr(name[:20]))
def test_nothing_is_written_outside_the_scratch_folder(tmp_path: Path, name: str) -> None:
    below = tmp_path / "deep" / "down"
    below.mkdir(parents=True)
    files = unpacked(below, zipped({name: GOOD, "good.csv": OTHER}))
    assert files[-1].name == "drop/good.csv"
    everything = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert everything == {below / "drop", *(Path(one.path) for one in files)}
    assert all(Path(one.path).parents[1] == below / "scratch" for one in files)
    assert not Path("/nem12-escaped.csv").exists()


def test_a_member_that_is_a_link_is_only_its_text(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("link.csv")
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    (meter_file,) = unpacked(tmp_path, out.getvalue())
    assert not Path(meter_file.path).is_symlink()
    assert Path(meter_file.path).read_bytes() == b"/etc/passwd"


@pytest.mark.parametrize("inner", [zipped({"a": GOOD}), gzip.compress(GOOD)], ids=["zip", "gzip"])
@pytest.mark.parametrize("outer", ["zip", "gzip"])
def test_an_archive_inside_an_archive_is_not_opened(
    tmp_path: Path, outer: str, inner: bytes
) -> None:
    data = zipped({"in.csv": inner, "good.csv": GOOD}) if outer == "zip" else gzip.compress(inner)
    nested, *rest = unpacked(tmp_path, data)
    assert "inside an archive" in why(nested)
    assert [one.refused for one in rest] == ([False] if outer == "zip" else [])


def patched(data: bytes, local: int, central: int, value: int) -> bytes:
    """The zip with two bytes of its only member's headers replaced."""
    changed = bytearray(data)
    struct.pack_into("<H", changed, local, value)
    struct.pack_into("<H", changed, data.index(b"PK\x01\x02") + central, value)
    return bytes(changed)


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    (meter_file,) = unpacked(tmp_path, patched(zipped({"a": GOOD}), 6, 8, 0x1))
    assert "encrypted" in why(meter_file)
    assert made_at(tmp_path) == []


def test_a_zip_of_patches_is_refused(tmp_path: Path) -> None:
    (meter_file,) = unpacked(tmp_path, patched(zipped({"a": GOOD}), 6, 8, 0x20))
    assert why(meter_file)


@pytest.mark.parametrize("packing", ["zip", "gzip"])
def test_a_header_is_found_without_reading_on(tmp_path: Path, packing: str) -> None:
    """What is damaged behind it, or would fill the memory, is not looked at."""
    much = GOOD + b"\r\n" * MIB
    data = gzip.compress(much)[:-4] if packing == "gzip" else bytearray(zipped({"a": much}))
    if isinstance(data, bytearray):
        struct.pack_into("<L", data, data.index(b"PK\x01\x02") + 16, 0)  # its checksum
    (tmp_path / "drop").write_bytes(data)
    assert len(made_at(tmp_path)) == 1


@pytest.mark.parametrize("method", [9, 12, 14, 93, 99])
def test_an_unusual_method_is_refused(tmp_path: Path, method: int) -> None:
    (meter_file,) = unpacked(tmp_path, patched(zipped({"a": GOOD}), 8, 10, method))
    assert "unusual method" in why(meter_file)


@pytest.mark.parametrize(
    "data",
    [
        zipped({}),
        zipped({"only/": b"", "folders/": b""}),
        zipped({"__MACOSX/._a.csv": GOOD, ".DS_Store": b"\0\0\0\1Bud1"}),
    ],
    ids=["nothing", "folders", "litter"],
)
def test_an_empty_zip_is_refused(tmp_path: Path, data: bytes) -> None:
    (meter_file,) = unpacked(tmp_path, data)
    assert "empty" in why(meter_file)


def test_a_gzip_of_nothing_is_an_empty_file(tmp_path: Path) -> None:
    (meter_file,) = unpacked(tmp_path, gzip.compress(b""))
    assert [finding.code for finding in meter_file.findings] == ["empty"]


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(GOOD)[:-4],
        gzip.compress(GOOD)[:30],
        gzip.compress(GOOD)[:-8] + b"\0" * 8,
        gzip.compress(GOOD) + b"garbage",
        b"\x1f\x8b",
        b"\x1f\x8b\x08\xff" + b"\xff" * 50,
        zipped({"a": GOOD})[:-10],
        zipped({"a": GOOD})[:60],
        b"PK\x03\x04",
        b"PK\x05\x06" + b"\xff" * 18,
    ],
    # Named, since compressed bytes hold the time they were made at.
    ids=[
        *("gzip cut off", "gzip cut short", "gzip checksum", "gzip and more", "gzip magic"),
        *("gzip noise", "zip cut off", "zip cut short", "zip magic", "zip directory"),
    ],
)
def test_a_damaged_archive_is_refused_with_a_reason(tmp_path: Path, data: bytes) -> None:
    files = unpacked(tmp_path, data)
    assert len(files) == 1
    assert why(files[0])
    assert files[0].sha256 == sha256(tmp_path / "drop")
    assert len(made_at(tmp_path)) <= 1
    assert read(files[0]).days == []


def test_good_members_before_a_damaged_one_are_still_given(tmp_path: Path) -> None:
    data = bytearray(zipped({"a": GOOD, "b": OTHER}, zipfile.ZIP_STORED))
    data[data.index(b"2001985732")] ^= 1
    first, second = unpacked(tmp_path, bytes(data))
    assert not first.refused
    assert "checksum" in why(second)


ARCHIVES = [
    zipped({"a.csv": GOOD, "b.csv": OTHER}),
    zipped({"caf\u00e9": GOOD}),
    gzip.compress(GOOD),
]


def damaged(data: bytes, seed: int) -> bytes:
    chance = random.Random(seed)  # noqa: S311
    changed = bytearray(data)
    # The directory of a zip, which decides most, lies at its end.
    first = 2 if chance.random() < 0.5 else max(2, len(data) - 250)
    for _ in range(chance.randint(1, 4)):
        changed[chance.randrange(first, len(data))] = chance.choice(
            (0, 1, 0xFF, chance.randrange(256))
        )
    return bytes(changed[: len(data) if chance.random() < 0.8 else chance.randrange(4, len(data))])


@settings(max_examples=300)
@given(st.sampled_from(ARCHIVES), st.integers(0, 2**32))
@example(ARCHIVES[1].replace("caf\u00e9".encode(), b"caf\xc3\x28"), -1)
def test_damage_of_any_kind_is_a_refusal_and_never_a_crash(
    tmp_path: Path, archive: bytes, seed: int
) -> None:
    data = archive if seed < 0 else damaged(archive, seed)
    for meter_file in unpacked(tmp_path, data):
        read(meter_file)
    made_at(tmp_path)
    allowed = {tmp_path / "drop", tmp_path / "scratch"}
    assert {path for path in tmp_path.iterdir() if path.name != "home"} <= allowed


def with_offset_64(offset: int) -> bytes:
    """A zip whose directory says, in a 64-bit field, that its member lies at this offset."""
    data = zipped({"a": GOOD})
    at = data.index(b"PK\x01\x02")
    entry, end = bytearray(data[at : data.index(b"PK\x05\x06")]), bytearray(data[-22:])
    extra = struct.pack("<HHQ", 1, 8, offset)
    struct.pack_into("<H", entry, 30, len(extra))
    struct.pack_into("<L", entry, 42, 0xFFFFFFFF)
    struct.pack_into("<L", end, 12, len(entry) + len(extra))
    return data[:at] + bytes(entry) + extra + bytes(end)


def with_concatenated_offset(offset: int) -> bytes:
    """A zip whose directory seems to be moved, so that its member lies before the beginning."""
    data = bytearray(zipped({"a": GOOD}))
    struct.pack_into("<L", data, len(data) - 6, offset)
    return bytes(data)


def without_name() -> bytes:
    """A zip whose member has no name."""
    data = bytearray(zipped({"a": GOOD}))
    at = data.index(b"PK\x01\x02")
    struct.pack_into("<HH", data, at + 28, 0, 1 + 4)  # its one letter is now part of a field
    data[at + 47 : at + 47] = b"\0\0\0\0"
    struct.pack_into("<L", data, len(data) - 10, len(data) - 22 - at)
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        with_offset_64(2**64 - 1),
        with_offset_64(2**40),
        with_concatenated_offset(2**31),
        without_name(),
    ],
    ids=["offset-2^64", "offset-2^40", "negative-offset", "no-name"],
)
def test_a_directory_that_lies_is_refused(tmp_path: Path, data: bytes) -> None:
    (meter_file,) = unpacked(tmp_path, data)
    assert why(meter_file)
    assert made_at(tmp_path) == []


@pytest.mark.parametrize("kind", ["zip", "gzip", "members"])
def test_a_bomb_is_stopped_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(archives, "RATIO_FLOOR", 4 * MIB)
    zeros = b"0" * (40 * MIB)
    if kind == "gzip":
        data = gzip.compress(zeros)
    elif kind == "zip":
        data = zipped({"bomb": zeros})
    else:
        data = zipped({f"{n}": zeros[: 4 * MIB] for n in range(10)})
    *good, last = unpacked(tmp_path, data)
    assert "500-fold" in why(last)
    assert len(good) <= 6
    written = sum(path.stat().st_size for path in (tmp_path / "scratch").iterdir())
    assert written <= max(500 * len(data), 4 * MIB) + MIB < len(zeros)


def test_a_small_file_may_be_packed_as_tight_as_it_will(tmp_path: Path) -> None:
    data = gzip.compress(GOOD + b"\r\n" * MIB)
    assert len(data) * 500 < 2 * MIB
    (meter_file,) = unpacked(tmp_path, data)
    assert not meter_file.refused


def test_what_expands_beyond_the_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MAX_EXPANDED_BYTES", 2 * MIB)
    noise = random.Random(1).randbytes(3 * MIB)  # noqa: S311
    (meter_file,) = unpacked(tmp_path, gzip.compress(noise, 1))
    assert "more than 2 MiB" in why(meter_file)


def test_the_limit_is_for_all_members_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MAX_EXPANDED_BYTES", 2 * len(GOOD))
    *good, last = unpacked(tmp_path, zipped(dict.fromkeys("abcd", GOOD)))
    assert [one.refused for one in good] == [False, False]
    assert why(last)


def test_too_many_members_are_refused_before_any_is_expanded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nem12.unpack.MAX_MEMBERS", 3)
    (meter_file,) = unpacked(tmp_path, zipped(dict.fromkeys("abcd", GOOD)))
    assert "more than 3 members" in why(meter_file)
    assert not (tmp_path / "scratch").exists()
    assert len(unpacked(tmp_path, zipped(dict.fromkeys("abc", GOOD)))) == 3


def test_a_drop_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match=r"a\\x0ab is gone"):
        list(meter_files(tmp_path / "gone", "a\nb", "standard", tmp_path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_drop_that_may_not_be_read_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "drop").write_bytes(GOOD)
    (tmp_path / "drop").chmod(0)
    with pytest.raises(TerminalError, match="cannot be read: permission denied"):
        list(meter_files(tmp_path / "drop", "drop", "standard", tmp_path))
