"""Byte order marks and Ctrl-Zs, which joining and old editors leave in a file, hide no record."""

from pathlib import Path

import pytest

from nem12.mdff.findings import Finding
from nem12.shard import parts
from nem12.validate import Judged, validate_file
from tests.support.making import channel, day, file, head
from tests.support.reading import in_force, read, surveyed
from tests.unit.test_shard import cut_every

BOM = b"\xef\xbb\xbf"
RECORDS = [
    head(),
    channel(),
    day("20240310", quality="V"),
    "400,1,24,F14,76,",
    "400,25,48,A,,",
    "500,S,,20240311000001,1",
    channel(suffix="Q1"),
    day("20240310"),
    day("20240311"),
    "900",
]


def judged(folder: Path, data: bytes, profile: str = "standard") -> tuple[Judged, list[Finding]]:
    findings: list[Finding] = []
    return validate_file(surveyed(folder, data, profile), findings.append), findings


def said(findings: list[Finding]) -> list[tuple[str, str, int]]:
    ordered = sorted(findings, key=lambda f: f.rank)
    return [(f.level.name, f.code, f.line) for f in ordered if f.code != "eol"]


@pytest.mark.parametrize("profile", ["standard", "strict", "lenient"])
@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
@pytest.mark.parametrize("mark", [BOM, BOM * 2])
@pytest.mark.parametrize("at", range(len(RECORDS)))
def test_a_byte_order_mark_before_any_record_hides_nothing(
    tmp_path: Path, at: int, mark: bytes, end: bytes, profile: str
) -> None:
    plain = [record.encode() for record in RECORDS]
    marked = [*plain]
    marked[at] = mark + plain[at]
    without = surveyed(tmp_path, end.join([*plain, b""]), profile)
    result, findings = judged(tmp_path, end.join([*marked, b""]), profile)
    assert said(findings) == [("WARN", "bom", at + 1)]
    assert result.outcome == "loaded"
    assert read(result.file).days == read(without).days
    assert (result.records, result.refused_records) == (len(RECORDS), 0)


def test_a_byte_order_mark_before_every_record_hides_nothing(tmp_path: Path) -> None:
    marked = b"".join(BOM + record.encode() + b"\r\n" for record in RECORDS)
    result, findings = judged(tmp_path, marked)
    assert said(findings) == [("WARN", "bom", line + 1) for line in range(len(RECORDS))]
    assert (result.outcome, result.days) == ("loaded", 3)


@pytest.mark.parametrize("profile", ["standard", "lenient"])
@pytest.mark.parametrize("at", range(len(RECORDS) + 1))
def test_a_byte_order_mark_on_a_line_of_its_own_is_a_blank_line(
    tmp_path: Path, at: int, profile: str
) -> None:
    lines = [f"{record}\r\n".encode() for record in RECORDS]
    lines.insert(at, BOM + b"\r\n")
    result, findings = judged(tmp_path, b"".join(lines), profile)
    assert said(findings) == [("WARN", "bom", at + 1), ("WARN", "blank-line", at + 1)]
    assert (result.outcome, result.days, result.records) == ("loaded", 3, len(RECORDS))


@pytest.mark.parametrize("mark", [BOM, BOM * 2, b"\x1a", b"\x1a" + BOM])
def test_a_second_header_behind_a_mark_refuses_the_file(tmp_path: Path, mark: bytes) -> None:
    one = file(channel(), day())
    for first in (one, one.removesuffix(b"900\r\n")):
        result, findings = judged(tmp_path, first + mark + one)
        code, line = ("after-end", 5) if first is one else ("second-header", 4)
        assert said(findings)[0] == ("FILE", code, line)
        assert result.outcome == "refused"


@pytest.mark.parametrize("ended", [True, False], ids=["ended", "unended"])
@pytest.mark.parametrize("mark", [b"", BOM, b"\x1a", b"\x1a" + BOM, b"\x1a\r\n", BOM + b"\r\n"])
def test_the_second_of_two_joined_files_is_dated_by_its_own_header(
    tmp_path: Path, mark: bytes, ended: bool
) -> None:
    first = file(channel(), day(updated="", values=["1"] * 48))
    later = file(channel(), day(updated="", values=["2"] * 48))
    later = later.replace(b"202403151030", b"202404151030")
    data = (first if ended else first.removesuffix(b"900\r\n")) + mark + later
    for cut in (surveyed(tmp_path, data, "lenient"), cut_every(tmp_path, data, 1, "lenient")):
        days = read(cut).days
        assert [f"{one.header.date_time:%m}" for one in days] == ["03", "04"]
        (wins,) = in_force(days)
        assert wins.values.startswith("2")
    result, findings = judged(tmp_path, data, "lenient")
    assert result.outcome == "loaded"
    line = (5 if ended else 4) + mark.endswith(b"\n")
    assert ("WARN", "second-header", line) in said(findings)


