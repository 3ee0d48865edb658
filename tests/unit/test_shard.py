"""Files are cut and packed without anything changing, and a shard is what it contains."""

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nem12.errors import TerminalError
from nem12.mdff.counts import Counts
from nem12.mdff.findings import Tally
from nem12.mdff.header import Header
from nem12.mdff.limits import MAX_LINE_BYTES
from nem12.mdff.structure import Cut
from nem12.parse import PartReader
from nem12.settings import MAX_SHARDS, MIB, SHARD_BYTES
from nem12.shard import Shard, load_shard, pack, parts, save_shard
from nem12.survey import MeterFile, part_bytes
from tests.support.making import channel, day, file, mutated_files, whole_files
from tests.support.reading import read, surveyed

CREATED = datetime(2024, 3, 15, 10, 30)  # noqa: DTZ001 - NEM time


def cut_every(folder: Path, data: bytes, size: int, profile: str = "standard") -> MeterFile:
    """The file in parts of about that size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nem12.settings.SHARD_BYTES", size)
        return surveyed(folder, data, profile)


def blocks(count: int) -> bytes:
    return file(*(line for n in range(count) for line in (channel(f"64071123{n:02}"), day())))


def summed(counts: Iterable[object]) -> Counts:
    total = Counts()
    for one in counts:
        assert isinstance(one, Counts)
        total.records += one.records
        total.refused_records += one.refused_records
        total.values += one.values
        total.refused_values += one.refused_values
        total.refused_sum += one.refused_sum
        total.days += one.days
        for first, last in [(one.first_day, one.last_day)]:
            if first is not None and last is not None:
                total.first_day = min(first, total.first_day or first)
                total.last_day = max(last, total.last_day or last)
    return total


def tallied(meter_file: MeterFile) -> Tally:
    total = Tally()
    for part in parts(meter_file):
        reader = PartReader(part)
        for _ in reader:
            pass
        total.merge(reader.parsed.tally)
    return total


sizes = st.integers(1, 4000)
profiles = st.sampled_from(["standard", "lenient"])


@settings(max_examples=150)
@given(mutated_files(), sizes)
def test_parts_tile_the_file(tmp_path: Path, data: bytes, size: int) -> None:
    cut = parts(cut_every(tmp_path, data, size))
    assert b"".join(data[part.start : part.end] for part in cut) == data
    assert [part.number for part in cut] == list(range(len(cut)))
    assert {part.of for part in cut} == {len(cut)}
    lines = data.splitlines()
    assert [n for part in cut for n in range(part.first_line, part.last_line + 1)] == list(
        range(1, len(lines) + 1)
    )
    for part in cut[1:]:
        assert data[part.start - 1 : part.start] == b"\n"
        assert data[part.start :].startswith(b"200,")


@settings(max_examples=250)
@given(mutated_files(), sizes, profiles)
@example(whole_files()[1], 1, "standard")
def test_parts_give_what_the_whole_gives(
    tmp_path: Path, data: bytes, size: int, profile: str
) -> None:
    whole = surveyed(tmp_path, data, profile)
    cut = cut_every(tmp_path, data, size, profile)
    from_whole, from_parts = read(whole), read(cut)
    assert from_parts.days == from_whole.days
    assert Counter(from_parts.findings) == Counter(from_whole.findings)
    assert summed(from_parts.counts) == summed(from_whole.counts)
    assert tallied(cut) == tallied(whole)


def test_a_file_of_blocks_is_cut_at_each_where_that_is_asked_for(tmp_path: Path) -> None:
    """Else the properties above would only ever see whole files."""
    assert len(parts(cut_every(tmp_path, blocks(7), 1))) == 7
    half = len(blocks(7)) // 2
    assert 2 <= len(parts(cut_every(tmp_path, blocks(7), half))) <= 3


def test_findings_of_later_parts_name_physical_lines(tmp_path: Path) -> None:
    data = file(channel(), day(), "", channel("2001985732"), day(), day(quality="X"))
    cut = cut_every(tmp_path, data, 1)
    assert len(parts(cut)) == 2
    assert [(f.line, f.code) for f in read(cut).findings] == [(7, "quality"), (4, "blank-line")]


@pytest.mark.parametrize("cut", [1, 10**6], ids=["in-parts", "whole"])
def test_lines_are_counted_right_after_an_overlong_one(tmp_path: Path, cut: int) -> None:
    for overlong in (b"x" * (MAX_LINE_BYTES + MIB - 1), b"x" * (3 * MIB)):
        for pad in range(3):
            begin = file(channel(), day())[: -len("900\r\n")] + b"y" * pad + overlong + b"\r\n"
            data = begin + f"{channel('2001985732')}\r\n{day()}\r\n999\r\n900\r\n".encode()
            found = read(cut_every(tmp_path, data, cut)).findings
            assert [(f.line, f.code) for f in found] == [
                (4, "unknown-record"),
                (7, "unknown-record"),
            ]


def test_the_body_begins_after_an_overlong_header(tmp_path: Path) -> None:
    data = file(channel(), day()).replace(b"LUMENRET", b"LUMENRET" + b"," * (3 * MIB))
    given_back = read(surveyed(tmp_path, data))
    assert [(f.line, f.code) for f in given_back.findings] == [(1, "trailing-commas")]
    assert [one.line for one in given_back.days] == [3]


@pytest.mark.parametrize("count", [1, 9])
def test_a_file_with_cr_alone_is_one_part(tmp_path: Path, count: int) -> None:
    data = blocks(count).replace(b"\r\n", b"\r")
    cut = cut_every(tmp_path, data, 1)
    assert len(parts(cut)) == 1
    assert len(read(cut).days) == count


@pytest.mark.parametrize("change", [b"", b"900\r\n"], ids=["truncated", "grown"])
def test_a_file_that_changed_since_it_was_planned_is_refused(tmp_path: Path, change: bytes) -> None:
    meter_file = surveyed(tmp_path, file(channel(), day()))
    data = Path(meter_file.path).read_bytes()
    Path(meter_file.path).write_bytes(data + change if change else data[:-1])
    with pytest.raises(TerminalError, match="changed"):
        read(meter_file)


def test_a_file_that_is_gone_since_it_was_planned_is_said_to_be(tmp_path: Path) -> None:
    meter_file = surveyed(tmp_path, file(channel(), day()))
    Path(meter_file.path).unlink()
    with pytest.raises(TerminalError, match=r"file\.csv is gone"):
        read(meter_file)


def test_a_part_size_never_makes_more_parts_than_a_run_can_map() -> None:
    for size in (0, 1, SHARD_BYTES, SHARD_BYTES + 1, 7 * SHARD_BYTES, 10_000 * SHARD_BYTES):
        assert part_bytes(size) >= 1
        assert -(-size // part_bytes(size)) <= MAX_SHARDS


def test_parts_of_a_big_file_are_equal() -> None:
    assert part_bytes(SHARD_BYTES + 2) == SHARD_BYTES // 2 + 1


def described(name: str, size: int, cuts: tuple[Cut, ...] = (), sha256: str = "") -> MeterFile:
    """A file as a survey would describe it; its bytes do not matter."""
    return MeterFile(
        path=f"/there/{name}",
        name=name,
        sha256=sha256 or hashlib.sha256(name.encode()).hexdigest(),
        size=size,
        lines=10,
        profile="standard",
        headers=((0, Header(CREATED)),),
        findings=(),
        warnings={},
        body=Cut(40, 2),
        end=Cut(max(40, size - 5), 10),
        records=2,
        refused_records=0,
        cuts=cuts,
    )


@given(
    st.lists(st.integers(0, 3 * SHARD_BYTES), min_size=1, max_size=40),
    st.integers(1, 60),
)
def test_packing_keeps_the_order_and_never_makes_too_many_shards(
    some: list[int], times: int
) -> None:
    files = [described(f"f{n}", size) for n, size in enumerate(some * times)]
    shards = pack(files)
    assert [part.file for one in shards for part in one.parts] == files
    assert len(shards) <= MAX_SHARDS
    assert all(one.parts for one in shards)


def test_files_of_just_more_than_half_a_shard_do_not_make_too_many_shards() -> None:
    files = [described(f"f{n}", 19 * MIB) for n in range(900)]
    assert len(pack(files)) <= MAX_SHARDS


def test_small_files_share_a_shard_and_big_ones_do_not() -> None:
    small = [described(f"s{n}", MIB) for n in range(20)]
    big = [described(f"b{n}", SHARD_BYTES) for n in range(3)]
    assert [len(one.parts) for one in pack([*small, *big])] == [20, 1, 1, 1]


def test_a_batch_is_its_content_whatever_it_is_called_and_wherever_it_lies(
    tmp_path: Path,
) -> None:
    here = surveyed(tmp_path, blocks(2))
    there = dataclasses.replace(here, path="/elsewhere/file", name="another name")
    (one,), (other,) = pack([here]), pack([there])
    assert one.batch_id == other.batch_id


def test_a_batch_is_told_apart_by_content_range_profile_reader_and_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = surveyed(tmp_path, blocks(3))
    cut = cut_every(tmp_path, blocks(3), 1)
    other = surveyed(tmp_path, blocks(2))
    lenient = dataclasses.replace(plain, profile="lenient")
    again = dataclasses.replace(plain, replaces=True)
    shards = [
        *(Shard((part,)) for one in (plain, cut, other, lenient, again) for part in parts(one)),
        Shard((*parts(plain), *parts(other))),
        Shard((*parts(other), *parts(plain))),
    ]
    assert len({one.batch_id for one in shards}) == len(shards)
    before = shards[0].batch_id
    monkeypatch.setattr("nem12.shard.READER_VERSION", "next")
    assert shards[0].batch_id != before


def test_the_file_id_keeps_the_order_of_the_hashes_and_fits_a_bigint() -> None:
    hashes = ["0" * 64, "7" + "f" * 63, "8" + "0" * 63, "f" * 64]
    ids = [described("f", 1, sha256=sha256).file_id for sha256 in hashes]
    assert ids == sorted(set(ids))
    assert 0 <= ids[0] <= ids[-1] < 2**63


@settings(max_examples=50)
@given(mutated_files(), st.integers(200, 4000))
def test_a_saved_shard_is_loaded_as_it_was(tmp_path: Path, data: bytes, size: int) -> None:
    one = Shard(tuple(parts(cut_every(tmp_path, data, size))))
    save_shard(one, tmp_path / "shard.json")
    assert load_shard(tmp_path / "shard.json") == one


def test_a_shard_of_oddly_named_and_refused_files_is_loaded_as_it_was(tmp_path: Path) -> None:
    odd = dataclasses.replace(surveyed(tmp_path, blocks(2)), name="zähler \udcff\n.csv")
    refused = surveyed(tmp_path, b"\xef\xbb\xbfnothing")
    withheld = dataclasses.replace(surveyed(tmp_path, blocks(1), "strict"), withheld=True)
    one = Shard((*parts(odd), *parts(refused), *parts(withheld)))
    save_shard(one, tmp_path / "shard.json")
    assert load_shard(tmp_path / "shard.json") == one
    assert json.loads((tmp_path / "shard.json").read_text("ascii"))


@pytest.mark.parametrize(
    ("data", "lines"), [(b"", 0), (b"\n", 1), (b"100", 1), (b"100\r", 1), (b"\r\n\r\n9", 3)]
)
def test_a_survey_counts_physical_lines_and_bytes(tmp_path: Path, data: bytes, lines: int) -> None:
    meter_file = surveyed(tmp_path, data)
    assert (meter_file.lines, meter_file.size) == (lines, len(data))


def test_what_a_withheld_file_holds_is_counted_as_refused(tmp_path: Path) -> None:
    data = file(channel(), day(), day("20240311", quality="X"))
    withheld = dataclasses.replace(surveyed(tmp_path, data, "strict"), withheld=True)
    given_back = read(withheld)
    assert given_back.days == []
    assert given_back.counts == [Counts(5, 5, 96, 96, Decimal(144))]


def test_a_plan_that_is_not_there_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match="do not share the staging folder: set METER_STAGING"):
        load_shard(tmp_path / "claim" / "shard-0000.json")