def test_joined_files_with_marks_cut_anywhere_give_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = file(channel(), day("20240310"), channel("NEM1201009"), day("20240311"))
    other = one.replace(b"202403151030", b"202403161030").replace(b"1.5", b"2.5")
    data = BOM + one + BOM + other + b"\x1a\r\n\x1a" + one + b"\x1a"
    whole = surveyed(tmp_path, data, "lenient")
    assert len(parts(whole)) == 1
    monkeypatch.setattr("nem12.survey.part_bytes", lambda _: 1)
    cut = surveyed(tmp_path, data, "lenient")
    assert len(parts(cut)) == 6
    assert read(cut).days == read(whole).days
    assert read(cut).findings == read(whole).findings


TAILS = {
    b"\x1a": "after-end",
    b"\x1a" * 100: "after-end",
    b"\x1a\r\n": "after-end",
    b"\x1a\n": "after-end",
    b" \x1a": "after-end",
    b" ": "after-end",
    b"\t  ": "after-end",
    b"\x0c": "after-end",
    b"\x0b \x0c": "after-end",
    b" \r\n": "blank-line",
    b"\r\n": "blank-line",
    b"\x0c\r\n": "blank-line",
    b",,,": "blank-line",
}


@pytest.mark.parametrize("profile", ["standard", "strict", "lenient"])
@pytest.mark.parametrize("tail", TAILS, ids=repr)
def test_what_old_editors_leave_behind_the_end_is_warned_of(
    tmp_path: Path, tail: bytes, profile: str
) -> None:
    result, findings = judged(tmp_path, file(channel(), day()) + tail, profile)
    assert said(findings) == [("WARN", TAILS[tail], 5)]
    assert (result.outcome, result.days, result.records) == ("loaded", 1, 4)


@pytest.mark.parametrize("tail", [b"\x1a", b"\x1a\x1a\x1a"])
def test_a_ctrl_z_right_behind_the_last_record_is_not_part_of_it(
    tmp_path: Path, tail: bytes
) -> None:
    data = file(channel(), day()).removesuffix(b"\r\n") + tail
    result, findings = judged(tmp_path, data)
    assert said(findings) == [("WARN", "no-final-newline", 4), ("WARN", "after-end", 4)]
    assert (result.outcome, result.days) == ("loaded", 1)


@pytest.mark.parametrize("tail", [b"\x1a", b"\r\n\x1a", b"\r\n", b"\r\n  "])
@pytest.mark.parametrize("last", [day("20240311"), "400,1,48,F14,76,", "500,S,,20240312000001,"])
def test_without_a_900_a_ctrl_z_is_no_record_either(tmp_path: Path, tail: bytes, last: str) -> None:
    data = file(channel(), day(quality="V"), "400,1,48,F14,76,", day("20240311", quality="V"), last)
    if last.startswith("300"):
        data = file(channel(), day(), last)
    data = data.removesuffix(b"\r\n900\r\n") + tail
    result, findings = judged(tmp_path, data, "lenient")
    last_line = data.rstrip(b"\r\n \x1a").count(b"\r\n") + 1
    assert ("WARN", "no-end", last_line) in said(findings)
    codes = {code for level, code, _ in said(findings)}
    assert ("after-end" in codes) == (tail != b"\r\n")
    assert "unknown-record" not in codes
    standard, _ = judged(tmp_path, data)
    assert standard.outcome == "refused"
    if not last.startswith("500"):
        assert (result.outcome, result.days) == ("loaded", 2)


@pytest.mark.parametrize("data", [b"\x1a", BOM, BOM + b"\r\n", b" \x0c\x1a", b"\x1a\x1a\r\n"])
def test_a_file_of_marks_alone_is_empty(tmp_path: Path, data: bytes) -> None:
    result, findings = judged(tmp_path, data)
    assert said(findings)[0] == ("FILE", "empty", 1)
    assert (result.outcome, result.records) == ("refused", 0)


def test_a_mark_within_a_record_is_no_mark(tmp_path: Path) -> None:
    for inside in ("\ufeff1.5", "1.5\x1a"):
        _, findings = judged(tmp_path, file(channel(), day(values=[inside] + ["1.5"] * 47)))
        assert said(findings) == [("RECORD", "value", 3)]


def test_free_text_in_another_code_page_is_read_behind_a_mark(tmp_path: Path) -> None:
    text = day(quality="A,0,Zähler").encode("cp1252")
    data = file(channel(), "x").replace(b"x\r\n", BOM + text + b"\r\n")
    _, findings = judged(tmp_path, data)
    assert said(findings) == [("WARN", "bom", 3), ("WARN", "encoding", 3)]
